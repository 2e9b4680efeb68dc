//! Streams from the tables: the newest usable snapshot and the events after it, many streams in one query.

use std::collections::HashSet;

use futures::TryStreamExt;
use registry::{Registered, Stored};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::Error;
use crate::erased::Kind;
use crate::fold::{LastSnapshot, Stream};
use crate::skip::{Skips, skips};
use crate::stream::StreamKey;

/// An aggregate as of some version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded<A> {
    /// The folded state; the default when the stream has no events.
    pub aggregate: A,
    /// The number of events; 0 when there is no such stream.
    pub version: u64,
}

/// A stream to load.
pub(crate) struct StreamRequest {
    pub(crate) key: StreamKey,
    pub(crate) kind: Kind,
    pub(crate) lane: u32,
}

/// How to read what is stored.
#[derive(Clone, Copy)]
pub(crate) struct Loader {
    pub(crate) revision: u32,
}

impl Loader {
    /// Loads every wanted stream, in their order. A stream that does not decode comes back broken, unless what is in the way is to be
    /// passed over; the others are not disturbed.
    pub(crate) async fn load(
        self,
        db: &mut PgConnection,
        requests: Vec<StreamRequest>,
    ) -> Result<Vec<Stream>, sqlx::Error> {
        let mut streams = self.load_skipping(db, requests, &Skips::new()).await?;
        let broken: Vec<&Stream> = streams.iter().filter(|stream| stream.broken.is_some()).collect();
        if broken.is_empty() {
            return Ok(streams);
        }
        let skips = skips(db, &broken).await?;
        let retried = streams.iter_mut().filter(|stream| skips.contains_key(&stream.key));
        let retried: Vec<&mut Stream> = retried.collect();
        let requests = retried.iter().map(|stream| StreamRequest::of(stream)).collect();
        for (stream, loaded) in retried.into_iter().zip(self.load_skipping(db, requests, &skips).await?) {
            *stream = loaded;
        }
        Ok(streams)
    }

    async fn load_skipping(
        self,
        db: &mut PgConnection,
        requests: Vec<StreamRequest>,
        skips: &Skips,
    ) -> Result<Vec<Stream>, sqlx::Error> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let new = |requests| Load::new(requests, skips);
        let loads = self.fetch(db, requests.into_iter().map(new).collect(), true).await?;
        if loads.iter().all(|load| !load.snapshot_unreadable) {
            return Ok(loads.into_iter().map(|load| load.stream).collect());
        }
        let (unreadable, mut readable): (Vec<_>, Vec<_>) = loads
            .into_iter()
            .enumerate()
            .partition(|(_, load)| load.snapshot_unreadable);
        let (places, retried): (Vec<_>, Vec<_>) = unreadable
            .into_iter()
            .map(|(place, load)| (place, new(StreamRequest::of(&load.stream))))
            .unzip();
        readable.extend(places.into_iter().zip(self.fetch(db, retried, false).await?));
        readable.sort_unstable_by_key(|(place, _)| *place);
        Ok(readable.into_iter().map(|(_, load)| load.stream).collect())
    }

    /// Brings streams in memory up to what is stored.
    pub(crate) async fn refresh(self, db: &mut PgConnection, streams: &mut [Stream]) -> Result<(), sqlx::Error> {
        let lanes: Vec<i32> = streams.iter().map(|stream| stream.lane.cast_signed()).collect();
        let versions: Vec<i64> = streams.iter().map(|stream| stream.version.cast_signed()).collect();
        let types: Vec<String> = streams
            .iter()
            .map(|stream| stream.key.aggregate_type.to_string())
            .collect();
        let ids: Vec<String> = streams
            .iter()
            .map(|stream| stream.key.aggregate_id.to_string())
            .collect();
        let query = sqlx::query(
            "SELECT stream, sequence, event_type, event_version, body FROM load_events_after($1, $2, $3, $4)",
        )
        .bind(types)
        .bind(ids)
        .bind(lanes)
        .bind(versions);
        let mut rows = query.fetch(db);
        while let Some(row) = rows.try_next().await? {
            if let Some(stream) = streams.get_mut(ordinal(&row)?) {
                let sequence = row.try_get::<i64, _>("sequence")?.cast_unsigned();
                let (event_type, event_version) = (row.try_get("event_type")?, row.try_get("event_version")?);
                stream.apply_stored(sequence, event_type, event_version, row.try_get("body")?);
            }
        }
        Ok(())
    }

    async fn fetch(
        self,
        db: &mut PgConnection,
        mut loads: Vec<Load>,
        snapshots: bool,
    ) -> Result<Vec<Load>, sqlx::Error> {
        let keys: Vec<StreamKey> = loads.iter().map(|load| load.stream.key.clone()).collect();
        let types: Vec<&str> = keys.iter().map(|key| &*key.aggregate_type).collect();
        let ids: Vec<&str> = keys.iter().map(|key| &*key.aggregate_id).collect();
        let lanes: Vec<i32> = loads.iter().map(|load| load.stream.lane.cast_signed()).collect();
        let schema_hashes: Vec<Option<i64>> = loads
            .iter()
            .map(|load| snapshots.then(|| load.stream.kind.schema_hash(self.revision)))
            .collect();
        let query =
            sqlx::query("SELECT stream, sequence, event_type, event_version, body FROM load_streams($1, $2, $3, $4)")
                .bind(types)
                .bind(ids)
                .bind(lanes)
                .bind(schema_hashes);
        let mut rows = query.fetch(db);
        while let Some(row) = rows.try_next().await? {
            if let Some(load) = loads.get_mut(ordinal(&row)?) {
                load.take(&row)?;
            }
        }
        drop(rows);
        Ok(loads)
    }
}

