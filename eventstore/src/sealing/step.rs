//! One checkpoint: the new events of every lane go into its tree, and the trees' roots are signed, all in one transaction.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use seal::{
    Checkpoint, Hash, LaneHead, SignedCheckpoint, SigningKey, TileWriter, Tiles, consistency_path, consistency_tiles,
    edge_tiles, verify_consistency,
};
use sqlx::{Connection as _, PgConnection, PgPool, Row as _};
use workers::Lease;

use super::error::SealError;
use super::lease;
use super::witness::Witness;
use super::{checkpoints, rows, tiles};

/// What a checkpoint is made with.
pub(crate) struct Step<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) key: &'a SigningKey,
    pub(crate) lease: &'a Lease,
    /// How long the lease lasts from here on.
    pub(crate) ttl: Duration,
    /// Events at most.
    pub(crate) batch: u64,
    /// Remembers every checkpoint outside of the database.
    pub(crate) witness: Option<&'a Witness>,
}

/// What has been sealed by a step.
#[derive(Debug)]
pub(crate) struct StepResult {
    /// Events that the checkpoint adds; 0: there was nothing to seal, and no checkpoint was made.
    pub(crate) events: u64,
    /// Events that wait for the next one.
    pub(crate) waiting: u64,
    /// The newest checkpoint by now.
    pub(crate) newest: Option<Checkpoint>,
}

impl Step<'_> {
    /// Seals what is new, or nothing. `known` is a checkpoint that was made: nothing is signed that does not go on from it.
    pub(crate) async fn seal(&self, now: DateTime<Utc>, known: Option<&Checkpoint>) -> Result<StepResult, SealError> {
        let mut connection = self.pool.acquire().await?;
        let mut tx = connection.begin().await?;
        rows::force_index_scans(&mut tx, true).await?;
        let log = lease::hold(&mut tx, self.lease, self.ttl)
            .await?
            .ok_or(SealError::LeaseLost)?;
        let signed = self.previous(&mut tx, known).await?;
        let previous = signed.as_ref().map(|signed| &signed.checkpoint);
        if previous.is_some_and(|previous| previous.log != log) {
            return Err(SealError::broken("the newest checkpoint is of another log"));
        }
        let growth = growth(&mut tx, previous, self.batch).await?;
        // Before anything is signed on top of it: the file lags behind by one checkpoint at most of those that were signed here.
        if previous != known {
            self.keep(signed.as_ref()).await?;
        }
        if growth.lanes.is_empty() {
            return Ok(StepResult {
                events: 0,
                waiting: 0,
                newest: signed.map(|signed| signed.checkpoint),
            });
        }
        let mut heads: BTreeMap<u32, LaneHead> = previous
            .iter()
            .flat_map(|checkpoint| checkpoint.lanes.iter().map(|head| (head.lane, *head)))
            .collect();
        grow(&mut tx, &growth.lanes, &mut heads).await?;
        let checkpoint = Checkpoint {
            log,
            number: previous.map_or(1, |previous| previous.number + 1),
            time: now.trunc_subsecs(6),
            previous: previous.map(Checkpoint::hash),
            lanes: heads.into_values().collect(),
        };
        // The row of the lease is locked: nobody else signs a checkpoint of this number.
        let signed = SignedCheckpoint::sign(checkpoint, self.key);
        checkpoints::insert(&mut tx, &signed, &self.key.public()).await?;
        tx.commit().await?;
        // Only now: a checkpoint that was kept and not committed would look like one that was removed.
        self.keep(Some(&signed)).await?;
        Ok(StepResult {
            events: growth.lanes.iter().map(|lane| lane.to - lane.from).sum(),
            waiting: growth.waiting,
            newest: Some(signed.checkpoint),
        })
    }

    async fn keep(&self, newest: Option<&SignedCheckpoint>) -> Result<(), SealError> {
        match self.witness {
            Some(witness) => witness.keep(newest).await,
            None => Ok(()),
        }
    }

    /// The checkpoint to go on from, once it has been found to be what was signed.
    async fn previous(
        &self,
        db: &mut PgConnection,
        known: Option<&Checkpoint>,
    ) -> Result<Option<SignedCheckpoint>, SealError> {
        let Some((number, note)) = checkpoints::newest(db).await? else {
            return match known {
                Some(known) => Err(contradicts(known, "the checkpoints are gone")),
                None => Ok(None),
            };
        };
        let signed: SignedCheckpoint = note
            .parse()
            .map_err(|error| SealError::broken(format!("checkpoint {number}: {error}")))?;
        let mut keys = vec![self.key.public()];
        if signed.signed_by(&keys).is_none() {
            // Signed by an earlier key, or on another machine.
            keys.extend(checkpoints::keys(db).await?);
        }
        if signed.signed_by(&keys).is_none() || signed.checkpoint.number.cast_signed() != number {
            return Err(SealError::broken(format!("checkpoint {number} is not what was signed")));
        }
        if let Some(known) = known {
            verify_stored(db, known, &signed.checkpoint).await?;
            verify_lanes_grew(db, known, &signed.checkpoint).await?;
        }
        Ok(Some(signed))
    }
}

