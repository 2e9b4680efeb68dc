use domain::{OrderId, credit::Credit, order::OrderStatus};
use proto::v1::{
    ImportOrderLine, ImportOrderRow, ImportOrdersRequest, ImportOutcome, LineKind, UpdateProductRequest,
    import_outcome::Kind,
};
use sqlx::PgPool;

use crate::support::{ADMIN, Shop, answer, context};

const SOURCE: &str = "old-shop";
const OCCURRED: i64 = 1_291_191_960_000_000;

fn line(sku: &str, quantity: i64, total: i64) -> ImportOrderLine {
    ImportOrderLine {
        kind: LineKind::Product.into(),
        sku: sku.to_owned(),
        quantity,
        unit_price: total / quantity,
        total,
        ..ImportOrderLine::default()
    }
}

fn fee(total: i64) -> ImportOrderLine {
    ImportOrderLine {
        kind: LineKind::Fee.into(),
        name: "Postage".to_owned(),
        ..line("POST", 1, total)
    }
}

fn row(external_id: &str, lines: Vec<ImportOrderLine>) -> ImportOrderRow {
    ImportOrderRow {
        external_id: external_id.to_owned(),
        customer_reference: "17850".to_owned(),
        country: "United Kingdom".to_owned(),
        currency: "GBP".to_owned(),
        lines,
        occurred_at_micros: OCCURRED,
        ..ImportOrderRow::default()
    }
}

fn credit(external_id: &str, lines: Vec<ImportOrderLine>) -> ImportOrderRow {
    ImportOrderRow {
        credit: true,
        ..row(external_id, lines)
    }
}

fn undoing(order: &str, line: ImportOrderLine) -> ImportOrderLine {
    ImportOrderLine {
        credits_external_id: order.to_owned(),
        ..line
    }
}

async fn import(shop: &Shop, rows: Vec<ImportOrderRow>) -> Vec<ImportOutcome> {
    let request = ImportOrdersRequest {
        context: context(ADMIN),
        source: SOURCE.to_owned(),
        rows,
    };
    answer(shop.orders.clone().import_orders(request).await)
        .unwrap()
        .outcomes
}

fn kinds(outcomes: &[ImportOutcome]) -> Vec<Kind> {
    outcomes.iter().map(ImportOutcome::kind).collect()
}

fn history() -> Vec<ImportOrderRow> {
    vec![
        // In front of the order that it undoes.
        credit(
            "C1",
            vec![
                undoing("1", line("MUG", 2, 500)),
                undoing("2", line("POT", 1, 300)),
                line("POT", 1, 300),
            ],
        ),
        row("1", vec![line("MUG", 6, 1501), fee(499)]),
        row("2", vec![line("POT", 3, 900)]),
        credit("C2", vec![undoing("unknown", line("MUG", 1, 250))]),
    ]
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn history_goes_in_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.create("MUG", 1).await;
    shop.create("POT", 1).await;
    let first = import(&shop, history()).await;
    assert_eq!(kinds(&first), [Kind::Created; 4], "{first:?}");

    let order = shop.order(&first[1].id).await;
    assert_eq!(first[1].id, OrderId::imported(SOURCE, "1").to_string());
    assert_eq!((order.status(), order.credited()), (Some(OrderStatus::Completed), 500));
    let imported = order.imported().unwrap();
    assert_eq!(imported.total, 2000);
    assert_eq!(imported.lines[0].product_id.unwrap().to_string(), mug.id);
    assert_eq!(imported.lines[0].category.as_str(), "kitchen/mugs");
    assert_eq!(imported.lines[1].product_id, None);
    assert_eq!(shop.order(&first[2].id).await.credited(), 300);
    assert_eq!(shop.count("OrderCredited").await, 2);
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 0);

    // The product's place has changed since; the rows have not.
    let moved = UpdateProductRequest {
        context: context(ADMIN),
        id: mug.id.clone(),
        name: Some("Cup".to_owned()),
        category: Some("elsewhere".to_owned()),
        ..UpdateProductRequest::default()
    };
    shop.products.clone().update_product(moved).await.unwrap();
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM events")
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    let second = import(&shop.beside(2).await, history()).await;
    assert_eq!(kinds(&second), [Kind::Unchanged; 4], "{second:?}");
    let ids = |outcomes: &[ImportOutcome]| outcomes.iter().map(|outcome| outcome.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&second), ids(&first));
    let after: i64 = sqlx::query_scalar("SELECT count(*) FROM events")
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert_eq!(after, events);

    // What is taken back of the order was sold in the old place; what is taken back of nothing known leaves the new one.
    let late = vec![credit(
        "C3",
        vec![undoing("1", line("MUG", 1, 250)), line("MUG", 1, 250)],
    )];
    let late = import(&shop.beside(3).await, late).await;
    let taken = shop.store.load::<Credit>(&late[0].id).await.unwrap().aggregate;
    let categories: Vec<_> = taken
        .issued()
        .unwrap()
        .lines
        .iter()
        .map(|line| line.line.category.as_str())
        .collect();
    assert_eq!(categories, ["kitchen/mugs", "elsewhere"]);

    let changed = import(
        &shop,
        vec![
            row("2", vec![line("POT", 3, 901)]),
            credit("C2", vec![line("MUG", 2, 500)]),
        ],
    )
    .await;
    assert_eq!(kinds(&changed), [Kind::Rejected; 2]);
    assert!(
        changed
            .iter()
            .all(|outcome| outcome.code == "already_imported_differently"),
        "{changed:?}"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_bad_row_stands_alone(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.create("MUG", 1).await;
    let outcomes = import(
        &shop,
        vec![
            row("1", vec![line("NOPE", 1, 1)]),
            row("2", vec![line("MUG", 1, 1)]),
            row("3", vec![line("MUG", 1, 1), line("MUG", -1, 1)]),
            row("4", vec![]),
            ImportOrderRow {
                currency: "gbp".to_owned(),
                ..row("5", vec![line("MUG", 1, 1)])
            },
            row(
                "6",
                vec![ImportOrderLine {
                    kind: 9,
                    ..line("MUG", 1, 1)
                }],
            ),
        ],
    )
    .await;
    let told: Vec<_> = outcomes
        .iter()
        .map(|outcome| (outcome.field.as_str(), outcome.code.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("lines[0].sku", "product_not_found"),
            ("", ""),
            ("lines[1].quantity", "out_of_range"),
            ("lines", "required"),
            ("currency", "invalid_format"),
            ("lines[0].kind", "unknown"),
        ]
    );
    assert_eq!(shop.count("OrderImported").await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn many_rows_at_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    for sku in 0..20 {
        shop.create(&format!("S{sku}"), 1).await;
    }
    let rows: Vec<_> = (0..1_000)
        .map(|index| {
            row(
                &index.to_string(),
                (0..20).map(|sku| line(&format!("S{sku}"), 1, 100)).collect(),
            )
        })
        .collect();
    assert_eq!(kinds(&import(&shop, rows.clone()).await), [Kind::Created; 1_000]);
    assert_eq!(kinds(&import(&shop, rows).await), [Kind::Unchanged; 1_000]);
}
