use std::collections::BTreeSet;

use cqrs_es::{Aggregate, test::AggregateTestExecutor};
use domain::{
    AttributeKey, AttributeValue, Attributes, Currency, Description, MAX_ATTRIBUTES, Money, Price,
    product::{
        CreateProduct, CreatedProduct, Product, ProductCommand, ProductError, ProductEvent, ProductStatus,
        UpdateProduct, UpdatedProduct,
    },
};

use crate::fixtures::{category, fold, given, name, price, product_id, sku, stored};

fn key(text: &str) -> AttributeKey {
    AttributeKey::new(text).unwrap()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::text(text).unwrap()
}

fn many(count: usize) -> Attributes {
    (0..count)
        .map(|number| (key(&format!("key_{number}")), AttributeValue::integer(1)))
        .collect()
}

fn create() -> CreateProduct {
    CreateProduct {
        product_id: product_id(1),
        sku: sku("MUG-1"),
        name: name("Mug"),
        description: Description::new("Holds tea.").unwrap(),
        price: Some(price(1_250)),
        category: category("kitchen/mugs"),
        attributes: Attributes::from([(key("colour"), text("red"))]),
        status: ProductStatus::Draft,
    }
}

fn created_with(create: CreateProduct) -> ProductEvent {
    ProductEvent::ProductCreated(CreatedProduct {
        product_id: create.product_id,
        sku: create.sku,
        name: create.name,
        description: create.description,
        price: create.price,
        category: create.category,
        attributes: create.attributes,
        status: create.status,
    })
}

fn created() -> ProductEvent {
    created_with(create())
}

fn created_as(status: ProductStatus) -> ProductEvent {
    created_with(CreateProduct { status, ..create() })
}

fn given_product(later: Vec<ProductEvent>) -> AggregateTestExecutor<Product> {
    given::<Product>(vec![created()]).and(later)
}

#[test]
fn create_records_all() {
    given::<Product>(vec![])
        .when(ProductCommand::Create(create()))
        .then_expect_events(vec![created()]);
}

#[test]
fn create_twice_is_refused() {
    given_product(vec![])
        .when(ProductCommand::Create(create()))
        .then_expect_error(ProductError::AlreadyExists);
}

#[test]
fn create_over_a_deleted_one_is_refused() {
    given_product(vec![ProductEvent::ProductDeleted {}])
        .when(ProductCommand::Create(create()))
        .then_expect_error(ProductError::AlreadyExists);
}

#[test]
fn create_takes_many_attributes_but_not_any_number() {
    let full = CreateProduct {
        attributes: many(MAX_ATTRIBUTES),
        ..create()
    };
    given::<Product>(vec![])
        .when(ProductCommand::Create(full.clone()))
        .then_expect_events(vec![created_with(full)]);
    given::<Product>(vec![])
        .when(ProductCommand::Create(CreateProduct {
            attributes: many(MAX_ATTRIBUTES + 1),
            ..create()
        }))
        .then_expect_error(ProductError::TooManyAttributes {
            count: MAX_ATTRIBUTES + 1,
            limit: MAX_ATTRIBUTES,
        });
}

#[test]
fn numbers_that_json_cannot_say_are_refused() {
    let attributes = Attributes::from([(key("height"), AttributeValue::Number(f64::NAN))]);
    let refusal = ProductError::InvalidAttribute {
        key: key("height"),
        error: AttributeValue::number(f64::NAN).unwrap_err(),
    };
    given::<Product>(vec![])
        .when(ProductCommand::Create(CreateProduct {
            attributes: attributes.clone(),
            ..create()
        }))
        .then_expect_error(refusal.clone());
    given_product(vec![])
        .when(ProductCommand::Update(UpdateProduct {
            set_attributes: attributes,
            ..UpdateProduct::default()
        }))
        .then_expect_error(refusal);
}

#[test]
fn update_records_only_what_changed() {
    given_product(vec![])
        .when(ProductCommand::Update(UpdateProduct {
            sku: Some(sku("MUG-2")),
            name: Some(name("Mug")),
            description: None,
            category: Some(category("kitchen")),
            set_attributes: Attributes::from([(key("colour"), text("red")), (key("size"), AttributeValue::integer(3))]),
            remove_attributes: BTreeSet::from([key("absent")]),
            clear_attributes: false,
        }))
        .then_expect_events(vec![ProductEvent::ProductUpdated(UpdatedProduct {
            sku: Some(sku("MUG-2")),
            previous_sku: Some(sku("MUG-1")),
            category: Some(category("kitchen")),
            set_attributes: Attributes::from([(key("size"), AttributeValue::integer(3))]),
            ..UpdatedProduct::default()
        })]);
}

#[test]
fn update_without_a_difference_changes_nothing() {
    let same = create();
    given_product(vec![])
        .when(ProductCommand::Update(UpdateProduct {
            sku: Some(same.sku),
            name: Some(same.name),
            description: Some(same.description),
            category: Some(same.category),
            set_attributes: same.attributes,
            remove_attributes: BTreeSet::from([key("absent")]),
            clear_attributes: false,
        }))
        .then_expect_events(vec![]);
    given_product(vec![])
        .when(ProductCommand::Update(UpdateProduct::default()))
        .then_expect_events(vec![]);
}

