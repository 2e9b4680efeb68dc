//! Events that no read model can make sense of.

use std::convert::Infallible;
use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::order::OrderEvent;
use eventstore::{Entry, Event, Metadata, Plan, Registered, Store, Touched};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::system::System;

/// An event of an order with whatever content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unreadable(Value);

impl DomainEvent for Unreadable {
    fn event_type(&self) -> String {
        let kind = self.0.as_object().and_then(|event| event.keys().next());
        kind.expect("an event has a type").clone()
    }

    fn event_version(&self) -> String {
        let known = Self::ENTRY.event(&self.event_type());
        known.expect("orders have such events").stored_version()
    }
}

impl Event for Unreadable {
    const ENTRY: &'static Entry = OrderEvent::ENTRY;

    fn touches(&self) -> Touched {
        Touched::new()
    }
}

impl Registered for Garbled {}

/// What such events make of an order: nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Garbled;

impl Aggregate for Garbled {
    const TYPE: &'static str = "order";
    type Command = ();
    type Event = Unreadable;
    type Error = Infallible;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Infallible> {
        Ok(())
    }

    fn apply(&mut self, _: Unreadable) {}
}

impl System {
    /// Writes events into the stream of an order, as a program with a mistake would. An event is like `{"OrderPlaced": ...}`.
    pub async fn garble(&self, order: &str, events: &[Value]) {
        let ids = || Uuid::from_u128(0xbad);
        let store = Store::open(self.pool(), eventstore::Config::new(Arc::new(ids)))
            .await
            .expect("a store");
        let metadata = Metadata {
            actor: "system:mistake".to_owned(),
            correlation_id: Uuid::nil(),
            causation_id: None,
            request_id: "mistake".to_owned(),
        };
        let (plan, stream) = (Plan::new(metadata).write::<Garbled>(order), order.to_owned());
        let events: Vec<_> = events.iter().cloned().map(Unreadable).collect();
        let written = store.transact(plan, move |transaction| {
            transaction.append::<Garbled>(&stream, events.clone());
            Ok::<(), Infallible>(())
        });
        written.await.expect("the events are written");
        store.close().await;
    }

    /// Writes a new order whose first event nobody can read, followed by `more` events that could be read.
    pub async fn garbled_order(&self, order: &str, more: usize) {
        let credited = json!({"OrderCredited": {
            "credit_id": "crd_00000000-0000-0000-0000-000000000001", "amount": 1, "units": 1}});
        let mut events = vec![json!({"OrderPlaced": {"oops": 1}})];
        events.extend(std::iter::repeat_n(credited, more));
        self.garble(order, &events).await;
    }
}
