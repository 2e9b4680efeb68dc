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
    assert_eq!(shop.product(&first[2].id).await.details().unwrap().price.amount(), 5);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn rows_of_one_sku_take_effect_in_their_order(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let rows: Vec<_> = (1..=50)
        .flat_map(|price| [row("A", price), row("B", 100 - price)])
        .collect();
    let outcomes = import(&shop, rows).await;
    let price = async |id: &str| shop.product(id).await.details().unwrap().price.amount();
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
