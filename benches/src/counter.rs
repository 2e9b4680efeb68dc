//! The smallest aggregate there is: what is measured is the store, not the deciding.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use eventstore::{Entry, Event, EventType, Registered, Touched};
use serde::{Deserialize, Serialize};

/// How often something happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counter {
    pub(crate) count: u64,
}

/// One event of about 200 bytes, as long as the peer's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum CounterEvent {
    Happened {
        name: String,
        quantity: u32,
        unit_price: i64,
        currency: String,
        note: String,
        after: u64,
    },
}

impl CounterEvent {
    pub(crate) fn after(count: u64) -> Self {
        Self::Happened {
            name: "something that a shop writes down".to_owned(),
            quantity: 3,
            unit_price: 1250,
            currency: "GBP".to_owned(),
            note: "padding padding padding padding padding padding".to_owned(),
            after: count,
        }
    }
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "Happened".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Event for CounterEvent {
    const ENTRY: &'static Entry = &Entry::of::<Self>("counter", &[EventType::new("Happened", 1, &[])]);

    fn touches(&self) -> Touched {
        Touched::new()
    }
}

impl Registered for Counter {}

/// Nothing is ever refused.
#[derive(Debug, thiserror::Error)]
#[error("never")]
pub(crate) struct Never;

impl Aggregate for Counter {
    const TYPE: &'static str = "counter";
    type Command = ();
    type Event = CounterEvent;
    type Error = Never;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), sink: &EventSink<Self>) -> Result<(), Never> {
        sink.write(CounterEvent::after(self.count), self).await;
        Ok(())
    }

    fn apply(&mut self, _: CounterEvent) {
        self.count += 1;
    }
}
