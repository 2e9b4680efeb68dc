//! Snapshots and upcasters.

use eventstore::{Config, SnapshotPolicy, Store, TransactError};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{
    Negative, Tally, TallyEvent, add, added, append, config, eventually, from_the_start, noted, open,
};

fn eager(revision: u32) -> Config {
    Config {
        snapshots: SnapshotPolicy {
            every: 10,
            revision,
            ..SnapshotPolicy::default()
        },
        ..config()
    }
}

async fn snapshot_version(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM stream_snapshots")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Ten events, a snapshot that says 1,000 more than they do (so that it shows whether it was used), and one event after it.
async fn with_marked_snapshot(pool: &PgPool) {
    let store = Store::open(pool.clone(), eager(1)).await.unwrap();
    append(&store, "tly_1", vec![added(1); 10]).await.unwrap();
    eventually("a snapshot", || async { snapshot_version(pool).await == 10 }).await;
    let marked = "UPDATE stream_snapshots SET state = replace(state, '\"total\":10', '\"total\":1010')";
    assert_eq!(sqlx::query(marked).execute(pool).await.unwrap().rows_affected(), 1);
    add(&store, "tly_1", 1).await.unwrap();
}

async fn loaded(pool: &PgPool, revision: u32) -> (i64, u64) {
    let store = Store::open(pool.clone(), eager(revision)).await.unwrap();
    let loaded = store.load::<Tally>("tly_1").await.unwrap();
    (loaded.aggregate.total, loaded.version)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_snapshot_is_used_and_the_events_after_it(pool: PgPool) {
    with_marked_snapshot(&pool).await;
    assert_eq!(loaded(&pool, 1).await, (1_011, 11));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_snapshot_of_another_schema_is_ignored_and_replaced(pool: PgPool) {
    with_marked_snapshot(&pool).await;
    assert_eq!(loaded(&pool, 2).await, (11, 11));
    let store = Store::open(pool.clone(), eager(2)).await.unwrap();
    add(&store, "tly_1", 1).await.unwrap();
    eventually("a new snapshot", || async { snapshot_version(&pool).await == 12 }).await;
    assert_eq!(loaded(&pool, 2).await, (12, 12));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_unreadable_snapshot_is_ignored(pool: PgPool) {
    with_marked_snapshot(&pool).await;
    sqlx::query("UPDATE stream_snapshots SET state = 'rubbish'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(loaded(&pool, 1).await, (11, 11));
    let store = Store::open(pool.clone(), eager(1)).await.unwrap();
    assert_eq!(add(&store, "tly_1", 1).await.unwrap().value, 12);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_snapshot_ahead_of_the_log_is_ignored(pool: PgPool) {
    with_marked_snapshot(&pool).await;
    sqlx::query("UPDATE stream_snapshots SET version = 99")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(loaded(&pool, 1).await, (11, 11));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn snapshots_grow_rarer_with_their_size(pool: PgPool) {
    let store = Store::open(pool.clone(), eager(1)).await.unwrap();
    append(&store, "tly_1", vec![noted("n".repeat(1_000)); 10])
        .await
        .unwrap();
    eventually("a snapshot", || async { snapshot_version(&pool).await == 10 }).await;
    // 10,000 bytes at 256 bytes an event: not before 39 more events.
    append(&store, "tly_1", vec![added(1); 38]).await.unwrap();
    store.close().await;
    assert_eq!(snapshot_version(&pool).await, 10);
    let store = Store::open(pool.clone(), eager(1)).await.unwrap();
    append(&store, "tly_1", vec![added(1); 2]).await.unwrap();
    store.close().await;
    assert_eq!(snapshot_version(&pool).await, 50);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn older_events_are_upcast_wherever_they_are_decoded(pool: PgPool) {
    add(&open(&pool).await, "tly_1", 7).await.unwrap();
    as_before(&pool, json!({"Added": {"count": "7"}}), "1.0").await;
    let store = open(&pool).await;
    assert_eq!(store.load::<Tally>("tly_1").await.unwrap().aggregate.total, 7);
    assert_eq!(add(&store, "tly_1", 1).await.unwrap().value, 8);
    let events = store.log().read(&from_the_start(&store), 10).await.unwrap();
    let decoded: Vec<TallyEvent> = events.iter().map(|event| event.decode().unwrap()).collect();
    assert_eq!(decoded, [added(7), added(1)]);
    let stored: Vec<&str> = events.iter().map(|event| &*event.event_version).collect();
    assert_eq!(stored, ["1.0", "2.0"], "what is stored stays");
    assert_eq!(&*events[0].payload, r#"{"Added": {"count": "7"}}"#);
}

/// Makes all events what another version of the program wrote.
async fn as_before(pool: &PgPool, payload: serde_json::Value, version: &str) {
    sqlx::query("UPDATE events SET event_version = $1, payload = $2")
        .bind(version)
        .bind(payload)
        .execute(pool)
        .await
        .unwrap();
}

/// It might mean something else since.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_of_a_version_to_come_is_refused_though_it_would_fit(pool: PgPool) {
    add(&open(&pool).await, "tly_1", 7).await.unwrap();
    as_before(&pool, json!({"Added": {"amount": 7}}), "3.0").await;
    let store = open(&pool).await;
    let told = "Added at tally/tly_1@1 does not decode: version 3.0 of Added is not known: the newest known one is 2.0";
    let refused = store.load::<Tally>("tly_1").await.unwrap_err();
    assert_eq!(eventstore::chain(&refused), told);
    let events = store.log().read(&from_the_start(&store), 10).await.unwrap();
    assert_eq!(eventstore::chain(&events[0].decode::<TallyEvent>().unwrap_err()), told);
    assert!(add(&store, "tly_1", 1).await.is_err());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stream_that_does_not_decode_fails_its_own_commands_only(pool: PgPool) {
    append(&open(&pool).await, "tly_bad", vec![added(1)]).await.unwrap();
    sqlx::query("UPDATE events SET payload = '{\"Unknown\":{}}'")
        .execute(&pool)
        .await
        .unwrap();
    let store = open(&pool).await;
    let (bad, good) = tokio::join!(add(&store, "tly_bad", 1), add(&store, "tly_good", 1));
    assert!(
        matches!(
            bad,
            Err(TransactError::<Negative>::Store(eventstore::Error::Decode { .. }))
        ),
        "{bad:?}"
    );
    assert_eq!(good.unwrap().value, 1);
}

/// Writes past the store, as somebody with SQL would: an event that nobody can read.
async fn poison(pool: &PgPool, id: &str) {
    sqlx::query(
        "WITH moved AS (UPDATE lanes l SET head = head + 1 FROM (SELECT lane FROM events WHERE aggregate_id = $1 LIMIT 1) e
                        WHERE l.lane = e.lane RETURNING l.lane, l.head)
         INSERT INTO events SELECT aggregate_type, aggregate_id, sequence + 1, event_type, event_version, '{\"Oops\": 1}', metadata, e.lane,
             moved.head, gen_random_uuid(), recorded_at, occurred_at, actor, correlation_id, causation_id
         FROM events e JOIN moved ON moved.lane = e.lane WHERE aggregate_id = $1 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(id)
    .execute(pool)
    .await
    .unwrap();
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stream_goes_on_without_an_event_that_nobody_can_read_once_an_operator_says_so(pool: PgPool) {
    let (store, other) = (open(&pool).await, open(&pool).await);
    add(&store, "tly_1", 5).await.unwrap();
    assert_eq!(store.unreadable::<Tally>("tly_1").await.unwrap(), None);
    for round in 1..=2 {
        poison(&pool, "tly_1").await;
        for store in [&store, &other] {
            let refused = add(store, "tly_1", 1).await;
            assert!(matches!(
                refused,
                Err(TransactError::<Negative>::Store(eventstore::Error::Decode { .. }))
            ));
            add(store, "tly_2", 1).await.unwrap();
        }
        let event = store.unreadable::<Tally>("tly_1").await.unwrap().unwrap();
        assert_eq!(event.sequence, 2 * round, "{event:?}");
        for _ in 0..2 {
            store
                .skip::<Tally>("tly_1", &event, "usr_operator", "written by hand")
                .await
                .unwrap();
        }
        assert_eq!(store.unreadable::<Tally>("tly_1").await.unwrap(), None);
        let added = add(&other, "tly_1", 1).await.unwrap();
        let round = i64::try_from(round).unwrap();
        assert_eq!(
            (added.value, added.version_of("tally", "tly_1")),
            (5 + round, Some(event.sequence + 1))
        );
        assert_eq!(store.load::<Tally>("tly_1").await.unwrap().aggregate.total, 5 + round);
    }
    // Whoever has it in memory goes on as well.
    assert_eq!(add(&store, "tly_1", 1).await.unwrap().value, 8);
    assert_eq!(add(&other, "tly_1", 1).await.unwrap().value, 9);
}
