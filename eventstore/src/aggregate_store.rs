//! `cqrs_es::EventStore` for one aggregate type, so that `CqrsFramework` runs on the store.

use std::collections::HashMap;
use std::convert::Infallible;
use std::marker::PhantomData;

use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};
use registry::Registered;
use uuid::Uuid;

use crate::append::event_id;
use crate::{Committed, Error, Loaded, Metadata, Plan, Recorded, Store, TransactError};

/// A [`Store`] as `CqrsFramework` wants it. Make it with [`Store::aggregate`].
///
/// A commit expects the version that was loaded; a loser gets `AggregateError::AggregateConflict`. Of the metadata, `actor`,
/// `correlation_id`, `causation_id` and `request_id` go to their own fields and the rest is kept in the map. Events come back with
/// `$lane`, `$position` and `$event_id` in theirs.
#[derive(Clone)]
pub struct AggregateStore<A> {
    store: Store,
    aggregate: PhantomData<fn() -> A>,
}

/// An aggregate between its load and its commit.
#[derive(Clone, Debug)]
pub struct LoadedContext<A> {
    id: String,
    loaded: Loaded<A>,
}

impl Store {
    /// The store of one aggregate type, for `CqrsFramework`.
    #[must_use]
    pub fn aggregate<A: Registered>(&self) -> AggregateStore<A> {
        AggregateStore {
            store: self.clone(),
            aggregate: PhantomData,
        }
    }
}

impl<A: Aggregate> AggregateContext<A> for LoadedContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.loaded.aggregate
    }
}

impl<A: Registered> EventStore<A> for AggregateStore<A> {
    type AC = LoadedContext<A>;

    async fn load_events(&self, aggregate_id: &str) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let events = self.store.log().stream(A::TYPE, aggregate_id).await.map_err(failed)?;
        events
            .into_iter()
            .map(|event| stored_envelope(&event).map_err(failed))
            .collect()
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Self::AC, AggregateError<A::Error>> {
        let loaded = self.store.load(aggregate_id).await.map_err(failed)?;
        Ok(LoadedContext {
            id: aggregate_id.to_owned(),
            loaded,
        })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let LoadedContext {
            id,
            loaded: Loaded { version, .. },
        } = context;
        let plan = plan(&metadata).write::<A>(&id).expect_version(version);
        let appended = (id.clone(), events.clone());
        let committed = self
            .store
            .transact::<(), Infallible, _>(plan, move |transaction| {
                let (id, events) = &appended;
                transaction.append::<A>(id, events.clone());
                Ok(())
            })
            .await
            .map_err(refused)?;
        Ok(envelopes(&id, version, events, &metadata, &committed))
    }
}

/// The parts of `metadata` that have fields of their own, and the others as annotations.
fn plan(metadata: &HashMap<String, String>) -> Plan {
    let text = |name| metadata.get(name).cloned().unwrap_or_default();
    let id = |name| metadata.get(name).and_then(|text| Uuid::try_parse(text).ok());
    let own = Metadata {
        actor: text("actor"),
        correlation_id: id("correlation_id").unwrap_or_default(),
        causation_id: id("causation_id"),
        request_id: text("request_id"),
    };
    metadata
        .iter()
        .fold(Plan::new(own), |plan, (name, value)| plan.annotation(name, value))
}

/// Fresh events, which lie one after another in the lane: the last one where the commit says.
fn envelopes<A: Aggregate>(
    id: &str,
    version: u64,
    events: Vec<A::Event>,
    metadata: &HashMap<String, String>,
    committed: &Committed<()>,
) -> Vec<EventEnvelope<A>> {
    let (lane, last) = committed.positions.first().copied().unwrap_or_default();
    let first = last.saturating_sub(events.len() as u64) + 1;
    let place = |(index, payload)| EventEnvelope {
        aggregate_id: id.to_owned(),
        sequence: number(version + 1) + index,
        payload,
        metadata: placed(
            metadata.clone(),
            lane,
            first + index as u64,
            event_id(committed.command_id, index),
        ),
    };
    events.into_iter().enumerate().map(place).collect()
}

fn stored_envelope<A: Registered>(event: &Recorded) -> Result<EventEnvelope<A>, Error> {
    let metadata =
        serde_json::from_str(&event.metadata).map_err(|error| Error::decode("the metadata", &error.into()))?;
    Ok(EventEnvelope {
        aggregate_id: event.aggregate_id.to_string(),
        sequence: number(event.sequence),
        payload: event.decode()?,
        metadata: placed(metadata, event.lane, event.position, event.event_id),
    })
}

fn placed(mut metadata: HashMap<String, String>, lane: u32, position: u64, event_id: Uuid) -> HashMap<String, String> {
    metadata.insert("$lane".to_owned(), lane.to_string());
    metadata.insert("$position".to_owned(), position.to_string());
    metadata.insert("$event_id".to_owned(), event_id.to_string());
    metadata
}

fn number(sequence: u64) -> usize {
    usize::try_from(sequence).unwrap_or(usize::MAX)
}

fn failed<E: std::error::Error>(error: Error) -> AggregateError<E> {
    match error {
        Error::Decode { .. } | Error::Encode { .. } => AggregateError::DeserializationError(Box::new(error)),
        Error::Database(_) | Error::Unreachable | Error::MissingEvent(_) | Error::OutcomeUnknown(_) => {
            AggregateError::DatabaseConnectionError(Box::new(error))
        }
        Error::Damaged(_) => AggregateError::UnexpectedError(Box::new(error)),
    }
}

fn refused<E: std::error::Error>(error: TransactError<Infallible>) -> AggregateError<E> {
    match error {
        TransactError::Rejected(never) => match never {},
        TransactError::VersionMismatch { .. } | TransactError::Conflict => AggregateError::AggregateConflict,
        TransactError::Unavailable(error) | TransactError::Store(error) => failed(error),
        other => AggregateError::UnexpectedError(Box::new(other)),
    }
}