fn contradicts(known: &Checkpoint, what: impl fmt::Display) -> SealError {
    SealError::broken(format!(
        "checkpoint {} of {} was made, and {what}",
        known.number, known.time
    ))
}

/// Whether the newest checkpoint of the database goes back to `known`, by what both say.
pub(crate) async fn verify_known(db: &mut PgConnection, known: &Checkpoint) -> Result<(), SealError> {
    let newest = checkpoints::newest(db).await?;
    let newest = newest.and_then(|(_, note)| note.parse::<SignedCheckpoint>().ok());
    match newest {
        Some(newest) => verify_stored(db, known, &newest.checkpoint).await,
        None => Err(contradicts(known, "the checkpoints are gone")),
    }
}

/// Whether the database still has `known`, under its number.
pub(crate) async fn verify_stored(
    db: &mut PgConnection,
    known: &Checkpoint,
    newest: &Checkpoint,
) -> Result<(), SealError> {
    if newest.log != known.log {
        return Err(contradicts(known, "the database holds another log"));
    }
    if newest.number < known.number {
        let what = format!("{} is the newest one of the database", newest.number);
        return Err(contradicts(known, what));
    }
    let stored = checkpoints::find(db, known.number).await?;
    let stored = stored.and_then(|note| note.parse::<SignedCheckpoint>().ok());
    if stored.is_none_or(|stored| stored.checkpoint != *known) {
        return Err(contradicts(known, "has been replaced or removed"));
    }
    Ok(())
}

/// Whether the lanes of `newest` go on from those of `known`: others may have signed in between, also somebody with a key of his own.
async fn verify_lanes_grew(db: &mut PgConnection, known: &Checkpoint, newest: &Checkpoint) -> Result<(), SealError> {
    let grown = known.lanes.iter().filter(|old| newest.lane(old.lane) != Some(old));
    let wanted = grown.clone().map(|old| {
        let size = newest.size(old.lane);
        (old.lane, consistency_tiles(old.size.min(size), size))
    });
    let tiles = tiles::load(db, &wanted.collect()).await?;
    for old in grown {
        let proven = newest
            .lane(old.lane)
            .zip(tiles.get(&old.lane))
            .is_some_and(|(new, tiles)| {
                consistency_path(tiles, old.size, new.size)
                    .is_some_and(|path| verify_consistency(old.size, &old.root, new.size, &new.root, &path).is_ok())
            });
        if !proven {
            let what = format!(
                "lane {} of checkpoint {} does not go on from it",
                old.lane, newest.number
            );
            return Err(contradicts(known, what));
        }
    }
    Ok(())
}

/// A lane that goes on.
#[derive(Clone, Copy)]
struct LaneGrowth {
    lane: u32,
    from: u64,
    to: u64,
    root: Option<Hash>,
}

struct Growth {
    lanes: Vec<LaneGrowth>,
    waiting: u64,
}

