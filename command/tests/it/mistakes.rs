//! Everything that is wrong with a request is told at once, also what callers other than the gateway may send.

use proto::transport::Transport;
use proto::{
    failure::FailureKind,
    v1::{
        self, AdjustStockRequest, ChangeSearchSettingsRequest, CommandContext, CreateProductRequest,
        CreateSearchRuleRequest, CreateUserRequest, ImportOrderLine, ImportOrderRow, ImportOrdersRequest,
        ImportProductRow, ImportProductsRequest, PlaceOrderLine, PlaceOrderRequest, SetStockRequest,
        UpdateProductRequest, import_outcome::Kind, search_command_client::SearchCommandClient,
    },
};
use sqlx::PgPool;

use crate::support::{ADMIN, Shop, answer, context, fields, new_product, refused};

/// Asserts that a request is refused for exactly these fields.
macro_rules! assert_told {
    ($call:expr, [$(($field:expr, $code:expr)),+ $(,)?]) => {
        let failure = refused(answer($call.await), FailureKind::Invalid, "validation_failed");
        assert_eq!(fields(&failure), [$(($field, $code)),+]);
    };
}

fn money(amount: i64, currency: &str) -> v1::Money {
    v1::Money {
        amount,
        currency: currency.to_owned(),
    }
}

