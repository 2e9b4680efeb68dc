//! Rows of read models beside what their events say.

use projections::{Differing, Reconciler};
use sqlx::PgPool;

use crate::shop::Shop;
use crate::support::{Running, open, quick, settle};

async fn findings(pool: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as("SELECT subject, part FROM books_findings WHERE kind = 'read_model_differs' ORDER BY subject, part")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn rows_that_are_not_what_their_events_say_are_found_and_no_others(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    let mut shop = Shop::new(store.clone(), 7);
    let reconciler = Reconciler::new(pool.clone());
    // Rows that are behind are not wrong.
    for _ in 0..4 {
        shop.trade(40).await;
        assert_eq!(reconciler.check(10_000).await.unwrap(), []);
    }
    settle(&pool, &store).await;
    assert_eq!(reconciler.check(10_000).await.unwrap(), []);
    running.stop().await;

    let wrong: String = sqlx::query_scalar(
        "UPDATE stock_v1 SET reserved = reserved + 1 WHERE product_id = (SELECT min(product_id) FROM stock_v1) RETURNING product_id",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let missing: String =
        sqlx::query_scalar("DELETE FROM orders_v1 WHERE id = (SELECT max(id) FROM orders_v1) RETURNING id")
            .fetch_one(&pool)
            .await
            .unwrap();
    let ghost = "prod_ffffffff-0000-7000-8000-000000000001";
    sqlx::query(
        "INSERT INTO stock_v1 (product_id, on_hand, reserved, version, updated_at) VALUES ($1, 1, 0, 1, now())",
    )
    .bind(ghost)
    .execute(&pool)
    .await
    .unwrap();
    let differing = reconciler.check(10_000).await.unwrap();
    let found: Vec<(&str, &str)> = differing
        .iter()
        .map(|Differing { model, key, .. }| (model.as_str(), key.as_str()))
        .collect();
    assert_eq!(found, [("stock", &*wrong), ("stock", ghost), ("orders", &*missing)]);
    assert_eq!(differing[0].columns, ["reserved"]);
    assert_eq!(findings(&pool).await.len(), 3);

    sqlx::query("UPDATE stock_v1 SET reserved = reserved - 1 WHERE product_id = $1")
        .bind(&wrong)
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("DELETE FROM stock_v1 WHERE product_id = $1")
        .bind(ghost)
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(reconciler.check(10_000).await.unwrap().len(), 1);
    assert_eq!(findings(&pool).await, [("orders".to_owned(), missing)]);
}