#[test]
fn update_removes_attributes_and_setting_wins() {
    let both = UpdateProduct {
        set_attributes: Attributes::from([(key("colour"), text("blue"))]),
        remove_attributes: BTreeSet::from([key("colour")]),
        ..UpdateProduct::default()
    };
    given_product(vec![])
        .when(ProductCommand::Update(both))
        .then_expect_events(vec![ProductEvent::ProductUpdated(UpdatedProduct {
            set_attributes: Attributes::from([(key("colour"), text("blue"))]),
            ..UpdatedProduct::default()
        })]);
    given_product(vec![])
        .when(ProductCommand::Update(UpdateProduct {
            remove_attributes: BTreeSet::from([key("colour")]),
            ..UpdateProduct::default()
        }))
        .then_expect_events(vec![ProductEvent::ProductUpdated(UpdatedProduct {
            removed_attributes: vec![key("colour")],
            ..UpdatedProduct::default()
        })]);
}

#[test]
fn all_attributes_go_but_those_to_set() {
    let coloured = created_with(CreateProduct {
        attributes: Attributes::from([(key("colour"), text("red")), (key("size"), text("L"))]),
        ..create()
    });
    given::<Product>(vec![coloured])
        .when(ProductCommand::Update(UpdateProduct {
            set_attributes: Attributes::from([(key("size"), text("L"))]),
            clear_attributes: true,
            ..UpdateProduct::default()
        }))
        .then_expect_events(vec![ProductEvent::ProductUpdated(UpdatedProduct {
            removed_attributes: vec![key("colour")],
            ..UpdatedProduct::default()
        })]);
}

#[test]
fn half_a_price_takes_the_other_half_from_the_product() {
    let half = |amount, currency: Option<&str>| ProductCommand::AmendPrice {
        amount,
        currency: currency.map(|text| Currency::new(text).unwrap()),
    };
    let present = create().price.unwrap();
    let to = |amount, currency| Price::new(Money::new(amount, currency)).unwrap();
    let changed = |to| ProductEvent::ProductPriceChanged {
        from: Some(present),
        to,
    };
    given_product(vec![])
        .when(half(Some(990), None))
        .then_expect_events(vec![changed(to(990, present.currency()))]);
    let yen = Currency::new("JPY").unwrap();
    given_product(vec![])
        .when(half(None, Some("JPY")))
        .then_expect_events(vec![changed(to(present.amount(), yen))]);
    given_product(vec![])
        .when(half(Some(present.amount()), None))
        .then_expect_events(vec![]);
    given_product(vec![])
        .when(half(Some(-1), None))
        .then_expect_error(ProductError::InvalidPrice(
            Price::new(Money::new(-1, present.currency())).unwrap_err(),
        ));
    let unpriced = || {
        vec![created_with(CreateProduct {
            price: None,
            status: ProductStatus::Draft,
            ..create()
        })]
    };
    given::<Product>(unpriced())
        .when(half(Some(1), None))
        .then_expect_error(ProductError::HalfAPrice { missing: "currency" });
    given::<Product>(unpriced())
        .when(half(None, Some("JPY")))
        .then_expect_error(ProductError::HalfAPrice { missing: "amount" });
    given::<Product>(unpriced())
        .when(half(Some(1), Some("JPY")))
        .then_expect_events(vec![ProductEvent::ProductPriceChanged {
            from: None,
            to: to(1, yen),
        }]);
}

#[test]
fn update_counts_attributes_after_the_change() {
    let full = || {
        created_with(CreateProduct {
            attributes: many(MAX_ATTRIBUTES),
            ..create()
        })
    };
    let one_more = Attributes::from([(key("one_more"), AttributeValue::boolean(true))]);
    given::<Product>(vec![full()])
        .when(ProductCommand::Update(UpdateProduct {
            set_attributes: one_more.clone(),
            ..UpdateProduct::default()
        }))
        .then_expect_error(ProductError::TooManyAttributes {
            count: MAX_ATTRIBUTES + 1,
            limit: MAX_ATTRIBUTES,
        });
    given::<Product>(vec![full()])
        .when(ProductCommand::Update(UpdateProduct {
            set_attributes: one_more.clone(),
            remove_attributes: BTreeSet::from([key("key_7")]),
            ..UpdateProduct::default()
        }))
        .then_expect_events(vec![ProductEvent::ProductUpdated(UpdatedProduct {
            set_attributes: one_more,
            removed_attributes: vec![key("key_7")],
            ..UpdatedProduct::default()
        })]);
}

#[test]
fn price_changes() {
    given_product(vec![])
        .when(ProductCommand::ChangePrice { price: price(999) })
        .then_expect_events(vec![ProductEvent::ProductPriceChanged {
            from: Some(price(1_250)),
            to: price(999),
        }]);
}

