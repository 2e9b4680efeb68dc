//! What a command is going to touch, declared before it is decided.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use registry::Registered;

use crate::erased::Kind;
use crate::{IdempotencyKey, Metadata, StreamKey};

/// The streams of a command, what it does with them, and what is recorded beside its events.
///
/// The default has no streams and says nothing of who asks: for looking at streams, without appending.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(crate) metadata: Metadata,
    pub(crate) streams: Vec<PlannedStream>,
    pub(crate) idempotency: Option<IdempotencyKey>,
    pub(crate) occurred_at: Option<DateTime<Utc>>,
    pub(crate) annotations: BTreeMap<String, String>,
    misuse: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct PlannedStream {
    pub(crate) key: StreamKey,
    pub(crate) kind: Kind,
    pub(crate) access: Access,
    pub(crate) expected: Option<u64>,
}

/// What a command does with a stream. All are checked to be unchanged when the append starts; those that are held stay so until it
/// has committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Create,
    Guard,
    Read,
}

impl Access {
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Create)
    }

    pub(crate) fn held(self) -> bool {
        self != Self::Read
    }
}

impl Plan {
    /// A plan without streams.
    #[must_use]
    pub fn new(metadata: Metadata) -> Self {
        Self {
            metadata,
            streams: Vec::new(),
            idempotency: None,
            occurred_at: None,
            annotations: BTreeMap::new(),
            misuse: None,
        }
    }

    /// A stream that may be appended to.
    #[must_use]
    pub fn write<A: Registered>(self, id: impl Into<String>) -> Self {
        self.stream::<A>(id.into(), Access::Write)
    }

    /// Like [`write`](Self::write), for a stream that should not exist yet: it is not loaded beforehand but checked by the append. When
    /// it does exist, the command is decided again on what it holds.
    #[must_use]
    pub fn create<A: Registered>(self, id: impl Into<String>) -> Self {
        self.stream::<A>(id.into(), Access::Create)
    }

    /// A stream that is only read, but must not have changed when the append commits.
    #[must_use]
    pub fn guard<A: Registered>(self, id: impl Into<String>) -> Self {
        self.stream::<A>(id.into(), Access::Guard)
    }

    /// A stream that is only read: as of the moment when the append starts, and free to change while it commits.
    #[must_use]
    pub fn read<A: Registered>(self, id: impl Into<String>) -> Self {
        self.stream::<A>(id.into(), Access::Read)
    }

    /// The version that the stream named last must have; otherwise the command fails with `VersionMismatch`.
    #[must_use]
    pub fn expect_version(mut self, version: u64) -> Self {
        match self.streams.last_mut() {
            Some(stream) => stream.expected = Some(version),
            None => self.misuse = Some("expect_version before any stream"),
        }
        self
    }

    /// Runs the command once under this key.
    #[must_use]
    pub fn idempotency(mut self, key: IdempotencyKey) -> Self {
        self.idempotency = Some(key);
        self
    }

    /// When it happened in the business, for imported history. By default the time of recording.
    #[must_use]
    pub fn occurred_at(mut self, at: DateTime<Utc>) -> Self {
        self.occurred_at = Some(at);
        self
    }

    /// Records one more entry in the metadata map of each event.
    #[must_use]
    pub fn annotation(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(name.into(), value.into());
        self
    }

    fn stream<A: Registered>(mut self, id: String, access: Access) -> Self {
        let kind = Kind::of::<A>();
        let key = StreamKey {
            aggregate_type: Arc::clone(&kind.aggregate_type),
            aggregate_id: id.into(),
        };
        self.streams.push(PlannedStream {
            key,
            kind,
            access,
            expected: None,
        });
        self
    }

    /// What a programmer got wrong, if anything.
    pub(crate) fn misuse(&self) -> Option<String> {
        if let Some(misuse) = self.misuse {
            return Some(misuse.to_owned());
        }
        if self.streams.len() < 2 {
            return None;
        }
        let mut seen = HashSet::with_capacity(self.streams.len());
        let twice = self.streams.iter().find(|stream| !seen.insert(&stream.key))?;
        Some(format!("{} is planned twice", twice.key))
    }

    /// The text that PostgreSQL cannot store, if any: it has no NUL character outside JSON.
    pub(crate) fn unstorable(&self) -> Option<&'static str> {
        let Metadata { actor, .. } = &self.metadata;
        let key = self.idempotency.as_ref();
        if self.streams.iter().any(|stream| stream.key.aggregate_id.contains('\0')) {
            Some("an aggregate id contains a NUL character")
        } else if actor.contains('\0') {
            Some("the actor contains a NUL character")
        } else if key.is_some_and(|key| key.key.contains('\0') || key.scope.contains('\0')) {
            Some("the idempotency key contains a NUL character")
        } else {
            None
        }
    }
}
