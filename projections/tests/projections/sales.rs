use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::shop::{Kind, append};
use crate::support::{Running, open, quick, settle};

const MUG: &str = "prod_00000000-0000-0000-0000-0000000000a1";
const POT: &str = "prod_00000000-0000-0000-0000-0000000000a2";
const ANN: &str = "usr_00000000-0000-0000-0000-0000000000c1";
const ORDER: &str = "ord_00000000-0000-0000-0000-0000000000b1";
const OLD_ORDER: &str = "ord_00000000-0000-0000-0000-0000000000b2";
const CREDIT: &str = "crd_00000000-0000-0000-0000-0000000000d1";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn line(product: &str, sku: &str, category: &str, quantity: i64, total: i64) -> Value {
    json!({"kind": "product", "product_id": product, "sku": sku, "name": sku.to_lowercase(), "category": category,
           "quantity": quantity, "unit_price": 1, "total": total})
}

type Sale = (String, String, i64, i64, i64, i64, i64);

/// Rows of one dimension: key, start, orders, units, gross, credits, credited units.
async fn sales(pool: &PgPool, dimension: &str) -> Vec<Sale> {
    sums(pool, "sales", dimension).await
}

async fn sums(pool: &PgPool, view: &str, dimension: &str) -> Vec<Sale> {
    sqlx::query_as(&format!(
        "SELECT key, to_char(bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), orders, units, gross, credits, credited_units
         FROM {view} WHERE dimension = $1 ORDER BY bucket, key",
    ))
    .bind(dimension)
    .fetch_all(pool)
    .await
    .unwrap()
}