#[test]
fn same_price_changes_nothing() {
    given_product(vec![])
        .when(ProductCommand::ChangePrice { price: price(1_250) })
        .then_expect_events(vec![]);
}

#[test]
fn same_amount_in_another_currency_is_another_price() {
    let euros = Price::new(Money::new(1_250, Currency::EUR)).unwrap();
    given_product(vec![])
        .when(ProductCommand::ChangePrice { price: euros })
        .then_expect_events(vec![ProductEvent::ProductPriceChanged {
            from: Some(price(1_250)),
            to: euros,
        }]);
}

#[test]
fn a_list_of_prices_does_not_change_the_currency() {
    given_product(vec![])
        .when(ProductCommand::Reprice { price: price(999) })
        .then_expect_events(vec![ProductEvent::ProductPriceChanged {
            from: Some(price(1_250)),
            to: price(999),
        }]);
    let euros = Price::new(Money::new(999, Currency::EUR)).unwrap();
    given_product(vec![])
        .when(ProductCommand::Reprice { price: euros })
        .then_expect_error(ProductError::OtherCurrency { present: Currency::GBP });
}

#[test]
fn a_product_without_a_price_is_not_sold() {
    let unpriced = |status| CreateProduct {
        price: None,
        status,
        ..create()
    };
    given::<Product>(vec![])
        .when(ProductCommand::Create(unpriced(ProductStatus::Active)))
        .then_expect_error(ProductError::PriceMissing);
    let draft = created_with(unpriced(ProductStatus::Draft));
    given::<Product>(vec![])
        .when(ProductCommand::Create(unpriced(ProductStatus::Draft)))
        .then_expect_events(vec![draft.clone()]);
    given::<Product>(vec![draft.clone()])
        .when(ProductCommand::Publish)
        .then_expect_error(ProductError::PriceMissing);
    let priced = ProductEvent::ProductPriceChanged {
        from: None,
        to: price(999),
    };
    given::<Product>(vec![draft.clone()])
        .when(ProductCommand::Reprice { price: price(999) })
        .then_expect_events(vec![priced.clone()]);
    given::<Product>(vec![draft, priced])
        .when(ProductCommand::Publish)
        .then_expect_events(vec![ProductEvent::ProductPublished {}]);
}

#[test]
fn publish_and_archive_from_every_status() {
    use ProductStatus::{Active, Archived, Draft};
    let published = || vec![ProductEvent::ProductPublished {}];
    let archived = || vec![ProductEvent::ProductArchived {}];
    for (status, on_publish, on_archive) in [
        (Draft, published(), archived()),
        (Active, vec![], archived()),
        (Archived, published(), vec![]),
    ] {
        given::<Product>(vec![created_as(status)])
            .when(ProductCommand::Publish)
            .then_expect_events(on_publish);
        given::<Product>(vec![created_as(status)])
            .when(ProductCommand::Archive)
            .then_expect_events(on_archive);
    }
}

#[test]
fn delete_and_restore() {
    let deleted = || vec![ProductEvent::ProductDeleted {}];
    let restored = || vec![ProductEvent::ProductRestored {}];
    given_product(vec![])
        .when(ProductCommand::Delete)
        .then_expect_events(deleted());
    given_product(deleted())
        .when(ProductCommand::Delete)
        .then_expect_events(vec![]);
    given_product(deleted())
        .when(ProductCommand::Restore)
        .then_expect_events(restored());
    given_product(vec![])
        .when(ProductCommand::Restore)
        .then_expect_events(vec![]);
}

fn changes() -> Vec<ProductCommand> {
    vec![
        ProductCommand::Update(UpdateProduct::default()),
        ProductCommand::ChangePrice { price: price(1) },
        ProductCommand::Publish,
        ProductCommand::Archive,
    ]
}

#[test]
fn nothing_can_be_done_to_a_product_that_is_not_there() {
    for command in changes()
        .into_iter()
        .chain([ProductCommand::Delete, ProductCommand::Restore])
    {
        given::<Product>(vec![])
            .when(command)
            .then_expect_error(ProductError::NotFound);
    }
}

#[test]
fn a_deleted_product_cannot_be_changed() {
    for command in changes() {
        given_product(vec![ProductEvent::ProductDeleted {}])
            .when(command)
            .then_expect_error(ProductError::Deleted);
    }
}

#[test]
fn a_restored_product_is_as_it_was() {
    let before = fold::<Product>([created(), ProductEvent::ProductPublished {}]);
    let mut after = before.clone();
    after.apply(ProductEvent::ProductDeleted {});
    assert_eq!(after.live(), Err(ProductError::Deleted));
    assert!(after.details().unwrap().deleted);
    after.apply(ProductEvent::ProductRestored {});
    assert_eq!(after, before);
    assert_eq!(after.live().unwrap().status, ProductStatus::Active);
    assert_eq!(stored(&after), after);
}
