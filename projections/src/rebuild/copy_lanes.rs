//! All of history into bare tables: some lanes at a time, each stream folded to its last row, which is copied.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventstore::{Positions, Recorded};
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::batch::{BatchError, report};
use crate::cursor::{CURSORS, from_columns, lane_column, position_column};
use crate::dead_letter;
use crate::error::Error;
use crate::rebuild::build::Build;
use crate::rebuild::{Phase, Progress};

/// About how many events are copied in one transaction. The database sorts them by stream, mostly in memory.
const CHUNK: u64 = 100_000;
/// Bytes of rows after which they are sent.
const FLUSH: usize = 4 << 20;
const REPORT: Duration = Duration::from_millis(200);

/// The lanes of one transaction, and up to where.
type Chunk = Vec<(u32, u64)>;

/// Copies the lanes that are still empty. Returns the number of events.
pub(crate) async fn run(
    build: &Build,
    workers: usize,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<u64, Error> {
    if build.phase().await? != "copy" {
        return Ok(0);
    }
    let bounds = build.bounds().await?;
    let start = build.positions().await?;
    let missing = bounds
        .iter()
        .filter(|(lane, _)| start.get(*lane).unwrap_or_default() == 0);
    let chunks = chunks(missing.collect());
    let total = count(build).await?;
    let done = AtomicU64::new(0);
    let mut copying = futures::stream::iter(chunks.iter())
        .map(|chunk| copy(build, chunk, &done))
        .buffer_unordered(workers);
    let mut ticks = tokio::time::interval(REPORT);
    loop {
        tokio::select! {
            copied = copying.next() => match copied {
                Some(copied) => copied?,
                None => break,
            },
            _ = ticks.tick() => {}
        }
        progress(Progress {
            phase: Phase::Copy,
            done: done.load(Ordering::Relaxed),
            total,
        });
    }
    drop(copying);
    build.enter("index", build.projection.seal(build.version)).await?;
    Ok(done.into_inner())
}

/// Lanes together that hold about [`CHUNK`] events.
fn chunks(lanes: Vec<(u32, u64)>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut events = 0;
    for (lane, bound) in lanes.into_iter().filter(|(_, bound)| *bound > 0) {
        if events == 0 || events + bound > CHUNK {
            chunks.push(Chunk::new());
            events = 0;
        }
        events += bound;
        if let Some(chunk) = chunks.last_mut() {
            chunk.push((lane, bound));
        }
    }
    chunks
}

async fn count(build: &Build) -> Result<u64, Error> {
    let types = build.projection.aggregate_types();
    let counted: i64 = if types.is_empty() {
        sqlx::query_scalar("SELECT coalesce(sum(head), 0)::bigint FROM lanes")
            .fetch_one(&build.pool)
            .await?
    } else {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE aggregate_type = ANY ($1)")
            .bind(types)
            .fetch_one(&build.pool)
            .await?
    };
    Ok(counted.unsigned_abs())
}

/// One transaction: the rows of these lanes, and their cursors. Fast while nothing is wrong with the events; otherwise once more,
/// stream by stream.
async fn copy(build: &Build, chunk: &Chunk, done: &AtomicU64) -> Result<(), Error> {
    let mut copied = 0;
    match copy_once(build, chunk, Counter(done, &mut copied), false).await {
        Err(BatchError::Poison { reason, .. }) => {
            tracing::warn!(
                projection = build.name(),
                reason,
                "an event cannot be folded; its lanes are copied stream by stream"
            );
            done.fetch_sub(copied, Ordering::Relaxed);
            copy_once(build, chunk, Counter(done, &mut copied), true)
                .await
                .map_err(into_error)
        }
        copied => copied.map_err(into_error),
    }
}

fn into_error(refused: BatchError) -> Error {
    match refused {
        BatchError::Failed(error) => error.into(),
        BatchError::Poison { reason, .. } => Error::Database(sqlx::Error::Protocol(reason)),
        BatchError::LeaseLost => Error::Database(sqlx::Error::WorkerCrashed),
    }
}

/// Counts the events of all chunks, and those of this one.
struct Counter<'a>(&'a AtomicU64, &'a mut u64);

impl Counter<'_> {
    fn add(&mut self, events: u64) {
        self.0.fetch_add(events, Ordering::Relaxed);
        *self.1 += events;
    }
}

