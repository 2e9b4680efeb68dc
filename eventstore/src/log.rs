//! Reading the log, lane by lane.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::Stream;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use tokio::time::MissedTickBehavior;

use crate::tail::{Known, Served, Tail};
use crate::{Error, MissingEvent, Positions, Recorded};

/// A reader of the log. Cheap to clone.
///
/// Positions within a lane are dense and become visible in order, so a reader that continues from the last position it saw misses
/// nothing and sees nothing twice, whatever transactions are open elsewhere.
#[derive(Clone)]
pub struct Log {
    pub(crate) pool: PgPool,
    pub(crate) tail: Arc<Tail>,
    pub(crate) poll_interval: Duration,
}

/// What [`recorded`] reads.
macro_rules! columns {
    () => {
        "SELECT lane, position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
         payload::text AS payload, metadata::text AS metadata, actor, correlation_id, causation_id, recorded_at, occurred_at "
    };
}

/// Names repeat from event to event; one copy of each is enough.
#[derive(Default)]
struct Names(Vec<Arc<str>>);

impl Log {
    /// The head of every lane: the position of its newest event, 0 when it is empty.
    pub async fn heads(&self) -> Result<Positions, Error> {
        refresh_heads(&self.pool, &self.tail).await
    }

    /// The events after `after` in its lanes: lanes ascending, each in order. About `limit` of them, shared fairly, but at least one
    /// from each lane that goes on. Nothing only when no lane goes on.
    ///
    /// Recent events come from memory, others from PostgreSQL.
    pub async fn read(&self, after: &Positions, limit: usize) -> Result<Vec<Recorded>, Error> {
        if let Some(missing) = self.tail.missing_event() {
            return Err(Error::MissingEvent(missing));
        }
        if after
            .iter()
            .all(|(lane, position)| self.tail.behind(lane, position) == 0)
        {
            self.heads().await?; // another process may have written
        }
        let behind: Vec<Behind> = after
            .iter()
            .map(|(lane, position)| Behind {
                lane,
                position,
                events: self.tail.behind(lane, position),
            })
            .filter(|behind| behind.events > 0)
            .collect();
        let mut found = Vec::new();
        let mut older = Vec::new();
        for (Behind { lane, position, .. }, share) in shares(behind, limit) {
            match self.tail.serve(lane, position, share) {
                Served::UpToDate => {}
                Served::Events(mut events) => found.append(&mut events),
                Served::TooOld { behind } => older.push((lane, position, behind.min(share as u64))),
            }
        }
        if !older.is_empty() {
            found.extend(self.read_table(&older).await?);
        }
        found.sort_unstable_by_key(|event| (event.lane, event.position));
        Ok(found)
    }

    /// Returns when a lane of `after` goes on: at once when this process wrote it, within the poll interval when another one did.
    pub async fn wait(&self, after: &Positions) {
        self.tail.wait(after).await;
    }

    /// Batches of events after `after`, for ever. An error is handed on, and reading resumes where it failed.
    pub fn subscribe(&self, after: Positions) -> impl Stream<Item = Result<Vec<Recorded>, Error>> + Send + use<> {
        const BATCH: usize = 1_000;
        futures::stream::unfold((self.clone(), after, false), |(log, mut after, failed)| async move {
            if failed {
                tokio::time::sleep(log.poll_interval).await;
            }
            loop {
                match log.read(&after, BATCH).await {
                    Ok(events) if events.is_empty() => log.wait(&after).await,
                    Ok(events) => {
                        after.extend(events.iter().map(|event| (event.lane, event.position)));
                        return Some((Ok(events), (log, after, false)));
                    }
                    Err(error) => return Some((Err(error), (log, after, true))),
                }
            }
        })
    }

    /// All events of one stream, in order; none when there is no such stream.
    pub async fn stream(&self, aggregate_type: &str, aggregate_id: &str) -> Result<Vec<Recorded>, Error> {
        let rows = sqlx::query(concat!(
            columns!(),
            "FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 ORDER BY sequence"
        ))
        .bind(aggregate_type)
        .bind(aggregate_id)
        .fetch_all(&self.pool)
        .await?;
        Ok(Self::all(&rows)?)
    }

    /// The events at these places (lane, position), in the order of the log, from PostgreSQL; places where nothing is are left out.
    pub async fn at(&self, places: &[(u32, u64)]) -> Result<Vec<Recorded>, Error> {
        let lanes: Vec<i32> = places.iter().map(|(lane, _)| lane.cast_signed()).collect();
        let positions: Vec<i64> = places.iter().map(|(_, position)| position.cast_signed()).collect();
        let rows = sqlx::query(concat!(
            columns!(),
            "FROM unnest($1::integer[], $2::bigint[]) AS place (in_lane, at_position)
             JOIN events ON lane = in_lane AND position = at_position ORDER BY lane, position"
        ))
        .bind(lanes)
        .bind(positions)
        .fetch_all(&self.pool)
        .await?;
        Ok(Self::all(&rows)?)
    }

