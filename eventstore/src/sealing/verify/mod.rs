//! Verification: recomputes every hash from the events and compares it with what was signed.

mod chain;
mod diagnose;
mod finding;
mod lane;
mod scan;

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::Arc;

use seal::{PublicKey, SignedCheckpoint};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use tokio::time::Instant;
use uuid::Uuid;

use chain::Chain;
use diagnose::{Misplaced, diagnose};
use finding::exchanged;
pub use finding::{Finding, Kind};
use lane::Lane;

use crate::sealing::rows;
use crate::{Error, log};

/// How the log is verified.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// The keys that are trusted. None: those that the database names, which proves nothing against its owner.
    pub keys: Vec<PublicKey>,
    /// Checkpoints kept outside of the database, in any order.
    pub exported: Vec<SignedCheckpoint>,
    /// What the [`Witness`](crate::sealing::Witness) of the sealer remembers. It need not be signed by one of `keys`.
    pub remembered: Option<SignedCheckpoint>,
    /// Only what came after this checkpoint.
    pub from_checkpoint: Option<u64>,
    /// Lanes read at the same time; at least one.
    pub workers: usize,
}

/// What verification found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The log's id.
    pub log: Option<Uuid>,
    /// Whether everything is as it was sealed, if it was.
    pub intact: bool,
    /// Events read.
    pub events: u64,
    /// Where verification began, when not at the beginning: nothing before it was looked at.
    pub from_checkpoint: Option<u64>,
    /// Events that the newest checkpoint covers.
    pub sealed: u64,
    /// Events that no checkpoint covers yet: only their order was checked.
    pub not_sealed: u64,
    /// The newest checkpoint.
    pub newest_checkpoint: Option<u64>,
    /// Checkpoints read.
    pub checkpoints: u64,
    /// Checkpoints brought from outside.
    pub exported_checkpoints: usize,
    /// The ids of the keys that were trusted.
    pub keys: Vec<String>,
    /// The keys came from the database itself.
    pub keys_from_database: bool,
    /// How long it took.
    pub seconds: f64,
    /// What is wrong: at most the first thing of each lane, and of the checkpoints everything.
    pub findings: Vec<Finding>,
}

/// Verifies the log in `pool`'s database, which may go on meanwhile. `progress` receives the number of events read and their total.
///
/// # Errors
/// When the database fails. What is wrong with the log is no error: the report says it.
pub async fn verify(
    pool: &PgPool,
    options: &VerifyOptions,
    progress: impl Fn(u64, u64) + Send + Sync + 'static,
) -> Result<Report, Error> {
    let started = Instant::now();
    let mut exported = options.exported.clone();
    exported.sort_by_key(|signed| signed.checkpoint.number);
    let options = VerifyOptions {
        exported,
        ..options.clone()
    };
    // The checkpoints first: whatever they cover was in the log by then.
    let mut chain = Chain::read(pool, &options).await?;
    let mut connection = pool.acquire().await?.detach();
    rows::force_index_scans(&mut connection, false).await?;
    let heads = log::heads(pool).await?;
    let lanes = u32::try_from(heads.len()).unwrap_or(u32::MAX);
    let mut findings = std::mem::take(&mut chain.findings);
    let mut all: BTreeMap<u32, u64> = heads.iter().collect();
    // Lanes that were sealed and have no head any more.
    chain.marks.keys().for_each(|lane| _ = all.entry(*lane).or_default());
    if !heads.iter().map(|(lane, _)| lane).eq(0..lanes) {
        findings.push(Finding::new(
            Kind::Lanes,
            "the lanes are not numbered 0, 1, 2, ... any more",
        ));
    }
    let hasher = RandomState::new();
    let mut waiting = Vec::new();
    for (lane, head) in &all {
        waiting.push(Lane::new(&mut connection, (*lane, *head, lanes), &chain, hasher.clone()).await?);
    }
    let scanned = scan::scan(pool, waiting, options.workers, Arc::new(progress)).await?;
    let misplaced = misplaced(&mut connection, &scanned, lanes, &mut findings).await?;
    let mut events = 0;
    for lane in &scanned {
        events += lane.reached().saturating_sub(lane.end - lane.events());
        findings.extend(judge(&mut connection, lane, &chain, (heads.get(lane.number), &misplaced)).await?);
    }
    drop(connection);
    let mut findings = exchanged(findings);
    let sealed = chain.newest.as_ref().map_or(0, seal::Checkpoint::events);
    let log_events: u64 = heads.iter().map(|(_, head)| head).sum();
    if chain.began && chain.newest.is_none() && chain.count == 0 && options.from_checkpoint.is_none() {
        let message = "there is no checkpoint any more, although the log was sealed before";
        findings.insert(0, Finding::new(Kind::Checkpoint, message));
    }
    Ok(Report {
        log: chain.newest.as_ref().map(|newest| newest.log),
        intact: findings.is_empty(),
        events,
        from_checkpoint: options.from_checkpoint,
        sealed,
        not_sealed: log_events.saturating_sub(sealed),
        newest_checkpoint: chain.newest.as_ref().map(|newest| newest.number),
        checkpoints: chain.count,
        exported_checkpoints: options.exported.len(),
        keys: chain.keys.iter().map(PublicKey::id).collect(),
        keys_from_database: chain.keys_of_database,
        seconds: started.elapsed().as_secs_f64(),
        findings,
    })
}

