//! Random commands on a product.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::{
    AttributeKey, AttributeValue, Attributes, Currency, Description, MAX_EXACT, Money, Price,
    product::{CreateProduct, Product, ProductCommand, ProductDetails, ProductError, ProductStatus, UpdateProduct},
};
use proptest::{collection, num::f64, option, prelude::*};

use crate::fixtures::{category, fold, name, price, product_id, sku, stored};

fn key() -> impl Strategy<Value = AttributeKey> {
    "[a-f]".prop_map(|text| AttributeKey::new(text).unwrap())
}

fn value() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        "[ -~äß€😀]{0,12}".prop_map(|text| AttributeValue::text(text).unwrap()),
        any::<i64>().prop_map(AttributeValue::integer),
        (-MAX_EXACT..MAX_EXACT).prop_map(|number| AttributeValue::number(number).unwrap()),
        f64::SUBNORMAL.prop_map(|number| AttributeValue::number(number).unwrap()),
        any::<bool>().prop_map(AttributeValue::boolean),
    ]
}

fn attributes() -> impl Strategy<Value = Attributes> {
    collection::btree_map(key(), value(), 0..4)
}

fn a_price() -> impl Strategy<Value = Price> {
    let currency = prop_oneof![Just(Currency::GBP), Just(Currency::EUR)];
    (0_i64..4, currency).prop_map(|(amount, currency)| Price::new(Money::new(amount, currency)).unwrap())
}

fn command() -> impl Strategy<Value = ProductCommand> {
    let status = prop_oneof![
        Just(ProductStatus::Draft),
        Just(ProductStatus::Active),
        Just(ProductStatus::Archived)
    ];
    let create = (attributes(), status, any::<bool>()).prop_map(|(attributes, status, priced)| {
        ProductCommand::Create(CreateProduct {
            product_id: product_id(1),
            sku: sku("A"),
            name: name("A"),
            description: Description::default(),
            price: priced.then(|| price(1)),
            category: category(""),
            attributes,
            status,
        })
    });
    let update = (
        option::of("[A-C]"),
        option::of("[A-C]"),
        option::of("[a-c\n]{0,2}"),
        option::of("[a-c](/[a-c])?"),
        attributes(),
        collection::btree_set(key(), 0..3),
        any::<bool>(),
    )
        .prop_map(|(sku_, name_, description, category_, set, remove, clear)| {
            ProductCommand::Update(UpdateProduct {
                sku: sku_.map(|text| sku(&text)),
                name: name_.map(|text| name(&text)),
                description: description.map(|text| Description::new(text).unwrap()),
                category: category_.map(|text| category(&text)),
                set_attributes: set,
                remove_attributes: remove,
                clear_attributes: clear,
            })
        });
    prop_oneof![
        2 => create,
        6 => update,
        2 => a_price().prop_map(|price| ProductCommand::ChangePrice { price }),
        1 => (option::of(0..200i64), option::of(a_price()))
            .prop_map(|(amount, price)| ProductCommand::AmendPrice { amount, currency: price.map(Price::currency) }),
        1 => a_price().prop_map(|price| ProductCommand::Reprice { price }),
        1 => Just(ProductCommand::Publish),
        1 => Just(ProductCommand::Archive),
        1 => Just(ProductCommand::Delete),
        1 => Just(ProductCommand::Restore),
    ]
}

/// What the command leaves behind, said without events.
fn model(before: Option<ProductDetails>, command: &ProductCommand) -> Result<ProductDetails, ProductError> {
    if let ProductCommand::Create(create) = command {
        return match before {
            Some(_) => Err(ProductError::AlreadyExists),
            None if create.price.is_none() && create.status == ProductStatus::Active => Err(ProductError::PriceMissing),
            None => Ok(ProductDetails {
                product_id: create.product_id,
                sku: create.sku.clone(),
                name: create.name.clone(),
                description: create.description.clone(),
                price: create.price,
                category: create.category.clone(),
                attributes: create.attributes.clone(),
                status: create.status,
                deleted: false,
            }),
        };
    }
    let mut details = before.ok_or(ProductError::NotFound)?;
    let needs_live = !matches!(command, ProductCommand::Delete | ProductCommand::Restore);
    if needs_live && details.deleted {
        return Err(ProductError::Deleted);
    }
    match command {
        ProductCommand::Create(_) => {}
        ProductCommand::Update(update) => {
            let update = update.clone();
            details.sku = update.sku.unwrap_or(details.sku);
            details.name = update.name.unwrap_or(details.name);
            details.description = update.description.unwrap_or(details.description);
            details.category = update.category.unwrap_or(details.category);
            let removed: BTreeSet<_> = update.remove_attributes;
            details
                .attributes
                .retain(|key, _| !update.clear_attributes && !removed.contains(key));
            details.attributes.extend(update.set_attributes);
        }
        ProductCommand::AmendPrice { amount, currency } => {
            let (had, has) = match details.price {
                Some(price) => (Some(price.amount()), Some(price.currency())),
                None => (None, None),
            };
            details.price = match (amount.or(had), currency.or(has)) {
                (Some(amount), Some(currency)) => Some(Price::new(Money::new(amount, currency)).unwrap()),
                (None, _) => return Err(ProductError::HalfAPrice { missing: "amount" }),
                (_, None) => return Err(ProductError::HalfAPrice { missing: "currency" }),
            };
        }
        ProductCommand::Reprice { price }
            if details
                .price
                .is_some_and(|present| present.currency() != price.currency()) =>
        {
            return Err(ProductError::OtherCurrency {
                present: details.price.map_or(price.currency(), Price::currency),
            });
        }
        ProductCommand::ChangePrice { price } | ProductCommand::Reprice { price } => details.price = Some(*price),
        ProductCommand::Publish if details.price.is_none() && details.status != ProductStatus::Active => {
            return Err(ProductError::PriceMissing);
        }
        ProductCommand::Publish => details.status = ProductStatus::Active,
        ProductCommand::Archive => details.status = ProductStatus::Archived,
        ProductCommand::Delete => details.deleted = true,
        ProductCommand::Restore => details.deleted = false,
    }
    Ok(details)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn product_behaves_like_the_model(commands in collection::vec(command(), 1..40)) {
        let mut product = Product::default();
        let mut history = Vec::new();
        for command in &commands {
            let before = product.clone();
            let expected = model(before.details().cloned(), command);
            match product.decide(command) {
                Err(error) => prop_assert_eq!(Err(error), expected),
                Ok(events) => {
                    for event in &events {
                        prop_assert_eq!(&stored(event), event);
                        product.apply(event.clone());
                    }
                    prop_assert_eq!(product.details(), expected.as_ref().ok());
                    prop_assert!(expected.is_ok());
                    // An event is made when, and only when, something changed.
                    prop_assert_eq!(events.is_empty(), product == before);
                    if !matches!(command, ProductCommand::Create(_)) {
                        prop_assert_eq!(product.decide(command), Ok(vec![]), "repeated");
                    }
                    history.extend(events);
                }
            }
            prop_assert_eq!(&stored(&product), &product);
        }
        prop_assert_eq!(fold::<Product>(history), product);
    }
}
