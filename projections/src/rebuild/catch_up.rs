//! From where copying ended to where the active version is.

use std::collections::BTreeMap;

use eventstore::{Positions, Recorded};
use sqlx::PgConnection;

use crate::cursor::{self, Locked};
use crate::error::Error;
use crate::projection::ApplyError;
use crate::rebuild::build::Build;
use crate::rebuild::copy_lanes::gap;
use crate::rebuild::{Phase, Progress};

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
        build.check_claim(&mut tx).await?;
        done += step(build, from, &bounds, &mut tx).await?;
        tx.commit().await?;
    }
}

/// Applies everything up to `bounds`.
pub(crate) async fn align(build: &Build, bounds: &Positions, connection: &mut PgConnection) -> Result<(), Error> {
    loop {
        let from = cursor::read(build.name(), build.version, connection).await?;
        if step(build, from, bounds, connection).await? == 0 {
            return Ok(());
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
    let locked = Locked {
        positions: Positions::new(),
        parked: false,
    };
    crate::batch::fold(build.projection, build.version, events, &locked, connection)
        .await
        .map_err(|error| match error {
            ApplyError::Event { lane, position, reason } => Error::Event {
                name: build.name().to_owned(),
                lane,
                position,
                reason,
            },
            ApplyError::Database(error) => Error::Database(error),
        })?;
    cursor::advance(build.name(), build.version, &crate::batch::heads(events), connection).await?;
    Ok(())
}
