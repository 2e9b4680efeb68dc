//! The worker that makes the files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prost::Message as _;
use proto::failure::Failure;
use proto::v1::ExportRequest;
use reads::error::Error;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workers::{FREE, HELD, Lease, Leases, RENEW, TAKE};

use super::ExportService;
use crate::export::{self, Chunks};

/// Bytes of a piece.
pub(super) const PIECE: usize = 1 << 20;
/// How often progress is written and the lease renewed.
const BEAT: Duration = Duration::from_millis(500);
/// After how long without a beat another process begins again.
const LEASE: Duration = Duration::from_secs(15);
/// How often a process looks for jobs that it was not notified of.
const LOOK: Duration = Duration::from_secs(1);
/// A file that kills its maker this often is given up.
const MAX_ATTEMPTS: i32 = 3;
/// Longest file, in bytes.
const MAX_SIZE: u64 = 4 << 30;

const JOBS: Leases = Leases::of("report_exports", "id");

/// A job that is held.
struct Held {
    lease: Lease,
    request: Vec<u8>,
}

impl Held {
    /// A statement about the job while it is held, which binds from `$4` on.
    fn query<'q>(&'q self, statement: &'q str) -> sqlx::query::Query<'q, Postgres, PgArguments> {
        sqlx::query(statement)
            .bind(&self.lease.name)
            .bind(self.lease.owner)
            .bind(self.lease.fence)
    }
}

/// How a job ended.
enum Ended {
    Done {
        size: u64,
    },
    Failed(Error),
    /// Somebody cancelled it, or another process took it over.
    Lost,
    /// This process stops.
    Stopped,
}

/// Makes files until `stop`, then gives back what is under way.
pub(super) async fn run(query: ExportService, stop: CancellationToken) {
    let mut sweep_at = tokio::time::Instant::now();
    let mut owner = None;
    while !stop.is_cancelled() {
        if tokio::time::Instant::now() >= sweep_at {
            sweep(&query).await;
            sweep_at = tokio::time::Instant::now() + query.sweep;
        }
        match claim(&query, &mut owner).await {
            Ok(Some(held)) => work(&query, held, &stop).await,
            Ok(None) => rest(&query, &stop).await,
            Err(error) => {
                tracing::warn!(%error, "exports cannot be looked for");
                rest(&query, &stop).await;
            }
        }
    }
}

async fn rest(query: &ExportService, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = query.wake.notified() => {}
        () = tokio::time::sleep(LOOK) => {}
    }
}

/// Removes what has been kept long enough.
async fn sweep(query: &ExportService) {
    let swept = sqlx::query("DELETE FROM report_exports WHERE expires_at < now()")
        .execute(query.pool())
        .await;
    if let Err(error) = swept {
        tracing::warn!(%error, "old exports were not removed");
    }
}