async fn copy_once(build: &Build, chunk: &Chunk, mut done: Counter<'_>, by_stream: bool) -> Result<(), BatchError> {
    let lanes: Vec<i32> = chunk.iter().map(|(lane, _)| lane_column(*lane)).collect();
    let bounds: Vec<i64> = chunk.iter().map(|(_, bound)| position_column(*bound)).collect();
    let mut tx = workers::begin(
        &build.pool,
        "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL jit = off",
    )
    .await?;
    build.hold_lease(&mut tx).await.map_err(|error| match error {
        Error::Database(error) => BatchError::Failed(error),
        _ => BatchError::LeaseLost,
    })?;
    let mut fold = build.projection.bulk(build.version);
    let mut reading = workers::begin(&build.pool, "BEGIN; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off").await?;
    let statement = history(build.projection.aggregate_types(), by_stream);
    let mut rows = sqlx::query(&statement)
        .persistent(false)
        .bind(&lanes)
        .bind(&bounds)
        .bind(build.name())
        .fetch(&mut *reading);
    let mut reader = EventReader::default();
    let mut stream = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let event = reader.read(&row)?;
        if by_stream {
            if stream.first().is_some_and(|first| !same_stream(first, &event)) {
                copy_stream(build, &std::mem::take(&mut stream), &mut tx).await?;
            }
            stream.push(event);
        } else {
            fold.push(&event)?;
            if fold.pending() > FLUSH {
                fold.flush(false, &mut tx).await?;
            }
        }
        done.add(1);
    }
    copy_stream(build, &stream, &mut tx).await?;
    fold.flush(true, &mut tx).await?;
    advance(build, chunk, &mut tx).await?;
    tx.commit().await?;
    Ok(())
}

fn same_stream(one: &Recorded, other: &Recorded) -> bool {
    (&one.aggregate_type, &one.aggregate_id) == (&other.aggregate_type, &other.aggregate_id)
}

/// Copies what can be folded of one stream, and parks the rest of it.
async fn copy_stream(build: &Build, events: &[Recorded], connection: &mut PgConnection) -> Result<(), BatchError> {
    let Some(mut reason) = try_prefix(build, events, connection).await? else {
        return Ok(());
    };
    // So many events can be folded, so many cannot.
    let (mut good, mut bad) = (0, events.len());
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        sqlx::query("SAVEPOINT trial").execute(&mut *connection).await?;
        let refused = try_prefix(build, &events[..middle], connection).await?;
        sqlx::query("ROLLBACK TO SAVEPOINT trial")
            .execute(&mut *connection)
            .await?;
        match refused {
            None => good = middle,
            Some(why) => (bad, reason) = (middle, why),
        }
    }
    try_prefix(build, &events[..good], connection).await?;
    let rest: Vec<&Recorded> = events[good..].iter().collect();
    let (name, version) = (build.name(), build.version);
    if let Some((first, waiting)) = rest.split_first() {
        report(name, &[*first], &reason);
        dead_letter::park(name, version, &[*first], Some(&reason), connection).await?;
        dead_letter::park(name, version, waiting, None, connection).await?;
    }
    Ok(())
}

/// Copies the first events of a stream, unless they cannot be folded: then nothing is copied and the reason is the answer.
async fn try_prefix(
    build: &Build,
    events: &[Recorded],
    connection: &mut PgConnection,
) -> Result<Option<String>, BatchError> {
    let mut fold = build.projection.bulk(build.version);
    for event in events {
        match fold.push(event).map_err(BatchError::from) {
            Ok(()) => {}
            Err(BatchError::Poison { reason, .. }) => return Ok(Some(reason)),
            Err(refused) => return Err(refused),
        }
    }
    sqlx::query("SAVEPOINT stream").execute(&mut *connection).await?;
    match fold.flush(true, connection).await.map_err(BatchError::from) {
        Ok(()) => {
            sqlx::query("RELEASE SAVEPOINT stream").execute(connection).await?;
            Ok(None)
        }
        Err(BatchError::Poison { reason, .. }) => {
            sqlx::query("ROLLBACK TO SAVEPOINT stream").execute(connection).await?;
            Ok(Some(reason))
        }
        Err(refused) => Err(refused),
    }
}

