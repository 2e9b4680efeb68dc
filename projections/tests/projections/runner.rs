use std::time::Duration;

use projections::Config;
use sqlx::PgPool;

use crate::fold::expected;
use crate::shop::Shop;
use crate::support::{Running, assert_same, open, open_store, quick, settle, until, views};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn installing_at_the_same_time_is_safe(pool: PgPool) {
    let installs: Vec<_> = (0..4)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { projections::install(&pool).await })
        })
        .collect();
    for install in installs {
        install.await.unwrap().unwrap();
    }
    projections::install(&pool).await.unwrap();
    let status = projections::status(&pool).await.unwrap();
    assert_eq!(status.len(), projections::all().len());
    assert!(
        status
            .iter()
            .all(|status| status.version == 1 && status.positions.len() == 64 && status.lag_events == 0)
    );
}

async fn owners(pool: &PgPool) -> Vec<(String, i64)> {
    sqlx::query_as(
        "SELECT owner::text, count(*) FROM projection_lease WHERE owner IS NOT NULL GROUP BY owner ORDER BY 2",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_runners_share_and_apply_everything_once(pool: PgPool) {
    let store = open(&pool).await;
    let elsewhere = open_store(&pool).await;
    let first = Running::start(&pool, &store, quick());
    let mut shop = Shop::new(store.clone(), 4);
    shop.trade(60).await;
    let second = Running::start(&pool, &elsewhere, quick());
    let mut other_shop = Shop::new(elsewhere.clone(), 5);
    tokio::join!(shop.trade(120), other_shop.trade(120));
    let all = i64::try_from(projections::all().len() * 8).unwrap();
    until("leases are shared", async || {
        owners(&pool).await.iter().map(|owner| owner.1).eq([all / 2, all / 2])
    })
    .await;
    shop.trade(40).await;
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);

    // Clean hand-over: what the first gives back, the second takes.
    first.stop().await;
    until("leases are handed over", async || {
        owners(&pool).await.iter().map(|owner| owner.1).eq([all])
    })
    .await;
    shop.trade(40).await;
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    second.stop().await;
    assert_eq!(owners(&pool).await, []);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn killed_runner_is_replaced_without_a_trace(pool: PgPool) {
    let store = open(&pool).await;
    let mut shop = Shop::new(store.clone(), 6);
    shop.trade(150).await;
    // Small batches, so that it dies somewhere in the middle.
    let slow = Config { batch: 20, ..quick() };
    let doomed = Running::start(&pool, &store, slow);
    let audited = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM audit")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    until("something is projected", async || audited().await > 50).await;
    doomed.kill().await;
    shop.trade(30).await;
    let heir = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    heir.kill().await;

    // The only process, restarted: it need not wait for leases to run out.
    let long = Config {
        lease: Duration::from_hours(1),
        sole: true,
        ..Config::default()
    };
    let first = Running::start(&pool, &store, long);
    shop.trade(30).await;
    settle(&pool, &store).await;
    first.kill().await;
    shop.trade(30).await;
    let second = Running::start(&pool, &store, long);
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    second.stop().await;
}

/// Two that both believe to be alone steal each other's lanes all the time, in the middle of batches too.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn stealing_leases_loses_and_doubles_nothing(pool: PgPool) {
    let store = open(&pool).await;
    let mut shop = Shop::new(store.clone(), 7);
    shop.trade(50).await;
    let running = Running::start(&pool, &store, Config { batch: 50, ..quick() });
    let stolen = async || -> i64 {
        sqlx::query_scalar("SELECT sum(fence)::bigint FROM projection_lease")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    let thief = async {
        for _ in 0..20 {
            let before = stolen().await;
            let thief = Running::start(
                &pool,
                &store,
                Config {
                    sole: true,
                    batch: 30,
                    ..quick()
                },
            );
            let all = i64::try_from(projections::all().len()).unwrap();
            until("every read model has lost lanes", async || {
                stolen().await >= before + all
            })
            .await;
            thief.stop().await;
        }
    };
    tokio::join!(thief, shop.trade(150));
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    running.stop().await;
}

/// A read model whose table somebody holds waits. The others do not wait for it.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_read_model_that_is_held_up_holds_up_no_other(pool: PgPool) {
    let store = open(&pool).await;
    let mut shop = Shop::new(store.clone(), 8);
    shop.trade(20).await;
    let running = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE orders_v1 IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *holder)
        .await
        .unwrap();
    shop.trade(60).await;
    let heads = store.log().heads().await.unwrap();
    until("all others are up to date", async || {
        let status = projections::status(&pool).await.unwrap();
        let (held, others): (Vec<_>, Vec<_>) = status.iter().partition(|status| status.name == "orders");
        assert!(held[0].lag_events > 0);
        others.iter().all(|status| status.positions.reached(&heads))
    })
    .await;
    holder.rollback().await.unwrap();
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    running.stop().await;
}
