//! The store beneath cqrs-es, and beside postgres-es.

use std::collections::HashMap;

use cqrs_es::persist::PersistedEventRepository;
use cqrs_es::persist::SerializedEvent;
use cqrs_es::test::TestFramework;
use cqrs_es::{AggregateContext, AggregateError, CqrsFramework, EventStore};
use postgres_es::PostgresEventRepository;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Negative, Tally, TallyCommand, add, added, open};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn cqrs_framework_runs_on_it(pool: PgPool) {
    let store = open(&pool).await;
    let framework = CqrsFramework::new(store.aggregate::<Tally>(), Vec::new(), ());
    framework.execute("tly_1", TallyCommand::Add(3)).await.unwrap();
    let metadata = HashMap::from([
        ("actor".to_owned(), "usr_1".to_owned()),
        ("tenant".to_owned(), "t".to_owned()),
    ]);
    framework
        .execute_with_metadata("tly_1", TallyCommand::Add(4), metadata)
        .await
        .unwrap();
    let refused = framework.execute("tly_1", TallyCommand::Add(-8)).await;
    assert!(matches!(refused, Err(AggregateError::UserError(Negative(-1)))));

    assert_eq!(store.load::<Tally>("tly_1").await.unwrap().aggregate.total, 7);
    let events = store.aggregate::<Tally>().load_events("tly_1").await.unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!((events[1].sequence, &events[1].payload), (2, &added(4)));
    assert_eq!(events[1].metadata["tenant"], "t");
    assert_eq!(events[1].metadata["$position"], "2");
    assert_eq!(&*store.log().stream("tally", "tly_1").await.unwrap()[1].actor, "usr_1");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_commit_on_a_version_that_is_gone_is_a_conflict(pool: PgPool) {
    let store = open(&pool).await;
    let tallies = store.aggregate::<Tally>();
    let mut late = tallies.load_aggregate("tly_1").await.unwrap();
    late.aggregate().total += 1;
    let committed = tallies
        .commit(vec![added(1), added(2)], late.clone(), HashMap::new())
        .await
        .unwrap();
    let stored = tallies.load_events("tly_1").await.unwrap();
    for (fresh, stored) in committed.iter().zip(&stored) {
        for name in ["$lane", "$position", "$event_id"] {
            assert_eq!(fresh.metadata[name], stored.metadata[name]);
        }
        assert_eq!(fresh.sequence, stored.sequence);
    }
    let lost = tallies.commit(vec![added(1)], late, HashMap::new()).await;
    assert!(matches!(lost, Err(AggregateError::AggregateConflict)), "{lost:?}");
}

#[test]
fn test_framework_tests_the_same_aggregate() {
    TestFramework::<Tally>::with(())
        .given(vec![added(1)])
        .when(TallyCommand::Add(2))
        .then_expect_events(vec![added(2)]);
    TestFramework::<Tally>::with(())
        .given_no_previous_events()
        .when(TallyCommand::Add(-1))
        .then_expect_error(Negative(-1));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_stock_repository_reads_the_table_but_cannot_write_it(pool: PgPool) {
    let store = open(&pool).await;
    add(&store, "tly_1", 1).await.unwrap();
    add(&store, "tly_1", 2).await.unwrap();
    let repository = PostgresEventRepository::new(pool.clone());
    let events = repository.get_events::<Tally>("tly_1").await.unwrap();
    let payloads: Vec<_> = events
        .iter()
        .map(|event| (event.sequence, event.payload.clone()))
        .collect();
    assert_eq!(
        payloads,
        [
            (1, json!({"Added": {"amount": 1}})),
            (2, json!({"Added": {"amount": 2}}))
        ]
    );

    let event = SerializedEvent {
        sequence: 3,
        ..events[1].clone()
    };
    let refused = repository.persist::<Tally>(&[event], None).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("null value in column \"lane\"")
    );
    assert_eq!(store.load::<Tally>("tly_1").await.unwrap().version, 2);
}
