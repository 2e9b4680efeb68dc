//! What a command can do, and what it leaves behind.

use crate::support::{Negative, Tally, add, add_by, append, assert_dense, from_the_start, noted, open, plan, read_on};
use chrono::{DateTime, TimeDelta};
use eventstore::{Error, StreamKey, TransactError};
use futures::future::join_all;
use sqlx::PgPool;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn records_what_is_known_about_an_event(pool: PgPool) {
    let store = open(&pool).await;
    let occurred_at = DateTime::from_timestamp(1_291_190_760, 0).unwrap();
    let by = plan()
        .create::<Tally>("tly_1")
        .occurred_at(occurred_at)
        .annotation("source", "test");
    let committed = add_by(&store, by, "tly_1", 5).await.unwrap();

    assert_eq!((committed.value, committed.replayed), (5, false));
    assert_eq!(committed.versions, [(StreamKey::new("tally", "tly_1"), 1)]);
    assert_eq!(committed.positions, [(store.lane_of("tly_1"), 1)]);
    let from_memory = read_on(&store.log(), &mut from_the_start(&store), 10).await;
    let from_table = store.log().stream("tally", "tly_1").await.unwrap();
    for event in from_memory.iter().chain(&from_table) {
        assert_eq!(
            (event.lane, event.position, event.sequence),
            (store.lane_of("tly_1"), 1, 1)
        );
        assert_eq!((&*event.aggregate_type, &*event.aggregate_id), ("tally", "tly_1"));
        assert_eq!((&*event.event_type, &*event.event_version), ("Added", "2.0"));
        assert_eq!(&*event.payload, r#"{"Added":{"amount":5}}"#);
        assert_eq!(&*event.metadata, r#"{"request_id":"req_test","source":"test"}"#);
        assert_eq!((&*event.actor, &*event.request_id), ("usr_test", "req_test"));
        assert_eq!(
            (event.correlation_id.as_u128(), event.causation_id.unwrap().as_u128()),
            (1, 2)
        );
        assert_eq!(event.occurred_at, occurred_at);
        assert!(event.recorded_at > occurred_at + TimeDelta::days(1));
        assert_eq!(event.event_id, from_table[0].event_id);
    }
    assert_eq!((from_memory.len(), from_table.len()), (1, 1));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn appends_to_many_streams_or_to_none(pool: PgPool) {
    let store = open(&pool).await;
    add(&store, "tly_from", 10).await.unwrap();
    let transfer = |amount: i64| {
        let plan = plan().write::<Tally>("tly_from").create::<Tally>("tly_to");
        store.transact::<(), Negative, _>(plan, move |transaction| {
            let out = transaction.state::<Tally>("tly_from").decide(-amount);
            let into = transaction.state::<Tally>("tly_to").decide(amount)?;
            transaction.append::<Tally>("tly_to", into);
            transaction.append::<Tally>("tly_from", out?);
            Ok(())
        })
    };
    let refused = transfer(11).await;
    assert!(
        matches!(refused, Err(TransactError::Rejected(Negative(-1)))),
        "{refused:?}"
    );
    assert_eq!(store.load::<Tally>("tly_to").await.unwrap().version, 0);

    assert_eq!(transfer(7).await.unwrap().versions.len(), 2);
    assert_eq!(store.load::<Tally>("tly_from").await.unwrap().aggregate.total, 3);
    assert_eq!(store.load::<Tally>("tly_to").await.unwrap().aggregate.total, 7);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_hot_stream_is_folded_in_memory(pool: PgPool) {
    let store = open(&pool).await;
    add(&store, "tly_hot", 60).await.unwrap();
    let buyers = (0..100).map(|_| add(&store, "tly_hot", -1));
    let sold = join_all(buyers).await.into_iter().flatten().count();
    assert_eq!(sold, 60);
    let left = store.load::<Tally>("tly_hot").await.unwrap();
    assert_eq!((left.aggregate.total, left.version), (0, 61));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn expected_versions_fail_alone(pool: PgPool) {
    let store = open(&pool).await;
    add(&store, "tly_1", 1).await.unwrap();
    let expecting = |version| {
        add_by(
            &store,
            plan().write::<Tally>("tly_1").expect_version(version),
            "tly_1",
            1,
        )
    };
    let outcomes = join_all([0, 1, 1, 2, 9].map(expecting)).await;
    let versions: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(committed) => Ok(committed.versions[0].1),
            Err(TransactError::VersionMismatch { actual, .. }) => Err(*actual),
            Err(other) => panic!("{other}"),
        })
        .collect();
    assert_eq!(versions, [Err(1), Ok(2), Err(2), Ok(3), Err(3)]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn create_of_an_existing_stream_decides_on_what_it_holds(pool: PgPool) {
    let (store, other) = (open(&pool).await, open(&pool).await);
    add(&other, "tly_1", 5).await.unwrap();
    let claim = |store| {
        let claim = |transaction: &mut eventstore::Transaction<'_>| match transaction.version::<Tally>("tly_1") {
            0 => Ok(()),
            taken => Err(Negative(i64::try_from(taken).unwrap())),
        };
        eventstore::Store::transact::<(), _, _>(store, plan().create::<Tally>("tly_1"), claim)
    };
    let claimed = claim(&store).await;
    assert!(
        matches!(claimed, Err(TransactError::Rejected(Negative(1)))),
        "{claimed:?}"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn misuse_of_the_plan_is_an_error_and_nothing_more(pool: PgPool) {
    let store = open(&pool).await;
    let run = |plan, id: &'static str, twice: bool| {
        store.transact::<i64, Negative, _>(plan, move |transaction| {
            for _ in 0..=i32::from(twice) {
                transaction.append::<Tally>(id, vec![crate::support::added(1)]);
            }
            Ok(transaction.state::<Tally>(id).total)
        })
    };
    for outcome in [
        run(plan().write::<Tally>("a"), "b", false).await,
        run(plan().guard::<Tally>("a"), "a", false).await,
        run(plan().write::<Tally>("a"), "a", true).await,
        run(plan().write::<Tally>("a").read::<Tally>("a"), "a", false).await,
        run(plan().expect_version(1).write::<Tally>("a"), "a", false).await,
    ] {
        assert!(matches!(outcome, Err(TransactError::Plan(_))), "{outcome:?}");
    }
    let panics = |_: &mut eventstore::Transaction<'_>| -> Result<(), Negative> { panic!("in the test") };
    let panicked = store.transact(plan().write::<Tally>("a"), panics).await;
    assert!(matches!(panicked, Err(TransactError::Plan(_))), "{panicked:?}");
    assert_eq!(add(&store, "a", 1).await.unwrap().versions[0].1, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_poison_command_in_a_hundred_fails_alone(pool: PgPool) {
    let store = open(&pool).await;
    // PostgreSQL cannot index an id of this length.
    let too_long = (0..4_000_u64)
        .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string())
        .collect::<Vec<_>>()
        .concat();
    let ids: Vec<String> = (0..100)
        .map(|n| {
            if n == 37 {
                too_long.clone()
            } else {
                format!("tly_{}", n % 20)
            }
        })
        .collect();
    let outcomes = join_all(ids.iter().map(|id| add(&store, id, 1))).await;
    for (id, outcome) in ids.iter().zip(outcomes) {
        match outcome {
            Ok(_) => assert_ne!(*id, too_long),
            Err(TransactError::Store(Error::Database(_))) => assert_eq!(*id, too_long),
            Err(other) => panic!("{other}"),
        }
    }
    let events = read_on(&store.log(), &mut from_the_start(&store), 1_000).await;
    assert_eq!(events.len(), 99);
    assert_dense(&events);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nul_characters_are_kept_in_events_and_refused_elsewhere(pool: PgPool) {
    let store = open(&pool).await;
    append(&store, "tly_1", vec![noted("a\0b")]).await.unwrap();
    let unstorable = append(&store, "tly_\0", vec![noted("a")]).await;
    assert!(matches!(unstorable, Err(TransactError::Invalid(_))), "{unstorable:?}");

    let fresh = open(&pool).await;
    assert_eq!(fresh.load::<Tally>("tly_1").await.unwrap().aggregate.notes, ["a\0b"]);
    let events = read_on(&fresh.log(), &mut from_the_start(&fresh), 10).await;
    assert_eq!(events[0].decode::<crate::support::TallyEvent>().unwrap(), noted("a\0b"));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_megabyte_in_one_event(pool: PgPool) {
    let store = open(&pool).await;
    let big = "ü".repeat(1 << 19);
    let appends = (0..4).map(|n| append(&store, if n % 2 == 0 { "tly_a" } else { "tly_b" }, vec![noted(&big)]));
    assert!(join_all(appends).await.iter().all(Result::is_ok));
    let fresh = open(&pool).await;
    assert_eq!(
        fresh.load::<Tally>("tly_a").await.unwrap().aggregate.notes,
        [big.clone(), big]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stream_of_ten_thousand_events(pool: PgPool) {
    let store = open(&pool).await;
    for _ in 0..10 {
        append(&store, "tly_long", vec![crate::support::added(1); 1_000])
            .await
            .unwrap();
    }
    let fresh = open(&pool).await;
    let long = fresh.load::<Tally>("tly_long").await.unwrap();
    assert_eq!((long.aggregate.total, long.version), (10_000, 10_000));
    assert_eq!(add(&fresh, "tly_long", 1).await.unwrap().versions[0].1, 10_001);
    let events = read_on(&fresh.log(), &mut from_the_start(&fresh), 700).await;
    assert_eq!(events.len(), 10_001);
    assert_dense(&events);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_full_queue_refuses_at_once(pool: PgPool) {
    let config = eventstore::Config {
        queue_capacity: 8,
        ..crate::support::config()
    };
    let store = eventstore::Store::open(pool.clone(), config).await.unwrap();
    add(&store, "tly_1", 1).await.unwrap();
    // Nothing commits as long as the lane is locked elsewhere.
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM lanes FOR UPDATE")
        .execute(&mut *lock)
        .await
        .unwrap();
    let mut waiting: Vec<_> = Vec::new();
    let refused = loop {
        let mut adding = Box::pin({
            let store = store.clone();
            async move { add(&store, "tly_1", 1).await }
        });
        match futures::poll!(&mut adding) {
            std::task::Poll::Ready(outcome) => break outcome,
            std::task::Poll::Pending => waiting.push(adding),
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(refused, Err(TransactError::Overloaded { .. })), "{refused:?}");
    assert!(waiting.len() >= 8);
    lock.rollback().await.unwrap();
    assert!(join_all(waiting).await.iter().all(Result::is_ok));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn closing_carries_out_what_waits_and_refuses_the_rest(pool: PgPool) {
    let store = open(&pool).await;
    let (outcomes, ()) = tokio::join!(join_all((0..50).map(|_| add(&store, "tly_1", 1))), async {
        tokio::task::yield_now().await;
        store.close().await;
    });
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(matches!(add(&store, "tly_1", 1).await, Err(TransactError::Closed)));
}
