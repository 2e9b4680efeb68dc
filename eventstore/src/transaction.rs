//! What a decision sees and what it leaves behind.

use std::any::Any;
use std::cell::{Cell, OnceCell};

use cqrs_es::DomainEvent;
use registry::Registered;

use crate::Error;
use crate::fold::Fold;
use crate::plan::PlannedStream;

/// The states of the planned streams, and the events to append to them.
pub struct Transaction<'a> {
    streams: &'a [PlannedStream],
    /// Where each planned stream lies in the fold.
    places: &'a [usize],
    fold: &'a Fold,
    appended: Vec<Appended>,
    fault: OnceCell<Fault>,
    /// Streams are mostly asked for in the order of the plan.
    last_found: Cell<usize>,
    absent: Absent,
}

/// The events of one stream, twice: for its state and for its table.
pub(crate) struct Appended {
    /// The place in the plan.
    pub(crate) planned: usize,
    /// The `Vec<A::Event>`.
    pub(crate) events: Box<dyn Any>,
    pub(crate) serialized: Vec<Serialized>,
}

pub(crate) struct Serialized {
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
}

/// Why the outcome of a decision cannot count.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Plan(String),
    Encode(Error),
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(streams: &'a [PlannedStream], places: &'a [usize], fold: &'a Fold) -> Self {
        Self {
            streams,
            places,
            fold,
            appended: Vec::new(),
            fault: OnceCell::new(),
            last_found: Cell::new(0),
            absent: Absent::default(),
        }
    }

    /// The state of a planned stream, with everything that was committed or decided before this command.
    ///
    /// For a stream that is not in the plan it is the default, and the transaction fails with `TransactError::Plan`.
    #[must_use]
    pub fn state<A: Registered>(&self, id: &str) -> &A {
        let found = self.find::<A>(id).and_then(|planned| {
            let state = self.fold.state(self.places[planned]).aggregate().downcast_ref();
            if state.is_none() {
                self.fail(Fault::Plan(format!("{}/{id} is of another Rust type", A::TYPE)));
            }
            state
        });
        match found {
            Some(state) => state,
            None => self.absent.default_of::<A>(),
        }
    }

    /// The version of a planned stream; 0 when it has no events.
    #[must_use]
    pub fn version<A: Registered>(&self, id: &str) -> u64 {
        self.find::<A>(id)
            .map(|planned| self.fold.version(self.places[planned]))
            .unwrap_or_default()
    }

    /// Appends events to a stream planned with `write` or `create`, at most once a stream. [`state`](Self::state) does not show them;
    /// they are applied when the whole decision has returned `Ok`.
    pub fn append<A: Registered>(&mut self, id: &str, events: Vec<A::Event>) {
        let Some(planned) = self.find::<A>(id) else { return };
        if !self.streams[planned].access.writes() {
            return self.fail(Fault::Plan(format!("{}/{id} is not planned for writing", A::TYPE)));
        }
        if self.appended.iter().any(|appended| appended.planned == planned) {
            return self.fail(Fault::Plan(format!("{}/{id} is appended to twice", A::TYPE)));
        }
        if events.is_empty() {
            return;
        }
        match events.iter().map(serialize).collect() {
            Ok(serialized) => self.appended.push(Appended {
                planned,
                events: Box::new(events),
                serialized,
            }),
            Err(error) => self.fail(Fault::Encode(error)),
        }
    }

    pub(crate) fn finish(self) -> Result<Vec<Appended>, Fault> {
        match self.fault.into_inner() {
            Some(fault) => Err(fault),
            None => Ok(self.appended),
        }
    }

    fn find<A: Registered>(&self, id: &str) -> Option<usize> {
        let count = self.streams.len();
        let start = self.last_found.get();
        let found = (start..start + count).map(|index| index % count).find(|index| {
            let key = &self.streams[*index].key;
            *key.aggregate_id == *id && *key.aggregate_type == *A::TYPE
        });
        match found {
            Some(planned) => self.last_found.set(planned),
            None => self.fail(Fault::Plan(format!("{}/{id} is not in the plan", A::TYPE))),
        }
        found
    }

    /// The first fault counts.
    fn fail(&self, fault: Fault) {
        let _ = self.fault.set(fault);
    }
}

fn serialize<E: DomainEvent>(event: &E) -> Result<Serialized, Error> {
    let event_type = event.event_type();
    let payload = serde_json::to_string(event).map_err(|error| Error::encode(&event_type, error))?;
    Ok(Serialized {
        event_type,
        event_version: event.event_version(),
        payload,
    })
}

/// Default states for streams that are not there: a list that only grows, so that references into it stay.
#[derive(Default)]
struct Absent(OnceCell<Box<(Box<dyn Any>, Absent)>>);

impl Absent {
    fn default_of<A: Registered>(&self) -> &A {
        let (state, rest) = &**self
            .0
            .get_or_init(|| Box::new((Box::new(A::default()), Self::default())));
        match state.downcast_ref() {
            Some(state) => state,
            None => rest.default_of(),
        }
    }
}