/// What is wrong with a lane that has been read; the first thing of it.
async fn judge(
    connection: &mut PgConnection,
    lane: &Lane,
    chain: &Chain,
    (head, misplaced): (Option<u64>, &Misplaced),
) -> Result<Option<Finding>, Error> {
    if let Some(broken) = lane.broken {
        return diagnose(connection, lane, broken, misplaced).await.map(Some);
    }
    if let Some(structure) = &lane.structure {
        return Ok(Some(structure.clone()));
    }
    if head.is_none_or(|head| head < lane.end) {
        let message = format!(
            "the lane's head says {}, and {} events are there",
            head.unwrap_or_default(),
            lane.end
        );
        return Ok(Some(Finding {
            lane: Some(lane.number),
            ..Finding::new(Kind::Lanes, message)
        }));
    }
    if chain.newest.is_none() {
        return Ok(None);
    }
    let leaves = chain.leaves.get(&lane.number).copied().unwrap_or_default();
    lane.check_tiles(connection, leaves).await
}

/// Looks for events where none may stand: beyond the head of their lane, before its start, in no lane at all, in another stream's lane.
async fn misplaced(
    connection: &mut PgConnection,
    scanned: &[Lane],
    lanes: u32,
    findings: &mut Vec<Finding>,
) -> Result<Vec<(i32, i64)>, Error> {
    // One statement, so that the heads and the events are those of one moment.
    let found: Vec<(i32, i64)> = sqlx::query_as(
        "SELECT e.lane, e.position FROM lanes l CROSS JOIN LATERAL (
             (SELECT lane, position FROM events WHERE lane = l.lane AND position > l.head ORDER BY position LIMIT 100)
             UNION ALL
             (SELECT lane, position FROM events WHERE lane = l.lane AND position < 1 ORDER BY position LIMIT 100)) e
         UNION ALL (SELECT lane, position FROM events WHERE lane < 0 ORDER BY lane, position LIMIT 100)
         UNION ALL (SELECT lane, position FROM events WHERE lane >= $1 ORDER BY lane, position LIMIT 100)",
    )
    .bind(lanes.cast_signed())
    .fetch_all(&mut *connection)
    .await?;
    let sealed = |lane: i32, position: i64| {
        let of_lane = |scanned: &&Lane| scanned.number.cast_signed() == lane;
        position > 0
            && scanned
                .iter()
                .find(of_lane)
                .is_some_and(|lane| position.cast_unsigned() <= lane.end)
    };
    let mut reported = Vec::new();
    for (lane, position) in &found {
        // Sealed events behind a head that was set back are reported as such.
        if reported.contains(lane) || sealed(*lane, *position) {
            continue;
        }
        reported.push(*lane);
        let condition = format!("lane = {lane} AND position = {position}");
        rows::each_event_where(connection, &condition, |event| {
            findings.push(Finding::event(
                Kind::Inserted,
                event,
                "no event was ever appended here: the lane's head does not reach it",
            ));
            true
        })
        .await?;
    }
    let misplaced = scanned.iter().filter_map(|lane| {
        let structure = lane.structure.as_ref()?;
        Some((lane.number.cast_signed(), structure.position?))
    });
    Ok(found.iter().copied().chain(misplaced).collect())
}
