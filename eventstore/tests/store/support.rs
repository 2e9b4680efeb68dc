//! An aggregate that counts, and what the tests share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use eventstore::{
    Committed, Config, Entry, Event, EventType, IdempotencyKey, Log, Metadata, Plan, Positions, Recorded, Registered,
    Store, Touched, TransactError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) total: i64,
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TallyEvent {
    Added {
        amount: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
}

pub(crate) enum TallyCommand {
    Add(i64),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the total would be {0}")]
pub(crate) struct Negative(pub(crate) i64);

impl DomainEvent for TallyEvent {
    fn event_type(&self) -> String {
        "Added".to_owned()
    }

    fn event_version(&self) -> String {
        "2.0".to_owned()
    }
}

impl Event for TallyEvent {
    const ENTRY: &'static Entry = &Entry::of::<Self>("tally", &[EventType::new("Added", 2, &[added_1])]);

    fn touches(&self) -> Touched {
        Touched::new()
    }
}

impl Registered for Tally {}

/// Version 2 holds numbers as numbers.
fn added_1(data: &mut Map<String, Value>) {
    let count = data
        .remove("count")
        .and_then(|count| count.as_str()?.parse::<i64>().ok());
    data.insert("amount".to_owned(), json!(count));
}

impl Tally {
    pub(crate) fn decide(&self, amount: i64) -> Result<Vec<TallyEvent>, Negative> {
        let total = self.total + amount;
        if total < 0 {
            Err(Negative(total))
        } else {
            Ok(vec![added(amount)])
        }
    }
}

impl Aggregate for Tally {
    const TYPE: &'static str = "tally";
    type Command = TallyCommand;
    type Event = TallyEvent;
    type Error = Negative;
    type Services = ();

    async fn handle(&mut self, command: TallyCommand, (): &(), sink: &EventSink<Self>) -> Result<(), Negative> {
        let TallyCommand::Add(amount) = command;
        for event in self.decide(amount)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: TallyEvent) {
        let TallyEvent::Added { amount, note } = event;
        self.total += amount;
        self.notes.extend(note);
    }
}

pub(crate) fn added(amount: i64) -> TallyEvent {
    TallyEvent::Added { amount, note: None }
}

pub(crate) fn noted(note: impl Into<String>) -> TallyEvent {
    TallyEvent::Added {
        amount: 1,
        note: Some(note.into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests may mint random ids")]
pub(crate) fn config() -> Config {
    Config::new(Arc::new(Uuid::new_v4))
}

pub(crate) async fn open(pool: &PgPool) -> Store {
    Store::open(pool.clone(), config()).await.unwrap()
}

pub(crate) fn metadata() -> Metadata {
    Metadata {
        actor: "usr_test".to_owned(),
        correlation_id: Uuid::from_u128(1),
        causation_id: Some(Uuid::from_u128(2)),
        request_id: "req_test".to_owned(),
    }
}

pub(crate) fn plan() -> Plan {
    Plan::new(metadata())
}

pub(crate) fn key(name: &str, hash: u8) -> IdempotencyKey {
    IdempotencyKey {
        scope: "test".to_owned(),
        key: name.to_owned(),
        request_hash: vec![hash],
    }
}

pub(crate) type Outcome = Result<Committed<i64>, TransactError<Negative>>;

/// Adds `amount` to `id` by `plan`; the outcome's value is the total.
pub(crate) async fn add_by(store: &Store, plan: Plan, id: &str, amount: i64) -> Outcome {
    let id = id.to_owned();
    let decide = move |transaction: &mut eventstore::Transaction<'_>| {
        let tally = transaction.state::<Tally>(&id);
        let total = tally.total + amount;
        let events = tally.decide(amount)?;
        transaction.append::<Tally>(&id, events);
        Ok(total)
    };
    store.transact(plan, decide).await
}

pub(crate) async fn add(store: &Store, id: &str, amount: i64) -> Outcome {
    add_by(store, plan().write::<Tally>(id), id, amount).await
}

/// Appends these events to `id`, whatever its state.
pub(crate) async fn append(
    store: &Store,
    id: &str,
    events: Vec<TallyEvent>,
) -> Result<Committed<()>, TransactError<Negative>> {
    let id = id.to_owned();
    let plan = plan().write::<Tally>(&id);
    let decide = move |transaction: &mut eventstore::Transaction<'_>| {
        transaction.append::<Tally>(&id, events.clone());
        Ok(())
    };
    store.transact(plan, decide).await
}

pub(crate) fn from_the_start(store: &Store) -> Positions {
    Positions::start(0..store.lane_count())
}

/// Everything after `after`, read in pieces of `limit`.
pub(crate) async fn read_on(log: &Log, after: &mut Positions, limit: usize) -> Vec<Recorded> {
    let mut all = Vec::new();
    loop {
        let events = log.read(after, limit).await.unwrap();
        if events.is_empty() {
            return all;
        }
        after.extend(events.iter().map(|event| (event.lane, event.position)));
        all.extend(events);
    }
}

/// Fails unless positions are dense in every lane and sequences in every stream, in the order of `events`.
pub(crate) fn assert_dense(events: &[Recorded]) {
    let mut lanes: BTreeMap<u32, u64> = BTreeMap::new();
    let mut streams: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for event in events {
        let position = lanes.entry(event.lane).or_default();
        *position += 1;
        assert_eq!(event.position, *position, "lane {}", event.lane);
        let sequence = streams.entry((&event.aggregate_type, &event.aggregate_id)).or_default();
        *sequence += 1;
        assert_eq!(event.sequence, *sequence, "stream {}", event.aggregate_id);
    }
}

/// Polls until `condition` holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