/// Which of the asked streams a row is of.
fn ordinal(row: &PgRow) -> Result<usize, sqlx::Error> {
    let ordinal: i32 = row.try_get("stream")?;
    Ok(usize::try_from(ordinal - 1).unwrap_or(usize::MAX))
}

/// A stream while its rows come in.
struct Load {
    stream: Stream,
    snapshot_unreadable: bool,
    /// The numbers of the events to pass over.
    skip: HashSet<u64>,
}

impl StreamRequest {
    fn of(stream: &Stream) -> Self {
        Self {
            key: stream.key.clone(),
            kind: stream.kind.clone(),
            lane: stream.lane,
        }
    }
}

impl Load {
    fn new(StreamRequest { key, kind, lane }: StreamRequest, skips: &Skips) -> Self {
        Self {
            skip: skips.get(&key).cloned().unwrap_or_default(),
            stream: Stream::empty(key, kind, lane),
            snapshot_unreadable: false,
        }
    }

    fn take(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        if self.snapshot_unreadable || self.stream.broken.is_some() {
            return Ok(());
        }
        let sequence = row.try_get::<i64, _>("sequence")?.cast_unsigned();
        let body: &str = row.try_get("body")?;
        match row.try_get::<Option<&str>, _>("event_type")? {
            None => self.restore(sequence, body),
            Some(_) if self.skip.contains(&sequence) => self.stream.skip_to(sequence),
            Some(event_type) => {
                let event_version = row.try_get("event_version")?;
                self.stream.apply_stored(sequence, event_type, event_version, body);
            }
        }
        Ok(())
    }

    fn restore(&mut self, version: u64, body: &str) {
        match self.stream.kind.restore(body) {
            Ok(state) => {
                self.stream.state = state;
                self.stream.version = version;
                self.stream.base = version;
                self.stream.last_snapshot = LastSnapshot {
                    version,
                    bytes: body.len() as u64,
                };
                self.stream.bytes = body.len() as u64;
            }
            Err(error) => {
                tracing::warn!(stream = %self.stream.key, %error, "ignoring an unreadable snapshot");
                self.snapshot_unreadable = true;
            }
        }
    }
}

impl Stream {
    /// Goes on behind an event that does not count.
    fn skip_to(&mut self, sequence: u64) {
        self.version = sequence;
        self.base = sequence;
    }

    /// Takes in the next stored event.
    fn apply_stored(&mut self, sequence: u64, event_type: &str, event_version: &str, payload: &str) {
        if self.broken.is_some() {
            return;
        }
        let Self {
            key,
            state,
            version,
            broken,
            ..
        } = self;
        if sequence != *version + 1 {
            *broken = Some(Error::Damaged(format!("{key} has event {sequence} after {version}")));
            return;
        }
        let stored = Stored {
            event_type,
            event_version,
            payload,
        };
        match state.fold(&stored) {
            Ok(()) => {
                self.count_bytes(payload.len());
                self.version = sequence;
                self.base = sequence;
            }
            Err(error) => *broken = Some(Error::decode(format!("{event_type} at {key}@{sequence}"), &error)),
        }
    }
}

/// The aggregate of a loaded stream.
pub(crate) fn aggregate_of<A: Registered>(stream: Stream) -> Result<Loaded<A>, Error> {
    let Stream {
        key,
        state,
        version,
        broken,
        ..
    } = stream;
    if let Some(error) = broken {
        return Err(error);
    }
    match state.into_aggregate().downcast() {
        Ok(aggregate) => Ok(Loaded {
            aggregate: *aggregate,
            version,
        }),
        Err(_) => Err(Error::Damaged(format!("{key} is of another type"))),
    }
}