fn text(text: &str) -> v1::AttributeValue {
    v1::AttributeValue {
        value: Some(v1::attribute_value::Value::Text(text.to_owned())),
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_products(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mut products = shop.products.clone();
    let wrong = CreateProductRequest {
        context: None,
        sku: "A\u{0410}".to_owned(),
        name: " ".to_owned(),
        price: Some(money(-1, "XYZ")),
        category: "a//b".to_owned(),
        attributes: (0..251).map(|number| (format!("key {number}"), text("x"))).collect(),
        ..new_product("A", 1)
    };
    assert_told!(
        products.create_product(wrong),
        [
            ("attributes", "too_many"),
            ("category", "invalid_format"),
            ("context.actor", "required"),
            ("name", "required"),
            ("price.amount", "out_of_range"),
            ("price.currency", "unknown"),
            ("sku", "invalid_character"),
        ]
    );
    let wrong = UpdateProductRequest {
        context: context(ADMIN),
        id: "prod_1".to_owned(),
        name: Some(String::new()),
        price: Some(v1::PricePatch {
            amount: Some(-1),
            currency: Some("gbp".to_owned()),
        }),
        description: Some("\u{7}".to_owned()),
        ..UpdateProductRequest::default()
    };
    assert_told!(
        products.update_product(wrong),
        [
            ("description", "invalid_character"),
            ("id", "invalid_format"),
            ("name", "required"),
            ("price.amount", "out_of_range"),
            ("price.currency", "invalid_format"),
        ]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_stock_and_orders(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let context = |actor: &str| {
        context(actor).map(|context| CommandContext {
            causation_id: "x".to_owned(),
            correlation_id: "y".to_owned(),
            ..context
        })
    };
    let wrong = AdjustStockRequest {
        context: context(ADMIN),
        ..AdjustStockRequest::default()
    };
    assert_told!(
        shop.stock.clone().adjust_stock(wrong),
        [
            ("context.causation_id", "invalid_format"),
            ("context.correlation_id", "invalid_format"),
            ("product_id", "invalid_format"),
            ("quantity", "out_of_range"),
            ("reason", "required"),
        ]
    );
    let wrong = SetStockRequest {
        context: context(ADMIN),
        quantity: 1_000_000_000_001,
        reason: "x".repeat(501),
        ..SetStockRequest::default()
    };
    assert_told!(
        shop.stock.clone().set_stock(wrong),
        [
            ("context.causation_id", "invalid_format"),
            ("context.correlation_id", "invalid_format"),
            ("product_id", "invalid_format"),
            ("quantity", "out_of_range"),
            ("reason", "too_long"),
        ]
    );
    let wrong = PlaceOrderRequest {
        context: context(ADMIN),
        customer_id: "ann".to_owned(),
        currency: "XXX".to_owned(),
        country: "UK".to_owned(),
        lines: vec![PlaceOrderLine {
            product_id: "mug".to_owned(),
            quantity: 0,
        }],
        expected_total: Some(money(1, "gbp")),
    };
    assert_told!(
        shop.orders.clone().place_order(wrong),
        [
            ("context.causation_id", "invalid_format"),
            ("context.correlation_id", "invalid_format"),
            ("country", "unknown"),
            ("currency", "unknown"),
            ("customer_id", "invalid_format"),
            ("expected_total.currency", "invalid_format"),
            ("lines[0].product_id", "invalid_format"),
            ("lines[0].quantity", "out_of_range"),
        ]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_users_and_search_settings(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let wrong = CreateUserRequest {
        context: None,
        email: "ada".to_owned(),
        name: " ".to_owned(),
        password: "short".to_owned(),
        ..CreateUserRequest::default()
    };
    assert_told!(
        shop.users.clone().create_user(wrong),
        [
            ("context.actor", "required"),
            ("email", "invalid_format"),
            ("name", "required"),
            ("password", "too_short"),
            ("role", "required"),
        ]
    );
    let mut search = SearchCommandClient::new(Transport::in_process(shop.command.search_server()));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let synonyms = |from: &str, to: &[&str]| v1::Synonyms {
        words: words(to),
        from: from.to_owned(),
    };
    let wrong = ChangeSearchSettingsRequest {
        context: None,
        synonyms: Some(v1::SynonymList {
            synonyms: vec![synonyms("", &["sofa"]), synonyms("", &["a", "A"]), synonyms("b", &[""])],
        }),
        stop_words: Some(v1::StopWordList {
            words: words(&["two words", "the", "The"]),
        }),
        ..ChangeSearchSettingsRequest::default()
    };
    assert_told!(
        search.change_search_settings(wrong),
        [
            ("context.actor", "required"),
            ("stop_words", "duplicate"),
            ("stop_words[0]", "invalid_format"),
            ("synonyms[0].words", "required"),
            ("synonyms[1].words", "duplicate"),
            ("synonyms[2].to[0]", "required"),
        ]
    );
    let wrong = CreateSearchRuleRequest {
        context: None,
        query: "!".to_owned(),
        ..CreateSearchRuleRequest::default()
    };
    assert_told!(
        search.create_search_rule(wrong),
        [
            ("context.actor", "required"),
            ("pinned", "required"),
            ("query", "invalid_format"),
        ]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_rows_of_imports(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let told = |outcome: &v1::ImportOutcome| {
        assert_eq!(outcome.kind(), Kind::Rejected);
        let first = &outcome.mistakes[0];
        assert_eq!(
            (&outcome.field, &outcome.code),
            (&first.field, &first.code),
            "the first is told for itself too"
        );
        let mistakes = outcome.mistakes.iter();
        let mut told: Vec<_> = mistakes
            .map(|mistake| format!("{} {}", mistake.field, mistake.code))
            .collect();
        told.sort_unstable();
        told
    };
    let row = ImportProductRow {
        name: " ".to_owned(),
        price: Some(money(-1, "XYZ")),
        category: "a//b".to_owned(),
        initial_stock: -1,
        ..ImportProductRow::default()
    };
    let request = ImportProductsRequest {
        context: context(ADMIN),
        rows: vec![row],
    };
    let reply = shop
        .products
        .clone()
        .import_products(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        told(&reply.outcomes[0]),
        [
            "category invalid_format",
            "initial_stock out_of_range",
            "name required",
            "price.amount out_of_range",
            "price.currency unknown",
            "sku required",
        ]
    );
    let row = ImportOrderRow {
        currency: "gbp".to_owned(),
        lines: vec![ImportOrderLine {
            discounts: vec![v1::Discount::default()],
            credits_external_id: "\n".to_owned(),
            ..ImportOrderLine::default()
        }],
        ..ImportOrderRow::default()
    };
    let request = ImportOrdersRequest {
        context: context(ADMIN),
        source: "till".to_owned(),
        rows: vec![row],
    };
    let reply = shop.orders.clone().import_orders(request).await.unwrap().into_inner();
    assert_eq!(
        told(&reply.outcomes[0]),
        [
            "currency invalid_format",
            "external_id required",
            "lines[0].credits_external_id required",
            "lines[0].discounts[0].kind unknown",
            "lines[0].kind unknown",
            "lines[0].sku required",
            "occurred_at required",
        ]
    );
}
