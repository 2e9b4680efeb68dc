//! From where copying ended to where the active version is.

use std::collections::{BTreeMap, HashSet};

use eventstore::{Positions, Recorded};
use sqlx::PgConnection;

use crate::cursor::{self, CURSORS, from_columns};
use crate::error::Error;
use crate::rebuild::build::Build;
use crate::rebuild::copy_lanes::gap;
use crate::rebuild::{Phase, Progress};
use crate::savepoint;

/// Events of a transaction.
const BATCH: usize = 2_000;
/// Few enough to apply while the active version stands still.
const NEAR: u64 = 500;

/// Applies what is missing, until little is.
pub(crate) async fn approach(build: &Build, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<(), Error> {
    let mut done = 0;
    loop {
        let from = build.positions().await?;
        let bounds = build.bounds().await?;
        let missing: u64 = gap(&from, &bounds).iter().map(|(_, at, bound)| bound - at).sum();
        progress(Progress {
            phase: Phase::CatchUp,
            done,
            total: done + missing,
        });
        if missing <= NEAR {
            return Ok(());
        }
        let mut tx = cursor::begin(&build.pool).await?;
        build.hold_lease(&mut tx).await?;
        done += step(build, from, &bounds, &mut tx).await?;
        tx.commit().await?;
    }
}

/// Applies everything up to `bounds`, at which the active version is held.
pub(crate) async fn align(build: &Build, bounds: &Positions, connection: &mut PgConnection) -> Result<(), Error> {
    loop {
        let from = CURSORS.read(build.name(), build.version, connection).await?;
        if step(build, from, bounds, connection).await? == 0 {
            return reconcile(build, connection).await;
        }
    }
}

/// Applies a batch of what is missing; returns how many events that were.
async fn step(
    build: &Build,
    mut from: Positions,
    bounds: &Positions,
    connection: &mut PgConnection,
) -> Result<u64, Error> {
    let missing = gap(&from, bounds);
    from = missing.iter().map(|(lane, at, _)| (*lane, *at)).collect();
    if from.is_empty() {
        return Ok(0);
    }
    let ends: BTreeMap<u32, u64> = missing.into_iter().map(|(lane, _, bound)| (lane, bound)).collect();
    let read = build.log.read(&from, BATCH).await?;
    let events: Vec<&Recorded> = read
        .iter()
        .filter(|event| ends.get(&event.lane).is_some_and(|end| event.position <= *end))
        .collect();
    apply(build, &events, connection).await?;
    Ok(u64::try_from(events.len()).unwrap_or(u64::MAX))
}

async fn apply(build: &Build, events: &[&Recorded], connection: &mut PgConnection) -> Result<(), Error> {
    let counted = not_skipped(build, events, connection).await?;
    savepoint::apply(build.projection, build.version, &counted, connection).await?;
    CURSORS
        .advance(build.name(), build.version, crate::batch::heads(events), connection)
        .await?;
    Ok(())
}

/// The events without those that operators took out of the read model.
async fn not_skipped<'a>(
    build: &Build,
    events: &[&'a Recorded],
    connection: &mut PgConnection,
) -> Result<Vec<&'a Recorded>, Error> {
    let skipped: Vec<(i32, i64)> = sqlx::query_as("SELECT lane, position FROM projection_skip WHERE name = $1")
        .bind(build.name())
        .fetch_all(connection)
        .await?;
    let skipped: HashSet<(u32, u64)> = skipped
        .into_iter()
        .map(|(lane, position)| from_columns(lane, position))
        .collect();
    let counts = |event: &&&Recorded| !skipped.contains(&(event.lane, event.position));
    Ok(events.iter().filter(counts).copied().collect())
}

/// Tries once more what the new version has parked: operators may have settled it in the active one since. The active version must
/// be held.
async fn reconcile(build: &Build, connection: &mut PgConnection) -> Result<(), Error> {
    let parked: Vec<(i32, i64)> =
        sqlx::query_as("DELETE FROM projection_dead_letter WHERE name = $1 AND version = $2 RETURNING lane, position")
            .bind(build.name())
            .bind(build.version)
            .fetch_all(&mut *connection)
            .await?;
    let places: Vec<(u32, u64)> = parked
        .into_iter()
        .map(|(lane, position)| from_columns(lane, position))
        .collect();
    if places.is_empty() {
        return Ok(());
    }
    let events = build.log.at(&places).await?;
    let events: Vec<&Recorded> = events.iter().collect();
    let counted = not_skipped(build, &events, connection).await?;
    savepoint::apply(build.projection, build.version, &counted, connection).await?;
    Ok(())
}
