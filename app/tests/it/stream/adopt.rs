//! `tillroll stream adopt`, beside the stock repository of postgres-es.

use cqrs_es::persist::{PersistedEventRepository as _, SerializedEvent};
use domain::stock::Stock;
use postgres_es::PostgresEventRepository;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{stocked, text, tillroll};

/// A stream as the stock repository of postgres-es writes it.
async fn theirs<A: cqrs_es::Aggregate>(
    repository: &PostgresEventRepository,
    id: &str,
    first: usize,
    payloads: &[Value],
) {
    let events: Vec<_> = (first..)
        .zip(payloads)
        .map(|(sequence, payload)| SerializedEvent {
            aggregate_id: id.to_owned(),
            sequence,
            aggregate_type: A::TYPE.to_owned(),
            event_type: payload.as_object().unwrap().keys().next().unwrap().clone(),
            event_version: "1.0".to_owned(),
            payload: payload.clone(),
            metadata: json!({"tenant": "t"}),
        })
        .collect();
    repository.persist::<A>(&events, None).await.unwrap();
}

/// An aggregate of somebody else's service.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Ticket;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum TicketEvent {
    Opened { by: String },
}

impl cqrs_es::DomainEvent for TicketEvent {
    fn event_type(&self) -> String {
        "Opened".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl cqrs_es::Aggregate for Ticket {
    const TYPE: &'static str = "ticket";
    type Command = ();
    type Event = TicketEvent;
    type Error = std::fmt::Error;
    type Services = ();

    async fn handle(
        &mut self,
        (): (),
        (): &(),
        _: &cqrs_es::event_sink::EventSink<Self>,
    ) -> Result<(), std::fmt::Error> {
        Ok(())
    }

    fn apply(&mut self, _: TicketEvent) {}
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_streams_of_a_service_on_postgres_es_are_adopted_once_and_read_by_it_again(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    sqlx::query(
        "CREATE TABLE their_events (aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint NOT NULL,
             event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
             PRIMARY KEY (aggregate_type, aggregate_id, sequence))",
    )
    .execute(&pool)
    .await
    .unwrap();
    let repository = |table: &str| PostgresEventRepository::new(pool.clone()).with_tables(table, "their_snapshots");
    let old = repository("their_events");
    let (good, bad) = (
        "prod_00000000-0000-7000-8000-000000000001",
        "prod_00000000-0000-7000-8000-000000000002",
    );
    let received = |quantity: u32| json!({"StockReceived": {"quantity": quantity}});
    theirs::<Stock>(&old, good, 1, &[received(3), received(4)]).await;
    theirs::<Stock>(
        &old,
        bad,
        1,
        &[received(1), json!({"StockReceived": {"quantity": "all"}})],
    )
    .await;
    let opened = |by: &str| json!({"Opened": {"by": by}});
    theirs::<Ticket>(&old, "T-1", 1, &[opened("ann"), opened("bob")]).await;
    theirs::<Ticket>(&old, "T-2", 2, &[opened("eve")]).await;
    let adopt = || {
        let run = tillroll(&["stream", "adopt", "their_events"], Some(&pool), folder.path());
        (run.status.code(), text(&run.stdout).to_owned())
    };

    let (code, printed) = adopt();
    assert_eq!(code, Some(1), "{printed}");
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        lines[0].starts_with(&format!(
            "REFUSED    stock/{bad}: event 2 (StockReceived) cannot be understood: "
        )),
        "{printed}"
    );
    assert_eq!(
        lines[1..],
        [
            "REFUSED    ticket/T-2: event 1 is missing: 2 comes next",
            "4 events of 2 streams adopted, 0 streams are as they were, 2 refused"
        ]
    );
    let count = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    assert_eq!(count().await, 4, "nothing of the refused streams");
    assert!(
        adopt()
            .1
            .ends_with("0 events of 0 streams adopted, 2 streams are as they were, 2 refused\n")
    );
    assert_eq!(count().await, 4);

    // They read it back through the view as they read their own table.
    let view = repository("postgres_es_events");
    for id in ["T-1", "T-2"] {
        let (before, now) = (
            old.get_events::<Ticket>(id).await.unwrap(),
            view.get_events::<Ticket>(id).await.unwrap(),
        );
        let taken = if id == "T-1" { &before[..] } else { &[] };
        assert_eq!(now, taken);
    }
    let now = view.get_events::<Stock>(good).await.unwrap();
    assert_eq!(now, old.get_events::<Stock>(good).await.unwrap());

    // It is a stream like any other: it goes on, and what came to the old table since is taken too, unless it contradicts.
    theirs::<Ticket>(&old, "T-1", 3, &[opened("cid")]).await;
    let (_, printed) = adopt();
    assert!(
        printed.ends_with("1 events of 1 streams adopted, 1 streams are as they were, 2 refused\n"),
        "{printed}"
    );
    stocked(&pool, good).await;
    assert_eq!(view.get_events::<Stock>(good).await.unwrap().len(), 5);
    assert!(
        adopt()
            .1
            .ends_with("0 events of 0 streams adopted, 2 streams are as they were, 2 refused\n")
    );
    theirs::<Stock>(&old, good, 3, &[received(9)]).await;
    let (_, printed) = adopt();
    assert!(
        printed.contains(&format!(
            "REFUSED    stock/{good}: the log has another event 3 in this stream\n"
        )),
        "{printed}"
    );
    let dense: bool = sqlx::query_scalar(
        "SELECT bool_and(head = (SELECT count(*) FROM events e WHERE e.lane = l.lane)
             AND head = (SELECT coalesce(max(position), 0) FROM events e WHERE e.lane = l.lane)) FROM lanes l",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(dense);

    for (table, message) in [
        ("nowhere", "there is no table nowhere"),
        ("events", "events is the log itself"),
    ] {
        let run = tillroll(&["stream", "adopt", table], Some(&pool), folder.path());
        assert_eq!(
            (run.status.code(), text(&run.stderr)),
            (Some(1), &*format!("tillroll: {message}\n"))
        );
    }
}
