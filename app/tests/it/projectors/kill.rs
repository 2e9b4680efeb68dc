//! Projectors that are killed, again and again, while events come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{ConnectOptions as _, PgPool};

use super::process::Process;
use crate::fold::expected;
use crate::shop::Shop;
use crate::support::{assert_same, open, settle, until, views};

/// How often a process dies.
const KILLS: usize = 8;

/// Everything that was ever projected, in all read models together.
async fn projected(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT coalesce(sum(position), 0)::bigint FROM projection_cursor")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// `company` projectors, one of which dies whenever a few more events have been projected, and is replaced.
async fn killed_under_load(pool: PgPool, company: usize, seed: u64) {
    let store = open(&pool).await;
    let url = pool.connect_options().to_url_lossy().to_string();
    let enough = Arc::new(AtomicBool::new(false));
    let traders: Vec<_> = (0..2)
        .map(|trader| {
            let (enough, mut shop) = (Arc::clone(&enough), Shop::new(store.clone(), seed * 10 + trader));
            tokio::spawn(async move {
                while !enough.load(Ordering::SeqCst) {
                    shop.trade(10).await;
                }
            })
        })
        .collect();
    let mut random = StdRng::seed_from_u64(seed);
    let mut processes: Vec<Process> = (0..company).map(|_| Process::start("projector", &url)).collect();
    for kill in 0..KILLS {
        let moment = projected(&pool).await + random.random_range(1..400);
        until(&format!("a moment to die, the {kill}th"), async || {
            projected(&pool).await >= moment
        })
        .await;
        let victim = random.random_range(0..company);
        processes.swap_remove(victim).kill();
        processes.push(Process::start("projector", &url));
    }
    enough.store(true, Ordering::SeqCst);
    for trader in traders {
        trader.await.unwrap();
    }
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    let parked: i64 = sqlx::query_scalar("SELECT count(*) FROM projection_dead_letter")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(parked, 0, "a death is no event's fault");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_lone_projector_that_is_killed_leaves_the_fold_of_the_events(pool: PgPool) {
    killed_under_load(pool, 1, 1).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_projector_that_is_killed_among_others_leaves_the_fold_of_the_events(pool: PgPool) {
    killed_under_load(pool, 4, 2).await;
}
