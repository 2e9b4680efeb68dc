use serde_json::{Value, json};
use sqlx::PgPool;
use std::fmt;

use cqrs_es::{Aggregate, DomainEvent};
use domain::order::OrderEvent;
use eventstore::{Entry, Event, Plan, Registered, Store, Touched};
use projections::{Filter, Options, ParkedOrder, ParkedState, Start, parked, rebuild};
use serde::{Deserialize, Serialize};

use crate::shop::{Kind, Shop, append, metadata};
use crate::support::{Running, open, quick, settle};

/// An event of an order that nobody can read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unreadable(Value);

impl DomainEvent for Unreadable {
    fn event_type(&self) -> String {
        "OrderPlaced".to_owned()
    }

    fn event_version(&self) -> String {
        Self::ENTRY.event("OrderPlaced").unwrap().stored_version()
    }
}

impl Event for Unreadable {
    const ENTRY: &'static Entry = OrderEvent::ENTRY;

    fn touches(&self) -> Touched {
        Touched::new()
    }
}

impl Registered for Garbled {}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Garbled;

#[derive(Debug)]
struct Never;

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Never {}

impl Aggregate for Garbled {
    const TYPE: &'static str = "order";
    type Command = ();
    type Event = Unreadable;
    type Error = Never;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &cqrs_es::event_sink::EventSink<Self>) -> Result<(), Never> {
        Ok(())
    }

    fn apply(&mut self, _: Unreadable) {}
}

pub(crate) async fn garble(store: &Store, id: &str, payload: Value) {
    let (plan, id) = (Plan::new(metadata()).write::<Garbled>(id), id.to_owned());
    let written = store.transact(plan, move |tx| {
        tx.append::<Garbled>(&id, vec![Unreadable(payload.clone())]);
        Ok::<_, ()>(())
    });
    written.await.unwrap();
}

pub(crate) fn placed(id: &str, name: &str) -> Value {
    json!({"OrderPlaced": {
        "order_id": id, "number": 1, "customer_id": "usr_00000000-0000-0000-0000-000000000001", "currency": "GBP",
        "lines": [{"product_id": "prod_00000000-0000-0000-0000-000000000001", "sku": "A", "name": name, "category": "",
                   "quantity": 1, "unit_price": 5, "total": 5}],
        "total": 5, "placed_at": "2026-01-01T00:00:00Z"}})
}

/// What a read model does not show: names and states.
pub(crate) async fn left_out(pool: &PgPool, projection: &str) -> Vec<(String, ParkedState)> {
    let filter = Filter {
        projection: Some(projection.to_owned()),
        ..Filter::default()
    };
    let events = parked(pool, &filter, ParkedOrder::default(), &Start::First, 1_000)
        .await
        .unwrap();
    events
        .into_iter()
        .map(|event| (event.id.to_string(), event.state))
        .collect()
}

pub(crate) fn order(nth: u32) -> String {
    format!("ord_00000000-0000-0000-0000-{nth:012}")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn poison_parks_its_stream_and_nothing_else(pool: PgPool) {
    let store = open(&pool).await;
    let credited =
        json!({"OrderCredited": {"credit_id": "crd_00000000-0000-0000-0000-000000000001", "amount": 1, "units": 1}});
    // Does not decode / decodes, but the database refuses it.
    garble(&store, &order(1), json!({"OrderPlaced": {"oops": 1}})).await;
    append(
        &store,
        None,
        vec![(Kind::Order, order(2), vec![placed(&order(2), "no\0text")])],
    )
    .await;
    for nth in 3..60 {
        append(
            &store,
            None,
            vec![(Kind::Order, order(nth), vec![placed(&order(nth), "fine")])],
        )
        .await;
    }
    garble(&store, &order(1), credited.clone()).await;
    append(&store, None, vec![(Kind::Order, order(2), vec![credited.clone()])]).await;
    append(&store, None, vec![(Kind::Order, order(3), vec![credited.clone()])]).await;

    let running = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    // A parked stream stays parked when its next event comes later, alone.
    garble(&store, &order(1), credited).await;
    settle(&pool, &store).await;
    let orders: (i64, i64) = sqlx::query_as("SELECT count(*), sum(credited)::bigint FROM orders")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(orders, (57, 1));
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "SELECT aggregate_id, error IS NOT NULL FROM projection_dead_letter WHERE name = 'orders' ORDER BY aggregate_id, position",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let expected = [
        (order(1), true),
        (order(1), false),
        (order(1), false),
        (order(2), true),
        (order(2), false),
    ];
    assert_eq!(rows, expected);
    let status = projections::status(&pool).await.unwrap();
    let of = |name: &str| status.iter().find(|status| status.name == name).unwrap();
    assert_eq!((of("orders").parked, of("orders").lag_events), (5, 0));
    // The name that the database refuses is none of the sums, so there only the unreadable stream waits.
    assert_eq!((of("sales").parked, of("audit").parked), (3, 0));
    // A rebuild sets aside the same events, and is therefore equal to what served.
    for name in ["orders", "sales"] {
        let before = left_out(&pool, name).await;
        let rebuilt = rebuild(&pool, &store.log(), name, Options::default(), |_| {})
            .await
            .unwrap();
        assert_eq!((rebuilt.version, rebuilt.verified), (2, true), "{name}");
        assert_eq!(rebuilt.parked, i64::try_from(before.len()).unwrap(), "{name}");
        assert_eq!(left_out(&pool, name).await, before, "{name}");
    }
    // Others are not disturbed.
    Shop::new(store.clone(), 9).trade(20).await;
    settle(&pool, &store).await;
    running.stop().await;
}