/// What is new in each lane, at most `batch` events of it.
async fn growth(db: &mut PgConnection, previous: Option<&Checkpoint>, batch: u64) -> Result<Growth, SealError> {
    let mut heads: BTreeMap<u32, u64> = BTreeMap::new();
    for row in sqlx::query("SELECT lane, head FROM lanes").fetch_all(&mut *db).await? {
        let (lane, head): (i32, i64) = (row.try_get("lane")?, row.try_get("head")?);
        heads.insert(lane.cast_unsigned(), head.cast_unsigned());
    }
    let sealed = previous
        .map(|checkpoint| checkpoint.lanes.as_slice())
        .unwrap_or_default();
    if let Some(short) = sealed
        .iter()
        .find(|sealed| heads.get(&sealed.lane).is_none_or(|head| *head < sealed.size))
    {
        return Err(SealError::broken(format!(
            "lane {} was sealed up to position {} and is shorter now",
            short.lane, short.size
        )));
    }
    let size = |lane| previous.map_or(0, |checkpoint| checkpoint.size(lane));
    let hashed = tiles::leaves(db).await?;
    if let Some((lane, leaves)) = hashed.into_iter().find(|(lane, leaves)| *leaves > size(*lane)) {
        return Err(SealError::broken(format!(
            "the events of lane {lane} are hashed up to position {leaves}, and no checkpoint is there that covers them"
        )));
    }
    let all: u64 = heads.iter().map(|(lane, head)| head - size(*lane)).sum();
    let mut waiting = 0;
    let mut lanes = Vec::new();
    for (lane, head) in heads {
        let known = previous.and_then(|checkpoint| checkpoint.lane(lane));
        let from = size(lane);
        let taken = share(head - from, all, batch);
        waiting += head - from - taken;
        if taken > 0 {
            lanes.push(LaneGrowth {
                lane,
                from,
                to: from + taken,
                root: known.map(|head| head.root),
            });
        }
    }
    Ok(Growth { lanes, waiting })
}

/// A lane's part of the batch when more wait than it may have: none is left behind by the others.
fn share(new: u64, all: u64, batch: u64) -> u64 {
    if all <= batch {
        return new;
    }
    let part = u128::from(new) * u128::from(batch) / u128::from(all);
    u64::try_from(part).unwrap_or(batch).max(1).min(new)
}

/// Takes the lanes' new events into their trees and stores the tiles.
async fn grow(
    db: &mut PgConnection,
    lanes: &[LaneGrowth],
    heads: &mut BTreeMap<u32, LaneHead>,
) -> Result<(), SealError> {
    let edges = lanes.iter().map(|lane| (lane.lane, edge_tiles(lane.from))).collect();
    let edges = tiles::load(db, &edges).await?;
    let none = Tiles::new();
    let mut written = Vec::new();
    for growing in lanes {
        let edge = edges.get(&growing.lane).unwrap_or(&none);
        let tree = TileWriter::resume(growing.from, edge);
        // What was signed is what is gone on from; hashes that lead elsewhere are somebody else's.
        let tree = tree.filter(|tree| growing.root.is_none_or(|root| tree.frontier().root() == root));
        let mut tree = tree.ok_or_else(|| {
            SealError::broken(format!(
                "the stored hashes of lane {} do not lead to its signed root",
                growing.lane
            ))
        })?;
        push_events(db, *growing, &mut tree).await?;
        let root = tree.frontier().root();
        heads.insert(
            growing.lane,
            LaneHead {
                lane: growing.lane,
                size: growing.to,
                root,
            },
        );
        written.extend(
            tree.into_tiles()
                .into_iter()
                .map(|(id, bytes)| (growing.lane, id, bytes)),
        );
    }
    tiles::store(db, written).await?;
    Ok(())
}

async fn push_events(db: &mut PgConnection, growing: LaneGrowth, tree: &mut TileWriter) -> Result<(), SealError> {
    let mut buffer = Vec::new();
    let range = (growing.from.cast_signed(), growing.to.cast_signed());
    rows::each_event(db, growing.lane.cast_signed(), range, |event| {
        let dense = event.position == tree.frontier().size().cast_signed() + 1 && event.payload != rows::INCOMPLETE;
        if dense {
            tree.push(event.leaf(&mut buffer));
        }
        dense
    })
    .await?;
    let reached = tree.frontier().size();
    if reached == growing.to {
        return Ok(());
    }
    Err(SealError::broken(format!(
        "the event at lane {} position {} is missing or incomplete",
        growing.lane,
        reached + 1
    )))
}