async fn advance(build: &Build, chunk: &Chunk, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    CURSORS
        .advance(build.name(), build.version, chunk.iter().copied(), connection)
        .await
}

/// The events of the lanes `$1` up to the positions `$2`, stream by stream, without those that were skipped in the projection `$3`. All
/// types of aggregates come in the order of the log, unless streams are asked for: a projection of all types does not fold streams.
///
/// The type is compared as an expression, so that no index on it is considered: its index would be read as a whole for every chunk.
fn history(types: &[&str], by_stream: bool) -> String {
    let (filter, order) = if types.is_empty() {
        (String::new(), if by_stream { STREAMS } else { "e.lane, e.position" })
    } else {
        let types: Vec<_> = types.iter().map(|name| format!("'{name}'")).collect();
        (format!("e.aggregate_type || '' IN ({}) AND", types.join(", ")), STREAMS)
    };
    format!(
        "SELECT e.lane, e.position, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
                e.payload::text AS payload, e.occurred_at
         FROM unnest($1::integer[], $2::bigint[]) AS bound (lane, position)
         JOIN events e ON e.lane = bound.lane AND e.position <= bound.position
         WHERE {filter} NOT EXISTS (SELECT FROM projection_skip s
                                    WHERE s.name = $3 AND s.lane = e.lane AND s.position = e.position)
         ORDER BY {order}"
    )
}

/// Stream by stream.
const STREAMS: &str = "e.aggregate_type, e.aggregate_id, e.sequence";

/// Makes events of rows. What no fold looks at (who, which request) is left blank, and names are shared.
pub(crate) struct EventReader {
    event: Recorded,
}

impl Default for EventReader {
    fn default() -> Self {
        let empty: Arc<str> = Arc::from("");
        Self {
            event: Recorded {
                lane: 0,
                position: 0,
                event_id: Uuid::nil(),
                aggregate_type: Arc::clone(&empty),
                aggregate_id: Arc::clone(&empty),
                sequence: 0,
                event_type: Arc::clone(&empty),
                event_version: Arc::clone(&empty),
                payload: Arc::clone(&empty),
                metadata: Arc::clone(&empty),
                actor: Arc::clone(&empty),
                correlation_id: Uuid::nil(),
                causation_id: None,
                request_id: empty,
                recorded_at: chrono::DateTime::UNIX_EPOCH,
                occurred_at: chrono::DateTime::UNIX_EPOCH,
            },
        }
    }
}

impl EventReader {
    /// Takes lane, position, aggregate type and id, sequence, event type and version, payload as text and `occurred_at`, in this order.
    pub(crate) fn read(&mut self, row: &PgRow) -> Result<Recorded, sqlx::Error> {
        let (lane, position) = from_columns(row.try_get(0)?, row.try_get(1)?);
        share(&mut self.event.aggregate_type, row.try_get(2)?);
        share(&mut self.event.aggregate_id, row.try_get(3)?);
        share(&mut self.event.event_type, row.try_get(5)?);
        share(&mut self.event.event_version, row.try_get(6)?);
        Ok(Recorded {
            lane,
            position,
            sequence: row.try_get::<i64, _>(4)?.unsigned_abs(),
            payload: row.try_get::<&str, _>(7)?.into(),
            occurred_at: row.try_get(8)?,
            ..self.event.clone()
        })
    }
}

fn share(name: &mut Arc<str>, text: &str) {
    if &**name != text {
        *name = text.into();
    }
}

/// The lanes of `to` beyond `from`, each with what is missing.
pub(crate) fn gap(from: &Positions, to: &Positions) -> Vec<(u32, u64, u64)> {
    to.iter()
        .filter_map(|(lane, bound)| {
            let at = from.get(lane).unwrap_or_default();
            (bound > at).then_some((lane, at, bound))
        })
        .collect()
}