/// Takes a job that waits, or whose maker is gone, and begins it anew.
async fn claim(query: &ExportService, owner: &mut Option<Uuid>) -> Result<Option<Held>, sqlx::Error> {
    let owner = match owner {
        Some(owner) => *owner,
        None => *owner.insert(workers::owner(query.pool()).await?),
    };
    let mut tx = query.pool().begin().await?;
    // `holder` and `held_until` are of processes from before step 20, as long as there are any.
    let statement = format!(
        "UPDATE report_exports SET status = 'running', {TAKE}, holder = NULL, held_until = NULL, rows = 0, total_rows = NULL, size = 0,
             attempts = attempts + 1
         WHERE id = (SELECT id FROM report_exports
                     WHERE status = $1 OR status = $3 AND {FREE} AND
                         (held_until IS NULL OR held_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes')
                     ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, fence, request, attempts"
    );
    let claimed: Option<(String, i64, Vec<u8>, i32)> = sqlx::query_as(&statement)
        .bind("queued")
        .bind(owner)
        .bind("running")
        .bind(LEASE.as_secs_f64())
        .fetch_optional(&mut *tx)
        .await?;
    let Some((id, fence, request, attempts)) = claimed else {
        return Ok(None);
    };
    sqlx::query("DELETE FROM report_export_pieces WHERE export_id = $1")
        .bind(&id)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    let lease = JOBS.held(id, owner, fence);
    let held = Held { lease, request };
    if attempts > MAX_ATTEMPTS {
        fail(
            query,
            &held,
            "export_failed",
            "the process that made the file ended, several times",
        )
        .await?;
        return Ok(None);
    }
    Ok(Some(held))
}

async fn work(query: &ExportService, held: Held, stop: &CancellationToken) {
    let started = tokio::time::Instant::now();
    let rows = Arc::new(AtomicU64::new(0));
    let ended = tokio::select! {
        ended = make(query, &held, Arc::clone(&rows)) => ended,
        ended = watch(query, &held, &rows, stop) => ended,
    };
    let (outcome, booked) = match ended {
        Ended::Done { size } => ("done", done(query, &held, rows.load(Ordering::Relaxed), size).await),
        Ended::Failed(error) => {
            let failure = Failure::from(error);
            let (code, message) = (failure.code.clone(), failure.message.clone());
            ("failed", fail(query, &held, &code, &message).await)
        }
        Ended::Lost => ("lost", Ok(())),
        Ended::Stopped => ("stopped", give_back(query, &held).await),
    };
    if let Err(error) = booked {
        // The lease runs out, and the job begins again.
        tracing::warn!(%error, export = held.lease.name, "the end of an export was not recorded");
    }
    metrics::counter!("tillroll_exports_total", "outcome" => outcome).increment(1);
    metrics::histogram!("tillroll_export_seconds", "outcome" => outcome).record(started.elapsed().as_secs_f64());
}

/// Writes the file into pieces.
async fn make(query: &ExportService, held: &Held, rows: Arc<AtomicU64>) -> Ended {
    let prepared = match ExportRequest::decode(held.request.as_slice()) {
        Ok(request) => export::prepare(&query.reads, &request).await,
        Err(_) => Err(Error::invalid(
            "report",
            "malformed",
            "was asked for by another version",
        )),
    };
    let counted = match prepared {
        Ok(prepared) => prepared.count(&query.reads).await.map(|count| (prepared, count)),
        Err(error) => Err(error),
    };
    let (prepared, count) = match counted {
        Ok(counted) => counted,
        Err(error) => return Ended::Failed(error),
    };
    let told = held
        .query(&format!(
            "UPDATE report_exports SET total_rows = $4 WHERE id = $1 AND {HELD}"
        ))
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .execute(query.pool())
        .await;
    if let Err(error) = told {
        return Ended::Failed(error.into());
    }
    let (bytes, pieces) = mpsc::channel(2);
    let writing = prepared.write(&query.reads, Chunks::new(PIECE, bytes), rows);
    let (written, stored) = tokio::join!(writing, store(query, held, pieces));
    match (stored, written) {
        (Ok(Some(size)), Ok(())) => Ended::Done { size },
        (Ok(None), _) => Ended::Lost,
        (Err(error), _) | (_, Err(error)) => Ended::Failed(error),
    }
}

/// Stores pieces as long as the job is held; `None`: it is not any more.
async fn store(query: &ExportService, held: &Held, mut pieces: mpsc::Receiver<Vec<u8>>) -> Result<Option<u64>, Error> {
    let (mut number, mut start) = (0_i64, 0_u64);
    let statement = format!(
        "INSERT INTO report_export_pieces (export_id, number, start, data)
         SELECT id, $4, $5, $6 FROM report_exports WHERE id = $1 AND {HELD} AND status = 'running' FOR KEY SHARE"
    );
    while let Some(piece) = pieces.recv().await {
        let stored = held
            .query(&statement)
            .bind(number)
            .bind(i64::try_from(start).unwrap_or(i64::MAX))
            .bind(&piece)
            .execute(query.pool())
            .await?;
        if stored.rows_affected() == 0 {
            return Ok(None);
        }
        number += 1;
        start += piece.len() as u64;
        if start > MAX_SIZE {
            return Err(Error::ExportTooLarge { limit: MAX_SIZE });
        }
    }
    Ok(Some(start))
}

/// Keeps the lease and tells how far the job is; returns when it is lost or has to stop.
async fn watch(query: &ExportService, held: &Held, rows: &AtomicU64, stop: &CancellationToken) -> Ended {
    let statement =
        format!("UPDATE report_exports SET rows = $5, {RENEW} WHERE id = $1 AND {HELD} AND status = 'running'");
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ended::Stopped,
            () = tokio::time::sleep(BEAT) => {}
        }
        let alive = held
            .query(&statement)
            .bind(LEASE.as_secs_f64())
            .bind(i64::try_from(rows.load(Ordering::Relaxed)).unwrap_or(i64::MAX))
            .execute(query.pool())
            .await;
        match alive {
            Ok(alive) if alive.rows_affected() == 0 => return Ended::Lost,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, export = held.lease.name, "the lease of an export was not renewed"),
        }
    }
}

async fn done(query: &ExportService, held: &Held, rows: u64, size: u64) -> Result<(), sqlx::Error> {
    let statement = format!(
        "UPDATE report_exports SET status = 'done', rows = $4, size = $5, owner = NULL,
             finished_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(secs => $6)
         WHERE id = $1 AND {HELD} AND status = 'running'"
    );
    held.query(&statement)
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .bind(i64::try_from(size).unwrap_or(i64::MAX))
        .bind(query.keep.as_secs_f64())
        .execute(query.pool())
        .await?;
    Ok(())
}

async fn fail(query: &ExportService, held: &Held, code: &str, message: &str) -> Result<(), sqlx::Error> {
    let statement = format!(
        "WITH failed AS (
             UPDATE report_exports SET status = 'failed', error_code = $4, error = $5, owner = NULL,
                 finished_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(secs => $6)
             WHERE id = $1 AND {HELD} AND status = 'running' RETURNING id
         )
         DELETE FROM report_export_pieces WHERE export_id IN (SELECT id FROM failed)"
    );
    held.query(&statement)
        .bind(code)
        .bind(message)
        .bind(query.keep.as_secs_f64())
        .execute(query.pool())
        .await?;
    Ok(())
}

/// The job begins again elsewhere, or when this process is back.
async fn give_back(query: &ExportService, held: &Held) -> Result<(), sqlx::Error> {
    let statement = format!(
        "UPDATE report_exports SET status = 'queued', owner = NULL, attempts = attempts - 1
         WHERE id = $1 AND {HELD} AND status = 'running'"
    );
    held.query(&statement).execute(query.pool()).await?;
    Ok(())
}
