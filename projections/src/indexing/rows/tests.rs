use std::collections::BTreeSet;

use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use super::*;
use crate::indexing::document;
use crate::indexing::lease::{self, INDEXES};

const MARKS: i64 = 5_000;
const BATCH: usize = 500;

/// Rows of the table that were looked at so far, by the pool's only connection.
async fn touched(table: &str, pool: &PgPool) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query_scalar(
        "SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables WHERE relname = $1",
    )
    .bind(table)
    .fetch_one(pool)
    .await
    .unwrap()
}

async fn run(statement: &str, pool: &PgPool) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

/// Marks and products as a bulk import makes them.
async fn fill(pool: &PgPool) {
    for statement in [
        "INSERT INTO search_dirty SELECT i.name, 'prod_' || n, n, n, now() FROM search_index i, generate_series(1, $1) n",
        "INSERT INTO search_rejected SELECT i.name, 'prod_' || n, '' FROM search_index i, generate_series(1, $1) n",
        "INSERT INTO products_v1 SELECT 'prod_' || n, 'S-' || n, '', '', '', 1, 'GBP', '', '{}', 'active', 1, now(), now(), NULL
         FROM generate_series(1, $1) n",
        "INSERT INTO stock_v1 SELECT 'prod_' || n, 1, 0, 1, now() FROM generate_series(1, $1) n",
        "INSERT INTO search_sold SELECT 'prod_' || n, n FROM generate_series(1, $1) n",
    ] {
        sqlx::query(statement).bind(MARKS).execute(pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_batch_looks_at_its_own_rows_alone_whatever_the_statistics(pool: PgPool) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with((*pool.connect_options()).clone())
        .await
        .unwrap();
    crate::install(&pool).await.unwrap();
    lease::register("index", "test", &pool).await.unwrap();
    let owner = Uuid::from_u128(1);
    let ttl = Duration::from_mins(10);
    let lease = IndexLease(INDEXES.take("index", owner, ttl, true, &pool).await.unwrap().unwrap());
    // Full tables of which the planner believes that they are empty.
    fill(&pool).await;
    let tables = [
        "search_dirty",
        "search_rejected",
        "products_v1",
        "stock_v1",
        "search_sold",
    ];
    for table in tables {
        run(&format!("DELETE FROM {table}"), &pool).await;
        run(&format!("VACUUM (TRUNCATE false, ANALYZE) {table}"), &pool).await;
        let believed: (bool, f32) = sqlx::query_as("SELECT relpages > 1, reltuples FROM pg_class WHERE relname = $1")
            .bind(table)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(believed, (true, 0.0), "{table}");
    }
    fill(&pool).await;

    let mut before = Vec::new();
    for table in tables {
        before.push(touched(table, &pool).await);
    }
    let work = lease.find_work(BATCH, &pool).await.unwrap().unwrap();
    let ids: Vec<String> = work.dirty.iter().map(|key| key.product_id.clone()).collect();
    let mut tx = cursor::begin(&pool).await.unwrap();
    let documents = document::of(&ids, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    // One of them was marked again meanwhile.
    run(
        "UPDATE search_dirty SET mark = 100000 WHERE product_id = 'prod_7'",
        &pool,
    )
    .await;
    assert!(lease.remove_marks(&work.dirty, true, &pool).await.unwrap());
    lease.accept(&ids, &pool).await.unwrap();
    let most = i64::try_from(8 * BATCH).unwrap();
    for (table, before) in tables.into_iter().zip(before) {
        let touched = touched(table, &pool).await - before;
        assert!(touched > 0 && touched <= most, "{table}: {touched} rows for {BATCH}");
    }

    let found: BTreeSet<&str> = documents.iter().map(|document| &*document.id).collect();
    assert_eq!(found, ids.iter().map(String::as_str).collect());
    let left: Vec<(String, i64)> =
        sqlx::query_as("SELECT product_id, since FROM search_dirty WHERE since <= $1 OR mark > since")
            .bind(i64::try_from(BATCH).unwrap())
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(
        left,
        [],
        "the oldest are gone, and what was marked again counts from then"
    );
    assert_eq!(
        lease.count_dirty(&pool).await.unwrap(),
        MARKS - i64::try_from(BATCH).unwrap() + 1
    );
}
