//! Commands that run once.

use chrono::TimeDelta;
use eventstore::{Committed, IdempotencyError, Store, TransactError};
use futures::future::join_all;
use sqlx::PgPool;

use crate::support::{Outcome, Tally, add, add_by, key, open, plan};

async fn add_once(store: &Store, name: &str, hash: u8, amount: i64) -> Outcome {
    add_by(
        store,
        plan().write::<Tally>("tly_1").idempotency(key(name, hash)),
        "tly_1",
        amount,
    )
    .await
}

async fn total(store: &Store) -> i64 {
    store.load::<Tally>("tly_1").await.unwrap().aggregate.total
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repetition_gets_the_stored_outcome(pool: PgPool) {
    let store = open(&pool).await;
    let first = add_once(&store, "k", 1, 5).await.unwrap();
    add(&store, "tly_1", 10).await.unwrap();
    for store in [&store, &open(&pool).await] {
        let again = add_once(store, "k", 1, 5).await.unwrap();
        let stored: Committed<i64> = store.stored_outcome(&key("k", 1)).await.unwrap().unwrap();
        for replay in [again, stored] {
            assert!(replay.replayed);
            assert_eq!(
                (replay.value, &replay.versions, &replay.positions),
                (5, &first.versions, &first.positions)
            );
        }
    }
    assert_eq!(total(&store).await, 15);
    assert!(store.stored_outcome::<i64>(&key("other", 1)).await.unwrap().is_none());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_key_belongs_to_one_request(pool: PgPool) {
    let store = open(&pool).await;
    add_once(&store, "k", 1, 5).await.unwrap();
    let other = add_once(&store, "k", 2, 6).await;
    assert!(matches!(other, Err(TransactError::KeyReused)), "{other:?}");
    let stored = store.stored_outcome::<i64>(&key("k", 2)).await;
    assert!(matches!(stored, Err(IdempotencyError::KeyReused)), "{stored:?}");
    assert_eq!(total(&store).await, 5);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn concurrent_ones_run_once_in_and_between_processes(pool: PgPool) {
    let stores = [open(&pool).await, open(&pool).await];
    for round in 0..10 {
        let name = format!("k{round}");
        let outcomes = join_all((0..8).map(|n| add_once(&stores[n % 2], &name, 1, 1))).await;
        let fresh = outcomes
            .iter()
            .filter(|outcome| !outcome.as_ref().unwrap().replayed)
            .count();
        assert_eq!(fresh, 1);
        assert_eq!(total(&stores[0]).await, round + 1);
    }
}

/// A repetition must not be told that what it did before is impossible now.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repetition_that_would_be_refused_now_gets_the_stored_outcome(pool: PgPool) {
    let store = open(&pool).await;
    add(&store, "tly_1", 5).await.unwrap();
    add_once(&store, "all", 1, -5).await.unwrap();
    assert_eq!(add_once(&store, "all", 1, -5).await.unwrap().value, 0);

    let expecting = || {
        plan()
            .write::<Tally>("tly_1")
            .expect_version(2)
            .idempotency(key("if-match", 1))
    };
    add_by(&store, expecting(), "tly_1", 1).await.unwrap();
    assert!(add_by(&store, expecting(), "tly_1", 1).await.unwrap().replayed);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn rejections_are_not_stored_and_outcomes_can_be_purged(pool: PgPool) {
    let store = open(&pool).await;
    let rejected = add_once(&store, "k", 1, -1).await;
    assert!(matches!(rejected, Err(TransactError::Rejected(_))), "{rejected:?}");
    add(&store, "tly_1", 1).await.unwrap();
    assert!(!add_once(&store, "k", 1, -1).await.unwrap().replayed);

    let recorded_at = store.log().stream("tally", "tly_1").await.unwrap()[1].recorded_at;
    assert_eq!(store.purge_idempotency(recorded_at).await.unwrap(), 0);
    assert_eq!(
        store
            .purge_idempotency(recorded_at + TimeDelta::seconds(1))
            .await
            .unwrap(),
        1
    );
    assert!(store.stored_outcome::<i64>(&key("k", 1)).await.unwrap().is_none());
}
