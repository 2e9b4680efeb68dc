use projections::{Options, rebuild};
use sqlx::PgPool;

use crate::fold::expected;
use crate::shop::Shop;
use crate::support::{Running, assert_same, open, quick, settle, views};

async fn live_rebuilt_and_folded_are_equal(pool: PgPool, seed: u64) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    let mut shop = Shop::new(store.clone(), seed);
    shop.trade(250).await;
    settle(&pool, &store).await;
    let live = views(&pool).await;
    assert_same(&live, &expected(&pool).await);
    for projection in projections::all() {
        let rebuilt = rebuild(&pool, &store.log(), projection.name(), Options::default(), |_| {})
            .await
            .unwrap();
        assert!(rebuilt.verified && rebuilt.version == 2);
    }
    assert_same(&views(&pool).await, &live);
    // The rebuilt versions are as alive as the old ones were.
    shop.trade(100).await;
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn live_rebuilt_and_folded_are_equal_1(pool: PgPool) {
    live_rebuilt_and_folded_are_equal(pool, 1).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn live_rebuilt_and_folded_are_equal_2(pool: PgPool) {
    live_rebuilt_and_folded_are_equal(pool, 2).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn live_rebuilt_and_folded_are_equal_3(pool: PgPool) {
    live_rebuilt_and_folded_are_equal(pool, 3).await;
}
