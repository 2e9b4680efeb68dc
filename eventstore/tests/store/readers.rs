//! Readers of the log beside writers.

use std::time::Duration;

use eventstore::{Config, Positions, Store};
use futures::StreamExt;
use futures::future::join_all;
use sqlx::PgPool;

use crate::support::{Tally, add, add_by, added, append, assert_dense, config, from_the_start, open, plan, read_on};

const WRITERS: usize = 32;
const APPENDS: usize = 25;

/// Reads until `count` events have come by.
async fn tail(store: &Store, count: usize) -> Vec<eventstore::Recorded> {
    let log = store.log();
    let mut batches = Box::pin(log.subscribe(from_the_start(store)));
    let mut events = Vec::new();
    while events.len() < count {
        events.extend(batches.next().await.unwrap().unwrap());
    }
    events
}

/// 32 writers in two processes' stores, and readers of each: in memory, by polling, and with a window too small for either.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn readers_miss_nothing_of_32_writers_and_see_nothing_twice(pool: PgPool) {
    let near_sighted = Config {
        tail_events: 16,
        ..config()
    };
    let stores = [
        open(&pool).await,
        Store::open(pool.clone(), near_sighted).await.unwrap(),
    ];
    let onlooker = open(&pool).await;
    let write = |writer: usize| {
        let stores = &stores;
        async move {
            for n in 0..APPENDS {
                // Streams shared by writers of both stores, and one's own.
                let id = if n % 3 == 0 {
                    format!("tly_shared_{}", n % 4)
                } else {
                    format!("tly_{writer}_{}", n % 5)
                };
                append(&stores[writer % 2], &id, vec![added(1); 1 + n % 3])
                    .await
                    .unwrap();
            }
        }
    };
    let count = WRITERS * (0..APPENDS).map(|n| 1 + n % 3).sum::<usize>();
    let readers = join_all([&stores[0], &stores[1], &onlooker].map(|store| tail(store, count)));
    let (seen, _) = tokio::join!(readers, join_all((0..WRITERS).map(write)));
    for events in seen {
        assert_eq!(events.len(), count);
        assert_dense(&events);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_stores_write_the_same_streams(pool: PgPool) {
    let stores = [open(&pool).await, open(&pool).await];
    let adds = (0..200).map(|n| add(&stores[n % 2], ["tly_a", "tly_b", "tly_c"][n % 3], 1));
    assert!(join_all(adds).await.iter().all(Result::is_ok));
    let mut sum = 0;
    for id in ["tly_a", "tly_b", "tly_c"] {
        let loaded = stores[0].load::<Tally>(id).await.unwrap();
        assert_eq!(loaded.aggregate.total, i64::try_from(loaded.version).unwrap());
        sum += loaded.version;
    }
    assert_eq!(sum, 200);
}

/// A decision sees what another process committed before, also when it only says no because of it.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stale_cache_decides_nothing(pool: PgPool) {
    let (store, other) = (open(&pool).await, open(&pool).await);
    add(&store, "tly_1", 1).await.unwrap();
    add(&other, "tly_1", 9).await.unwrap();
    assert_eq!(add(&store, "tly_1", -10).await.unwrap().value, 0);
    add(&other, "tly_1", 5).await.unwrap();
    let knowing = add_by(&store, plan().write::<Tally>("tly_1").expect_version(4), "tly_1", 1).await;
    assert_eq!(knowing.unwrap().value, 6);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_long_transaction_elsewhere_delays_no_reader(pool: PgPool) {
    let store = open(&pool).await;
    let mut long = pool.begin().await.unwrap();
    sqlx::query("CREATE TABLE elsewhere AS SELECT pg_current_xact_id()")
        .execute(&mut *long)
        .await
        .unwrap();
    add(&store, "tly_1", 1).await.unwrap();
    let far = open(&pool).await;
    assert_eq!(read_on(&far.log(), &mut from_the_start(&far), 10).await.len(), 1);
    assert_eq!(read_on(&store.log(), &mut from_the_start(&store), 10).await.len(), 1);
    long.rollback().await.unwrap();
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn waiting_ends_when_another_process_writes(pool: PgPool) {
    let (store, other) = (open(&pool).await, open(&pool).await);
    let log = store.log();
    let heads = log.heads().await.unwrap();
    let (written, waited) = tokio::join!(
        add(&other, "tly_1", 1),
        tokio::time::timeout(Duration::from_secs(30), log.wait(&heads))
    );
    waited.unwrap();
    let token = written.unwrap().token();
    assert!(log.heads().await.unwrap().reached(&token));
    assert_eq!(token.to_string().parse::<Positions>().unwrap(), token);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_limit_is_shared_by_the_lanes_that_go_on(pool: PgPool) {
    let store = open(&pool).await;
    append(&store, "tly_hot", vec![added(1); 100]).await.unwrap();
    add(&store, "tly_a", 1).await.unwrap();
    add(&store, "tly_b", 1).await.unwrap();
    for reader in [store.log(), open(&pool).await.log()] {
        let events = reader.read(&from_the_start(&store), 50).await.unwrap();
        assert_eq!(events.len(), 50);
        assert_eq!(
            events.iter().filter(|event| &*event.aggregate_id == "tly_hot").count(),
            48
        );
        assert_eq!(reader.read(&from_the_start(&store), 1).await.unwrap().len(), 3);
    }
}
