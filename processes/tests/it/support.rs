//! A process with an effect after each kind of cause, and a ledger in which each effect leaves one entry.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use eventstore::{
    Entry as Registration, Event, EventType, IdempotencyKey, Metadata, Plan, Recorded, Registered, Store, Touched,
};
use processes::{Config, Done, Effect, Engine, Out, Process, Refused};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A stream of notes: orders, and the entries of the ledger.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Note(u32);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NoteEvent {
    Noted {},
}

impl DomainEvent for NoteEvent {
    fn event_type(&self) -> String {
        "Noted".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Event for NoteEvent {
    const ENTRY: &'static Registration = &Registration::of::<Self>("note", &[EventType::new("Noted", 1, &[])]);

    fn touches(&self) -> Touched {
        Touched::new()
    }
}

impl Registered for Note {}

impl Aggregate for Note {
    const TYPE: &'static str = "note";
    type Command = ();
    type Event = NoteEvent;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), sink: &EventSink<Self>) -> Result<(), Self::Error> {
        sink.write(NoteEvent::Noted {}, self).await;
        Ok(())
    }

    fn apply(&mut self, NoteEvent::Noted {}: NoteEvent) {
        self.0 += 1;
    }
}

/// Adds a note to the stream `id`, once under `key`.
pub(crate) async fn note(store: &Store, id: String, key: Option<Uuid>) {
    let plan = Plan::new(Metadata {
        actor: "test".to_owned(),
        ..Metadata::default()
    });
    let plan = match key {
        Some(key) => plan.idempotency(IdempotencyKey {
            scope: "test".to_owned(),
            key: key.to_string(),
            request_hash: Vec::new(),
        }),
        None => plan,
    };
    let noted = store.transact(plan.write::<Note>(id.as_str()), move |transaction| {
        transaction.append::<Note>(&id, vec![NoteEvent::Noted {}]);
        Ok::<(), String>(())
    });
    noted.await.unwrap();
}

/// After an order, its parcel is sent; then it is billed. After a while, somebody is reminded.
pub(crate) struct Parcels;

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    open: u32,
}

impl Process for Parcels {
    const NAME: &'static str = "parcels";
    const EVENTS: &'static [&'static str] = &["Noted"];
    type State = Parcel;
    type Fact = ();

    fn facts(&self, event: &Recorded) -> Vec<(String, ())> {
        let order = event.aggregate_id.starts_with("order-");
        order
            .then(|| (event.aggregate_id.to_string(), ()))
            .into_iter()
            .collect()
    }

    fn event(&self, parcel: &mut Parcel, (): (), event: &Recorded, out: &mut Out<'_>) {
        parcel.open = 3;
        out.send::<Post>("send", &Entry::of(out.key(), "send"));
        out.at("while", event.occurred_at);
    }

    fn timer(&self, _: &mut Parcel, _: &str, _: DateTime<Utc>, out: &mut Out<'_>) {
        out.send::<Post>("remind", &Entry::of(out.key(), "remind"));
    }

    fn outcome(&self, parcel: &mut Parcel, done: &Done, out: &mut Out<'_>) {
        parcel.open -= 1;
        if done.step == "send" {
            out.send::<Post>("bill", &Entry::of(out.key(), "bill"));
        }
    }
}

/// Writes into the ledger.
#[derive(Clone)]
pub(crate) struct Post {
    store: Store,
    /// What was answered before: the first answer gets lost on its way.
    answered: Arc<Mutex<HashSet<Uuid>>>,
    /// Steps that are refused for good, or for now.
    pub(crate) never: Arc<Mutex<HashSet<&'static str>>>,
    pub(crate) later: Arc<Mutex<HashSet<&'static str>>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    id: String,
    step: String,
}

impl Entry {
    fn of(key: &str, step: &str) -> Self {
        Self {
            id: format!("ledger-{key}-{step}"),
            step: step.to_owned(),
        }
    }
}

impl Post {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            answered: Arc::default(),
            never: Arc::default(),
            later: Arc::default(),
        }
    }
}

impl Effect for Post {
    const KIND: &'static str = "post";
    type Body = Entry;
    type Outcome = ();

    async fn deliver(&self, id: Uuid, entry: Entry) -> Result<(), Refused> {
        let has = |steps: &Mutex<HashSet<&'static str>>| steps.lock().unwrap().contains(&*entry.step);
        if has(&self.never) {
            return Err(Refused::never("no such ledger"));
        }
        if has(&self.later) {
            return Err(Refused::later("the ledger is closed"));
        }
        note(&self.store, entry.id, Some(id)).await;
        if self.answered.lock().unwrap().insert(id) {
            return Err(Refused::later("the answer was lost"));
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "tests may mint random ids")]
pub(crate) async fn open(pool: &PgPool) -> Store {
    let config = eventstore::Config::new(Arc::new(Uuid::new_v4));
    Store::open(pool.clone(), config).await.unwrap()
}

/// Quick, and with a lease that runs out only when a test says so.
pub(crate) fn quick() -> Config {
    Config {
        lease: Duration::from_mins(9),
        pace: Duration::ZERO,
        poll: Duration::from_millis(5),
        patience: Duration::from_mins(8),
        backoff: Duration::from_millis(1),
        longest_backoff: Duration::from_millis(2),
        attempts: 1_000_000,
        retention: Duration::from_hours(24 * 365 * 500),
    }
}

/// An engine at a time when every timer is due.
pub(crate) fn engine(pool: &PgPool, store: &Store, config: Config) -> Engine {
    Engine::new(pool.clone(), store.log(), Arc::new(now), config)
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(9_000_000_000, 0).unwrap()
}

/// Runs an engine until the condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(engine: Engine, condition: impl Fn() -> F) {
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { engine.run(stop).await }
    });
    eventually(condition).await;
    stop.cancel();
    running.await.unwrap();
}

pub(crate) async fn eventually<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    while !condition().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How many entries there are under each name.
pub(crate) async fn ledger(pool: &PgPool) -> BTreeMap<String, i64> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT aggregate_id, count(*) FROM events WHERE aggregate_id LIKE 'ledger-%' GROUP BY aggregate_id",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

/// A ledger with one entry for each effect of so many orders.
pub(crate) fn complete(orders: usize) -> BTreeMap<String, i64> {
    let steps = ["send", "bill", "remind"];
    let names = (0..orders).flat_map(|order| steps.map(|step| format!("ledger-order-{order}-{step}")));
    names.map(|name| (name, 1)).collect()
}

/// What is under way: orders that the process has not seen to the end, and effects that are not done.
pub(crate) async fn under_way(pool: &PgPool) -> i64 {
    let statement = "SELECT (SELECT count(*) FROM process_instance)
        + (SELECT count(*) FROM process_effect WHERE status <> 'done')
        + (SELECT count(*) FROM lanes l LEFT JOIN process_position p ON p.lane = l.lane AND p.name = 'parcels'
           WHERE l.head > coalesce(p.position, -1))";
    sqlx::query_scalar(statement).fetch_one(pool).await.unwrap()
}

/// The process is known, so that what happens from now on has effects.
pub(crate) async fn started(pool: &PgPool, store: &Store) {
    let known = || async {
        let known: i64 = sqlx::query_scalar("SELECT count(*) FROM process_position")
            .fetch_one(pool)
            .await
            .unwrap();
        known > 0
    };
    until(engine(pool, store, quick()).process(Parcels), known).await;
}
