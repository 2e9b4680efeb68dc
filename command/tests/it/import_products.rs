use proto::v1::{ImportOutcome, ImportProductRow, ImportProductsRequest, ProductStatus, import_outcome::Kind};
use sqlx::PgPool;

use crate::support::{ADMIN, Shop, answer, context, gbp};

const OCCURRED: i64 = 1_291_191_960_000_000;

fn row(sku: &str, price: i64) -> ImportProductRow {
    ImportProductRow {
        sku: sku.to_owned(),
        name: format!("Product {sku}"),
        price: gbp(price),
        status: ProductStatus::Active.into(),
        occurred_at_micros: Some(OCCURRED),
        initial_stock: 7,
        ..ImportProductRow::default()
    }
}

async fn import(shop: &Shop, rows: Vec<ImportProductRow>) -> Vec<ImportOutcome> {
    let request = ImportProductsRequest {
        context: context(ADMIN),
        rows,
    };
    answer(shop.products.clone().import_products(request).await)
        .unwrap()
        .outcomes
}

fn kinds(outcomes: &[ImportOutcome]) -> Vec<Kind> {
    outcomes.iter().map(ImportOutcome::kind).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn rows_create_update_or_change_nothing_and_bad_ones_stand_alone(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let bad = ImportProductRow {
        name: String::new(),
        ..row("C", 3)
    };
    let first = import(&shop, vec![row("A", 1), bad, row("B", 2)]).await;
    assert_eq!(kinds(&first), [Kind::Created, Kind::Rejected, Kind::Created]);
    assert_eq!((first[1].field.as_str(), first[1].code.as_str()), ("name", "required"));
    let created = shop.product(&first[0].id).await.details().unwrap().clone();
    assert_eq!(created.sku.as_str(), "A");
    assert_eq!(shop.stock_of(&first[0].id).await.on_hand(), 7);
    let occurred: Vec<chrono::DateTime<chrono::Utc>> = sqlx::query_scalar("SELECT DISTINCT occurred_at FROM events")
        .fetch_all(&shop.pool)
        .await
        .unwrap();
    assert_eq!(
        occurred
            .iter()
            .map(chrono::DateTime::timestamp_micros)
            .collect::<Vec<_>>(),
        [OCCURRED]
    );

    let again = import(&shop, vec![row("A", 1), row("B", 5), row("C", 3)]).await;
    assert_eq!(kinds(&again), [Kind::Unchanged, Kind::Updated, Kind::Created]);
    assert_eq!((&again[0].id, &again[1].id), (&first[0].id, &first[2].id));
    assert_eq!(
        shop.stock_of(&first[0].id).await.on_hand(),
        7,
        "only new products receive stock"
    );
    assert_eq!(
        shop.product(&first[2].id)
            .await
            .details()
            .unwrap()
            .price
            .unwrap()
            .amount(),
        5
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn rows_of_one_sku_take_effect_in_their_order(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let rows: Vec<_> = (1..=50)
        .flat_map(|price| [row("A", price), row("B", 100 - price)])
        .collect();
    let outcomes = import(&shop, rows).await;
    let price = async |id: &str| shop.product(id).await.details().unwrap().price.unwrap().amount();
    assert_eq!((price(&outcomes[0].id).await, price(&outcomes[1].id).await), (50, 50));
    assert_eq!(
        kinds(&outcomes[..4]),
        [Kind::Created, Kind::Created, Kind::Updated, Kind::Updated]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn many_rows_and_twins_among_them(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let rows: Vec<_> = (0..1_000).map(|index| row(&format!("S{}", index % 500), 1)).collect();
    let outcomes = import(&shop, rows).await;
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| outcome.kind() == Kind::Created)
            .count(),
        500
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| outcome.kind() == Kind::Unchanged)
            .count(),
        500
    );
    assert_eq!(shop.count("ProductCreated").await, 500);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_row_in_another_currency_leaves_the_price_alone(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let euros = ImportProductRow {
        name: "Renamed".to_owned(),
        price: Some(proto::v1::Money {
            amount: 6,
            currency: "EUR".to_owned(),
        }),
        ..row("A", 5)
    };
    let outcomes = import(&shop, vec![row("A", 5), euros]).await;
    assert_eq!(kinds(&outcomes), [Kind::Created, Kind::Rejected]);
    assert_eq!(
        (outcomes[1].field.as_str(), outcomes[1].code.as_str()),
        ("price.currency", "currency_mismatch")
    );
    let product = shop.product(&outcomes[0].id).await;
    let details = product.details().unwrap();
    assert_eq!(
        (details.price.unwrap().amount(), details.name.as_str()),
        (5, "Product A")
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_row_without_a_price_is_a_draft_until_it_has_one(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let unpriced = |status: ProductStatus| ImportProductRow {
        price: None,
        status: status.into(),
        ..row("A", 0)
    };
    let outcomes = import(
        &shop,
        vec![
            unpriced(ProductStatus::Active),
            unpriced(ProductStatus::Draft),
            unpriced(ProductStatus::Active),
            row("A", 5),
            unpriced(ProductStatus::Active),
        ],
    )
    .await;
    assert_eq!(
        kinds(&outcomes),
        [
            Kind::Rejected,
            Kind::Created,
            Kind::Rejected,
            Kind::Updated,
            Kind::Unchanged
        ]
    );
    for refused in [&outcomes[0], &outcomes[2]] {
        assert_eq!(
            (refused.field.as_str(), refused.code.as_str()),
            ("price", "price_required")
        );
    }
    let product = shop.product(&outcomes[1].id).await;
    let details = product.details().unwrap();
    assert_eq!(
        (details.price.unwrap().amount(), details.status),
        (5, domain::product::ProductStatus::Active)
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_attribute_in_two_spellings_is_refused(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let value = |text: &str| proto::v1::AttributeValue {
        value: Some(proto::v1::attribute_value::Value::Text(text.to_owned())),
    };
    let twice = ImportProductRow {
        attributes: [("my key".to_owned(), value("a")), (" my key".to_owned(), value("b"))].into(),
        ..row("A", 5)
    };
    let outcomes = import(&shop, vec![twice]).await;
    assert_eq!(
        (outcomes[0].field.as_str(), outcomes[0].code.as_str()),
        ("attributes.my key", "duplicate")
    );
}
