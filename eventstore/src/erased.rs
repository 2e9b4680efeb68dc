//! Aggregates of any type behind one interface, so that the writer can keep them side by side.

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use registry::{DecodeError, Event as _, Registered, Stored, decode};

use crate::stream::fingerprint;

/// The type of an aggregate.
#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) aggregate_type: Arc<str>,
    folding: &'static dyn Folding,
}

impl Kind {
    pub(crate) fn of<A: Registered>() -> Self {
        Self {
            aggregate_type: A::TYPE.into(),
            folding: &Folder::<A>(PhantomData),
        }
    }

    /// The state of a stream without events.
    pub(crate) fn empty(&self) -> Box<dyn State> {
        self.folding.empty()
    }

    /// The state that a snapshot holds.
    pub(crate) fn restore(&self, snapshot: &str) -> Result<Box<dyn State>, serde_json::Error> {
        self.folding.restore(snapshot)
    }

    /// Changes when the shape of the state does: derived from the type's names, the JSON of its default and the versions of its events. A
    /// field whose default is not serialized, or a new meaning in the old shape, does not show; for these there is the policy's `revision`.
    pub(crate) fn schema_hash(&self, revision: u32) -> i64 {
        let shape = self.folding.shape();
        fingerprint(&format!("{revision} {} {shape}", self.aggregate_type)).cast_signed()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.aggregate_type)
    }
}

trait Folding: Send + Sync {
    fn empty(&self) -> Box<dyn State>;
    fn restore(&self, snapshot: &str) -> Result<Box<dyn State>, serde_json::Error>;
    fn shape(&self) -> String;
}

struct Folder<A>(PhantomData<fn() -> A>);

impl<A: Registered> Folding for Folder<A> {
    fn empty(&self) -> Box<dyn State> {
        Box::new(Folded(A::default()))
    }

    fn restore(&self, snapshot: &str) -> Result<Box<dyn State>, serde_json::Error> {
        Ok(Box::new(Folded(serde_json::from_str::<A>(snapshot)?)))
    }

    fn shape(&self) -> String {
        let default = serde_json::to_string(&A::default()).unwrap_or_default();
        let shape = format!("{} {default}", type_name::<A>());
        match A::Event::ENTRY.generation() {
            0 => shape,
            generation => format!("{shape} {generation}"),
        }
    }
}

/// The state of one stream.
pub(crate) trait State: Send + Sync {
    /// The aggregate itself, for downcasting.
    fn aggregate(&self) -> &dyn Any;
    /// The aggregate itself, given away.
    fn into_aggregate(self: Box<Self>) -> Box<dyn Any>;
    /// Applies an event from the table.
    fn fold(&mut self, event: &Stored<'_>) -> Result<(), DecodeError>;
    /// Applies events fresh from a decision: a `Vec<A::Event>`.
    fn apply(&mut self, events: Box<dyn Any>);
    /// The state as a snapshot.
    fn snapshot(&self) -> Result<String, serde_json::Error>;
}

struct Folded<A>(A);

impl<A: Registered> State for Folded<A> {
    fn aggregate(&self) -> &dyn Any {
        &self.0
    }

    fn into_aggregate(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }

    fn fold(&mut self, event: &Stored<'_>) -> Result<(), DecodeError> {
        self.0.apply(decode(event)?);
        Ok(())
    }

    fn apply(&mut self, events: Box<dyn Any>) {
        if let Ok(events) = events.downcast::<Vec<A::Event>>() {
            events.into_iter().for_each(|event| self.0.apply(event));
        }
    }

    fn snapshot(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.0)
    }
}
