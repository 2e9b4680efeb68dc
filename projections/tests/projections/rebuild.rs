use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use eventstore::{Positions, Store};
use projections::{Error, Options, Phase, State, rebuild};
use sqlx::PgPool;

use crate::fold::expected;
use crate::shop::Shop;
use crate::support::{Running, VIEWS, assert_same, open, quick, settle, views};

async fn rebuilt(pool: &PgPool, store: &Store, name: &str) -> Result<projections::Rebuilt, Error> {
    rebuild(pool, &store.log(), name, Options::default(), |_| {}).await
}

/// Versions and cursors of what serves.
async fn active(pool: &PgPool, name: &str) -> (i32, Positions) {
    let status = projections::status(pool).await.unwrap();
    let active = status
        .iter()
        .find(|status| status.name == name && status.state == State::Active)
        .unwrap();
    (active.version, active.positions.clone())
}

/// Reads the view over and over: it answers, its rows do not become fewer (nothing in this trade removes any), and the cursors that
/// reads wait for do not go back.
async fn watch(pool: PgPool, view: &'static str, name: &'static str, stop: Arc<AtomicBool>, reads: Arc<AtomicU64>) {
    let (mut rows, mut version, mut positions) = (0, 0, Positions::new());
    // Sums are booked again when more is known, and a row of zeros goes; the orders in them stay.
    let counted = match view {
        "sales" | "sales_month" => "coalesce(sum(orders) FILTER (WHERE dimension = 'total'), 0)::bigint",
        "sales_year" | "sales_customer_year" => "coalesce(sum(orders), 0)::bigint",
        _ => "count(*)",
    };
    while !stop.load(Ordering::Relaxed) {
        let seen: (i64, i64) = sqlx::query_as(&format!(
            "SELECT {counted}, count(*) FILTER (WHERE v IS NOT NULL) FROM {view} v"
        ))
        .fetch_one(&pool)
        .await
        .unwrap();
        assert!(seen.0 >= rows, "{view} went from {rows} to {} rows", seen.0);
        let now = active(&pool, name).await;
        assert!(now.0 >= version && now.1.reached(&positions), "{name} went back");
        (rows, version, positions) = (seen.0, now.0, now.1);
        reads.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn reads_never_fail_nor_go_back_while_everything_is_rebuilt_under_writes(pool: PgPool) {
    let store = open(&pool).await;
    Shop::new(store.clone(), 1).trade(100).await;
    let running = Running::start(&pool, &store, quick());
    let (stop, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut tasks = Vec::new();
    for (view, _) in VIEWS {
        let mut all = projections::all().iter();
        let owner = all.find(|projection| projection.tables().iter().any(|table| table.view == *view));
        let name = owner.unwrap().name();
        tasks.push(tokio::spawn(watch(
            pool.clone(),
            view,
            name,
            Arc::clone(&stop),
            Arc::clone(&reads),
        )));
    }
    for seed in 2..4 {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        tasks.push(tokio::spawn(async move {
            let mut shop = Shop::new(store, seed);
            while !stop.load(Ordering::Relaxed) {
                shop.trade(5).await;
                tokio::time::sleep(Duration::from_millis(5)).await; // leaves the others some of the machine
            }
        }));
    }
    for round in 2..4 {
        for projection in projections::all() {
            let rebuilt = rebuilt(&pool, &store, projection.name()).await.unwrap();
            assert_eq!((rebuilt.version, rebuilt.verified), (round, true));
        }
    }
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 100);
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    running.stop().await;
    // What served before is gone.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname ~ '_v[0-9]+$' ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut last: Vec<String> = VIEWS.iter().map(|(view, _)| format!("{view}_v3")).collect();
    last.sort();
    assert_eq!(tables, last);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn difference_is_told_and_switched_to_only_by_force(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    Shop::new(store.clone(), 8).trade(60).await;
    settle(&pool, &store).await;
    running.stop().await;
    let (id,): (String,) = sqlx::query_as(
        "UPDATE orders_v1 SET total = total + 1 WHERE id = (SELECT min(id) FROM orders_v1) RETURNING id",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let refused = rebuilt(&pool, &store, "orders").await.unwrap_err();
    let Error::Differs {
        differences, parked: 0, ..
    } = &refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!((differences.len(), differences[0].differing), (1, 1));
    assert_eq!(differences[0].examples, std::slice::from_ref(&id));
    assert_eq!(active(&pool, "orders").await.0, 1);
    assert_eq!(
        projections::status(&pool).await.unwrap().len(),
        projections::all().len()
    );

    let forced = Options {
        force: true,
        ..Options::default()
    };
    let forced = rebuild(&pool, &store.log(), "orders", forced, |_| {}).await.unwrap();
    assert_eq!((forced.version, forced.differences.len()), (3, 1));
    assert_same(&views(&pool).await, &expected(&pool).await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn rebuild_that_was_cut_off_is_continued(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    let mut shop = Shop::new(store.clone(), 10);
    shop.trade(80).await;
    settle(&pool, &store).await;
    for (cut, name) in [
        (Phase::Copy, "sales"),
        (Phase::Index, "orders"),
        (Phase::CatchUp, "stock"),
        (Phase::Verify, "audit"),
    ] {
        // Dropped as soon as it comes to the phase.
        let (reached, mut cut_off) = tokio::sync::mpsc::unbounded_channel();
        let log = store.log();
        let doomed = rebuild(&pool, &log, name, Options::default(), |progress| {
            if progress.phase == cut {
                reached.send(()).unwrap();
            }
        });
        tokio::select! {
            biased;
            _ = cut_off.recv() => {}
            rebuilt = doomed => { rebuilt.unwrap(); }
        }
        shop.trade(20).await;
        settle(&pool, &store).await;
        let claimed = rebuilt(&pool, &store, name).await;
        if let Err(error) = claimed {
            // As if its lease had run out. The server may not yet have ended the transaction that was cut off, which holds the lease.
            assert!(matches!(error, Error::Building { .. }), "{error:?}");
            sqlx::query("UPDATE projection_rebuild SET lease_until = now() - interval '1 second'")
                .execute(&pool)
                .await
                .unwrap();
            while let Err(error) = rebuilt(&pool, &store, name).await {
                assert!(matches!(error, Error::Building { .. }), "{error:?}");
            }
        }
        assert!(active(&pool, name).await.0 > 1);
        assert_same(&views(&pool).await, &expected(&pool).await);
    }
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn unknown_and_busy_projections_are_refused(pool: PgPool) {
    let store = open(&pool).await;
    let unknown = rebuilt(&pool, &store, "order").await.unwrap_err();
    let known: Vec<_> = projections::all().iter().map(|known| known.name()).collect();
    assert_eq!(
        unknown.to_string(),
        format!("there is no projection \"order\"; there are {}", known.join(", "))
    );
    let both = tokio::join!(rebuilt(&pool, &store, "users"), rebuilt(&pool, &store, "users"));
    let versions: Vec<i32> = [both.0, both.1]
        .into_iter()
        .flatten()
        .map(|rebuilt| rebuilt.version)
        .collect();
    assert!(!versions.is_empty());
    assert_eq!(active(&pool, "users").await.0, *versions.iter().max().unwrap());
}
