use rows::{Row, StockRow};
use sqlx::PgConnection;
use sqlx::postgres::PgPoolOptions;

use super::*;
use crate::dead_letter;
use crate::products::ProductRow;

const ROWS: i64 = 4_000;
const KEYS: i64 = 100;

/// Rows of the table that the connection has looked at, in this transaction and, while the server has not taken them over, in those before.
async fn touched(table: &str, connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables WHERE relname = $1",
    )
    .bind(table)
    .fetch_optional(connection)
    .await
    .unwrap()
    .unwrap_or_default()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn keys_are_looked_up_one_by_one_whatever_the_statistics(pool: PgPool) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with((*pool.connect_options()).clone())
        .await
        .unwrap();
    crate::install(&pool).await.unwrap();
    let tables = ["products_v1", "stock_v1", "projection_dead_letter"];
    let fill = async || {
        for statement in [
            "INSERT INTO products_v1 SELECT 'prod_' || n, 'S-' || n, '', '', '', 1, 'GBP', '', '{}', 'active', 1, now(), now(), NULL
             FROM generate_series(1, $1) n",
            "INSERT INTO stock_v1 SELECT 'prod_' || n, 1, 0, 1, now() FROM generate_series(1, $1) n",
            "INSERT INTO projection_dead_letter SELECT 'products', 1, n % 64, n, 'product', 'prod_' || n, gen_random_uuid(), 'no'
             FROM generate_series(1, $1) n",
        ] {
            sqlx::query(statement).bind(ROWS).execute(&pool).await.unwrap();
        }
    };
    fill().await;
    // Full tables of which the planner believes that they are empty.
    for table in tables {
        for statement in [
            format!("DELETE FROM {table}"),
            format!("VACUUM (TRUNCATE false, ANALYZE) {table}"),
        ] {
            sqlx::query(&statement).execute(&pool).await.unwrap();
        }
    }
    fill().await;

    let keys: Vec<String> = (1..=KEYS).map(|number| format!("prod_{number}")).collect();
    let places: Vec<(u32, u64)> = (1..=KEYS.unsigned_abs())
        .map(|number| (u32::try_from(number % 64).unwrap(), number))
        .collect();
    let mut tx = begin(&pool).await.unwrap();
    let mut before = Vec::new();
    for table in tables {
        before.push(touched(table, &mut tx).await);
    }
    for statement in [ProductRow::TABLE.select(1), StockRow::TABLE.select(1)] {
        let rows = sqlx::query(&statement).bind(&keys).fetch_all(&mut *tx).await.unwrap();
        assert_eq!(i64::try_from(rows.len()), Ok(KEYS));
    }
    dead_letter::remove("products", 1, &places, &mut tx).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM projection_dead_letter WHERE position <= $1")
        .bind(KEYS)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(left, 0);
    for ((table, before), most) in tables
        .into_iter()
        .zip(before)
        .zip([2 * KEYS, 2 * KEYS, 6 * KEYS + ROWS])
    {
        let touched = touched(table, &mut tx).await - before;
        assert!(touched > 0 && touched <= most, "{table}: {touched} rows for {KEYS}");
    }
}