    fn all(rows: &[PgRow]) -> Result<Vec<Recorded>, sqlx::Error> {
        let mut names = Names::default();
        rows.iter().map(|row| recorded(row, &mut names)).collect()
    }

    async fn read_table(&self, cursors: &[(u32, u64, u64)]) -> Result<Vec<Recorded>, Error> {
        let lanes: Vec<i32> = cursors.iter().map(|(lane, ..)| lane.cast_signed()).collect();
        let positions: Vec<i64> = cursors.iter().map(|(_, position, _)| position.cast_signed()).collect();
        let limits: Vec<i32> = cursors
            .iter()
            .map(|(.., limit)| i32::try_from(*limit).unwrap_or(i32::MAX))
            .collect();
        let rows = sqlx::query(concat!(columns!(), "FROM read_lanes($1, $2, $3)"))
            .bind(lanes)
            .bind(positions)
            .bind(limits)
            .fetch_all(&self.pool)
            .await?;
        Ok(Self::all(&rows)?)
    }
}

/// A lane that goes on.
struct Behind {
    lane: u32,
    position: u64,
    events: u64,
}

/// Shares `limit` out: a lane that needs less than its part leaves the rest to the others, and none goes away empty-handed.
fn shares(mut behind: Vec<Behind>, limit: usize) -> Vec<(Behind, usize)> {
    behind.sort_unstable_by_key(|lane| lane.events);
    let mut left = limit;
    let mut lanes_left = behind.len();
    behind
        .into_iter()
        .map(|lane| {
            let part = (left / lanes_left).max(1);
            let share = part.min(usize::try_from(lane.events).unwrap_or(usize::MAX));
            left = left.saturating_sub(share);
            lanes_left -= 1;
            (lane, share)
        })
        .collect()
}

pub(crate) async fn heads(pool: &PgPool) -> Result<Positions, sqlx::Error> {
    let rows = sqlx::query("SELECT lane, head FROM lanes").fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let (lane, head): (i32, i64) = (row.try_get("lane")?, row.try_get("head")?);
            Ok((lane.cast_unsigned(), head.cast_unsigned()))
        })
        .collect()
}

/// Reads the heads and takes note of them. Heads never go back, unless the database is another one than before.
async fn refresh_heads(pool: &PgPool, tail: &Tail) -> Result<Positions, Error> {
    let known = tail.known();
    let heads = heads(pool).await?;
    let missing = known
        .iter()
        .find(|known| heads.get(known.lane).unwrap_or_default() < known.position);
    if let Some(&Known { lane, position, .. }) = missing {
        tail.record_missing(MissingEvent { lane, position });
    }
    if let Some(missing) = tail.missing_event() {
        return Err(Error::MissingEvent(missing));
    }
    tail.advance_heads(&heads);
    Ok(heads)
}

impl Names {
    fn intern(&mut self, name: &str) -> Arc<str> {
        const KEPT: usize = 64;
        if let Some(known) = self.0.iter().find(|known| &***known == name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        if self.0.len() < KEPT {
            self.0.push(Arc::clone(&name));
        }
        name
    }
}

fn recorded(row: &PgRow, names: &mut Names) -> Result<Recorded, sqlx::Error> {
    let metadata: &str = row.try_get("metadata")?;
    Ok(Recorded {
        lane: row.try_get::<i32, _>("lane")?.cast_unsigned(),
        position: row.try_get::<i64, _>("position")?.cast_unsigned(),
        event_id: row.try_get("event_id")?,
        aggregate_type: names.intern(row.try_get("aggregate_type")?),
        aggregate_id: row.try_get::<&str, _>("aggregate_id")?.into(),
        sequence: row.try_get::<i64, _>("sequence")?.cast_unsigned(),
        event_type: names.intern(row.try_get("event_type")?),
        event_version: names.intern(row.try_get("event_version")?),
        payload: row.try_get::<&str, _>("payload")?.into(),
        metadata: metadata.into(),
        actor: names.intern(row.try_get("actor")?),
        correlation_id: row.try_get("correlation_id")?,
        causation_id: row.try_get("causation_id")?,
        request_id: request_id(metadata).into(),
        recorded_at: row.try_get("recorded_at")?,
        occurred_at: row.try_get("occurred_at")?,
    })
}

fn request_id(metadata: &str) -> String {
    #[derive(serde::Deserialize)]
    struct RequestId {
        #[serde(default)]
        request_id: String,
    }
    serde_json::from_str(metadata)
        .map(|RequestId { request_id }| request_id)
        .unwrap_or_default()
}

/// Learns what other processes write, for as long as the tail lives and somebody waits.
pub(crate) async fn poll(pool: PgPool, tail: Weak<Tail>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = pool.close_event() => return,
        }
        match tail.upgrade() {
            Some(tail) if tail.has_waiting_readers() => match refresh_heads(&pool, &tail).await {
                Ok(_) => told = false,
                // Once of an outage: the next tries are only moments away.
                Err(error) if !told => {
                    told = true;
                    tracing::warn!(%error, "the heads of the lanes cannot be read");
                }
                Err(_) => {}
            },
            Some(_) => {}
            None => return,
        }
    }
}
