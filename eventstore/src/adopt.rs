//! Streams of a table of postgres-es, taken into the log as they are.

use std::collections::{BTreeMap, HashMap};

use chrono::DateTime;
use registry::{Entry, Stored};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::append::{Append, AppendError, event_id};
use crate::error::Undecodable;
use crate::log::heads;
use crate::{Error, Recorded, StreamKey, lane_of};

/// The ids of adopted events derive from this and the names of their streams, so they are the same however often it is tried.
const NAMESPACE: Uuid = Uuid::from_u128(0x7f1c_0f3e_5a7d_4b52_9a53_adc9_7e60_51ce);
/// Who the events say has written them.
const ACTOR: &str = "system:adopt";

/// What adopting a table came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Streams of which something was taken.
    pub streams: u64,
    /// Events that were taken.
    pub events: u64,
    /// Streams that had been taken before and have nothing new.
    pub unchanged: u64,
    /// Streams of which nothing was taken, each with the reason.
    pub refused: Vec<(StreamKey, String)>,
}

/// Why no stream was adopted, or no further one.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// There is no such table.
    #[error("there is no table {0}")]
    NoTable(String),
    /// It is the log.
    #[error("{0} is the log itself")]
    Own(String),
    /// The database refused or could not be reached.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<sqlx::Error> for AdoptError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// An event as both tables have it: sequence, type, version, payload and metadata.
type Event = (i64, String, String, String, String);

/// Why nothing of a stream was taken.
enum Refused {
    Stream(String),
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

/// Takes what the log does not have yet of the streams of `table`, each in one transaction and in order. Events of the aggregates in `known`
/// must be readable; others are kept as they are. Harmless to repeat, and to run beside a server.
pub async fn adopt(pool: &PgPool, table: &str, known: &[&Entry]) -> Result<Adopted, AdoptError> {
    let found: Option<(String, bool)> = sqlx::query_as(
        "SELECT format('%I.%I', n.nspname, c.relname), c.oid IN ('events'::regclass, 'postgres_es_events'::regclass)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)",
    )
    .bind(table)
    .fetch_optional(pool)
    .await?;
    let source = match found {
        None => return Err(AdoptError::NoTable(table.to_owned())),
        Some((_, true)) => return Err(AdoptError::Own(table.to_owned())),
        Some((name, false)) => name,
    };
    let lanes = u32::try_from(heads(pool).await?.len()).unwrap_or_default();
    let streams: Vec<(String, String)> = sqlx::query_as(&format!(
        "SELECT aggregate_type::text, aggregate_id::text FROM {source} GROUP BY 1, 2 ORDER BY 1, 2"
    ))
    .fetch_all(pool)
    .await?;
    let mut adopted = Adopted::default();
    for (aggregate_type, aggregate_id) in streams {
        let key = StreamKey::new(aggregate_type, aggregate_id);
        let entry = known.iter().find(|entry| *entry.aggregate_type == *key.aggregate_type);
        match stream(pool, &source, &key, lane_of(&key.aggregate_id, lanes), entry.copied()).await {
            Ok(0) => adopted.unchanged += 1,
            Ok(events) => {
                adopted.streams += 1;
                adopted.events += events;
            }
            Err(Refused::Stream(reason)) => adopted.refused.push((key, reason)),
            Err(Refused::Sql(error)) => return Err(error.into()),
        }
    }
    Ok(adopted)
}

/// Takes what is new of one stream; returns how many events.
async fn stream(pool: &PgPool, table: &str, key: &StreamKey, lane: u32, entry: Option<&Entry>) -> Result<u64, Refused> {
    let mut tx = pool.begin().await?;
    // Until this is over nobody else appends to the stream.
    sqlx::query("SELECT FROM lanes WHERE lane = $1 FOR NO KEY UPDATE")
        .bind(lane.cast_signed())
        .execute(&mut *tx)
        .await?;
    let source = events(&mut tx, table, key).await?;
    let stored = events(&mut tx, "events", key).await?;
    let both = stored.len().min(source.len());
    if let Some((event, _)) = source
        .iter()
        .zip(&stored)
        .find(|(from_source, from_log)| from_source != from_log)
    {
        return Err(Refused::Stream(format!(
            "the log has another event {} in this stream",
            event.0
        )));
    }
    let new = &source[both..];
    if new.is_empty() {
        return Ok(0);
    }
    for (expected, event) in (1..).zip(&source) {
        check(event, expected, entry).map_err(Refused::Stream)?;
    }
    match appended(key, lane, new).send(&mut tx, &[]).await {
        Ok(_) => {}
        Err(AppendError::Sql(error)) => return Err(error.into()),
        Err(AppendError::Contended) => return Err(Refused::Stream("it is being written at this moment".to_owned())),
    }
    if events(&mut tx, "events", key).await? != source {
        return Err(Refused::Stream("what was stored is not what was there".to_owned()));
    }
    tx.commit().await?;
    Ok(new.len() as u64)
}

async fn events(db: &mut PgConnection, table: &str, key: &StreamKey) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as(&format!(
        "SELECT sequence::bigint, event_type::text, event_version::text, payload::text, metadata::text
         FROM {table} WHERE aggregate_type = $1 AND aggregate_id = $2 ORDER BY sequence"
    ))
    .bind(&*key.aggregate_type)
    .bind(&*key.aggregate_id)
    .fetch_all(db)
    .await
}

fn check(
    (sequence, event_type, event_version, payload, metadata): &Event,
    expected: i64,
    entry: Option<&Entry>,
) -> Result<(), String> {
    if *sequence != expected {
        return Err(format!("event {expected} is missing: {sequence} comes next"));
    }
    if serde_json::from_str::<HashMap<String, String>>(metadata).is_err() {
        return Err(format!("the metadata of event {sequence} is not a map of texts"));
    }
    let stored = Stored {
        event_type,
        event_version,
        payload,
    };
    let Some(entry) = entry else { return Ok(()) };
    match entry.touches(&stored) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "event {sequence} ({event_type}) cannot be understood: {}",
            Undecodable::new(&error)
        )),
    }
}

fn appended(key: &StreamKey, lane: u32, new: &[Event]) -> Append {
    let command = Uuid::new_v5(&NAMESPACE, key.to_string().as_bytes());
    let recorded = |(ahead, (sequence, event_type, event_version, payload, metadata)): (u64, &Event)| Recorded {
        lane,
        position: ahead,
        event_id: event_id(command, usize::try_from(*sequence).unwrap_or(usize::MAX)),
        aggregate_type: key.aggregate_type.clone(),
        aggregate_id: key.aggregate_id.clone(),
        sequence: sequence.unsigned_abs(),
        event_type: event_type.as_str().into(),
        event_version: event_version.as_str().into(),
        payload: payload.as_str().into(),
        metadata: metadata.as_str().into(),
        actor: ACTOR.into(),
        correlation_id: command,
        causation_id: None,
        request_id: "".into(),
        // The database says both.
        recorded_at: DateTime::UNIX_EPOCH,
        occurred_at: DateTime::UNIX_EPOCH,
    };
    Append {
        lanes: BTreeMap::from([(lane, new.len() as u64)]),
        events: (1..).zip(new).map(recorded).collect(),
        occurred: vec![None; new.len()],
        keys: Vec::new(),
    }
}
