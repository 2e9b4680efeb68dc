//! The states that a batch of commands is decided on.

use std::any::Any;
use std::collections::HashMap;

use crate::Error;
use crate::erased::{Kind, State};
use crate::stream::StreamKey;

/// The streams of a batch: taken out of the cache while the batch runs and put back only when it has committed, so that a failed
/// batch leaves nothing behind.
#[derive(Default)]
pub(crate) struct Fold {
    streams: Vec<Stream>,
    places: HashMap<StreamKey, usize>,
}

/// One stream in memory.
pub(crate) struct Stream {
    pub(crate) key: StreamKey,
    pub(crate) kind: Kind,
    pub(crate) lane: u32,
    pub(crate) state: Box<dyn State>,
    pub(crate) version: u64,
    /// The version that the database is thought to have.
    pub(crate) base: u64,
    pub(crate) last_snapshot: LastSnapshot,
    /// Bytes of JSON that the state was made of, as far as they tell its size.
    pub(crate) bytes: u64,
    /// Why the stream could not be loaded; commands that touch it fail.
    pub(crate) broken: Option<Error>,
}

/// What is known about the snapshot of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LastSnapshot {
    pub(crate) version: u64,
    pub(crate) bytes: u64,
}

impl Fold {
    pub(crate) fn place(&self, key: &StreamKey) -> Option<usize> {
        self.places.get(key).copied()
    }

    pub(crate) fn insert(&mut self, stream: Stream) {
        self.places.insert(stream.key.clone(), self.streams.len());
        self.streams.push(stream);
    }

    pub(crate) fn state(&self, place: usize) -> &dyn State {
        &*self.streams[place].state
    }

    pub(crate) fn version(&self, place: usize) -> u64 {
        self.streams[place].version
    }

    pub(crate) fn stream(&self, place: usize) -> &Stream {
        &self.streams[place]
    }

    /// Applies a decision's events, which have so many bytes.
    pub(crate) fn apply(&mut self, place: usize, events: Box<dyn Any>, count: u64, bytes: usize) {
        let stream = &mut self.streams[place];
        stream.state.apply(events);
        stream.count_bytes(bytes);
        stream.version += count;
    }

    pub(crate) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    pub(crate) fn streams_mut(&mut self) -> &mut [Stream] {
        &mut self.streams
    }

    pub(crate) fn into_streams(self) -> Vec<Stream> {
        self.streams
    }
}

/// Of so many events after a snapshot, or after none, the state is taken to hold what they say; later ones change it rather than add
/// to it.
const SIZING_EVENTS: u64 = 8;

impl Stream {
    /// Notes the bytes of events that are about to be applied.
    pub(crate) fn count_bytes(&mut self, bytes: usize) {
        if self.version < self.last_snapshot.version + SIZING_EVENTS {
            self.bytes += bytes as u64;
        }
    }

    /// Bytes that it takes in memory, by estimate: a state is about twice as large as the JSON that it came from.
    pub(crate) fn weight(&self) -> u64 {
        (size_of::<Self>() + 2 * size_of::<StreamKey>() + 2 * self.key.aggregate_id.len()) as u64 + 2 * self.bytes
    }

    /// A stream without events.
    pub(crate) fn empty(key: StreamKey, kind: Kind, lane: u32) -> Self {
        let state = kind.empty();
        Self {
            key,
            kind,
            lane,
            state,
            version: 0,
            base: 0,
            last_snapshot: LastSnapshot::default(),
            bytes: 0,
            broken: None,
        }
    }
}