fn sale(key: &str, bucket: &str, numbers: [i64; 5]) -> Sale {
    let [orders, units, gross, credits, credited_units] = numbers;
    (
        key.to_owned(),
        bucket.to_owned(),
        orders,
        units,
        gross,
        credits,
        credited_units,
    )
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn money_is_dated_when_it_moved(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    // Two lines of one product: the order counts once for it.
    let lines = [
        line(MUG, "MUG", "kitchen", 2, 20),
        line(MUG, "MUG", "kitchen", 1, 10),
        line(POT, "POT", "garden", 1, 7),
    ];
    let mut body = json!({"order_id": ORDER, "number": 1, "customer_id": ANN, "country": "GB", "currency": "GBP",
                          "lines": lines, "total": 37, "placed_at": "2026-03-01T23:59:59.999Z"});
    let placed = vec![json!({"OrderPlaced": body})];
    append(
        &store,
        Some(at("2026-03-01T23:59:59.999Z")),
        vec![(Kind::Order, ORDER.into(), placed)],
    )
    .await;
    body["reason"] = json!("mistake");
    let cancelled = vec![json!({"OrderCancelled": body})];
    append(
        &store,
        Some(at("2026-03-02T00:15:00Z")),
        vec![(Kind::Order, ORDER.into(), cancelled)],
    )
    .await;
    settle(&pool, &store).await;
    let (then, later) = ("2026-03-01 23:45", "2026-03-02 00:15");
    for (dimension, key) in [("total", ""), ("country", "GB")] {
        let expected = [sale(key, then, [1, 4, 37, 0, 0]), sale(key, later, [0, 0, 0, 37, 4])];
        assert_eq!(sales(&pool, dimension).await, expected);
    }
    assert_eq!(
        sums(&pool, "sales_month", "customer").await,
        [sale(ANN, "2026-03-01 00:00", [1, 4, 37, 37, 4])]
    );
    let year = "2026-01-01 00:00";
    assert_eq!(
        sums(&pool, "sales_customer_year", "customer").await,
        [sale(ANN, year, [1, 4, 37, 37, 4])]
    );
    assert_eq!(
        sums(&pool, "sales_year", "country_product").await,
        [
            sale(&format!("GB\u{1f}{MUG}"), year, [1, 3, 30, 30, 3]),
            sale(&format!("GB\u{1f}{POT}"), year, [1, 1, 7, 7, 1]),
        ]
    );
    let (day, next_day) = ("2026-03-01 00:00", "2026-03-02 00:00");
    assert_eq!(
        sales(&pool, "product").await,
        [
            sale(MUG, day, [1, 3, 30, 0, 0]),
            sale(POT, day, [1, 1, 7, 0, 0]),
            sale(MUG, next_day, [0, 0, 0, 30, 3]),
            sale(POT, next_day, [0, 0, 0, 7, 1]),
        ]
    );
    let undone: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT to_char(bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), undone, undone_units FROM sales
         WHERE dimension = 'total' AND undone <> 0",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(undone, [(then.to_owned(), 37, 4)], "dated by the order that was undone");
    assert_eq!(
        sales(&pool, "category").await,
        [
            sale("garden", then, [1, 1, 7, 0, 0]),
            sale("kitchen", then, [1, 3, 30, 0, 0]),
            sale("garden", later, [0, 0, 0, 7, 1]),
            sale("kitchen", later, [0, 0, 0, 30, 3]),
        ]
    );
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn imported_orders_credits_fees_and_adjustments(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    let fee = json!({"kind": "fee", "sku": "POST", "name": "Postage", "category": "", "quantity": -1, "unit_price": 500, "total": -500});
    let written_off = json!({"kind": "adjustment", "product_id": POT, "sku": "POT", "name": "pot", "category": "garden",
                             "quantity": -3, "unit_price": 0, "total": 0});
    let order = json!({"OrderImported": {"order_id": OLD_ORDER, "source": "till", "external_id": "7", "currency": "GBP",
                       "lines": [line(MUG, "MUG", "kitchen", 6, 1530), fee, written_off], "total": 1030}});
    append(
        &store,
        Some(at("2010-12-01T08:26:00Z")),
        vec![(Kind::Order, OLD_ORDER.into(), vec![order])],
    )
    .await;
    let credit = json!({"CreditIssued": {"credit_id": CREDIT, "source": "till", "external_id": "C7", "customer_id": ANN,
                        "customer_reference": "17850", "country": "EIRE", "currency": "GBP",
                        "lines": [line(MUG, "MUG", "kitchen", 2, 510)], "total": 510}});
    let credited = json!({"OrderCredited": {"credit_id": CREDIT, "amount": 510, "units": 2}});
    let appends = vec![
        (Kind::Credit, CREDIT.into(), vec![credit]),
        (Kind::Order, OLD_ORDER.into(), vec![credited]),
    ];
    append(&store, Some(at("2011-01-02T10:00:01Z")), appends).await;
    settle(&pool, &store).await;

    let (then, later) = ("2010-12-01 08:15", "2011-01-02 10:00");
    assert_eq!(
        sales(&pool, "total").await,
        [sale("", then, [1, 6, 1030, 0, 0]), sale("", later, [0, 0, 0, 510, 2])]
    );
    assert_eq!(
        sales(&pool, "product").await,
        [
            sale("fee:POST", "2010-12-01 00:00", [1, 0, -500, 0, 0]),
            sale(MUG, "2010-12-01 00:00", [1, 6, 1530, 0, 0]),
            sale(MUG, "2011-01-02 00:00", [0, 0, 0, 510, 2]),
        ]
    );
    assert_eq!(
        sales(&pool, "country").await,
        [
            sale("", then, [1, 6, 1030, 0, 0]),
            sale("EIRE", later, [0, 0, 0, 510, 2])
        ]
    );
    assert_eq!(
        sums(&pool, "sales_month", "customer").await,
        [
            sale("", "2010-12-01 00:00", [1, 6, 1030, 0, 0]),
            sale(ANN, "2011-01-01 00:00", [0, 0, 0, 510, 2])
        ]
    );
    let labels: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT key, label, name FROM sales_label WHERE dimension IN ('product', 'customer') ORDER BY key",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let label = |key: &str, label: &str, name: &str| (key.to_owned(), label.to_owned(), name.to_owned());
    assert_eq!(
        labels,
        [
            label("", "", ""),
            label("fee:POST", "POST", "Postage"),
            label(ANN, "17850", "17850")
        ]
    );
    let (status, credited): (String, i64) = sqlx::query_as("SELECT status, credited FROM orders")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!((status.as_str(), credited), ("completed", 510));
    running.stop().await;
}
