//! Rebuilding a read model beside the one that serves: all of history into fresh tables, verified, switched in one transaction.

mod build;
mod catch_up;
mod copy_lanes;
mod switch;
mod verify;

use eventstore::Log;
use sqlx::PgPool;
use tokio::time::Instant;

use crate::catalog;
use crate::difference::Difference;
use crate::error::Error;
use build::Build;
pub use build::REBUILD_LEASE;
pub(crate) use copy_lanes::EventReader;

/// What a rebuild is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Folding history into fresh tables; counts events.
    Copy,
    /// Making indexes; counts them.
    Index,
    /// Applying what came meanwhile; counts events.
    CatchUp,
    /// Comparing with the active version; counts tables.
    Verify,
    /// Putting the new version in the old one's place.
    Switch,
}

/// How far a rebuild has come in its phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// Done of it.
    pub done: u64,
    /// Of so many; may grow while events come in.
    pub total: u64,
}

/// How to rebuild.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Switch even when the new version differs from the active one.
    pub force: bool,
    /// Lanes copied at the same time. Each takes two connections of the pool, and the rebuild one more.
    pub workers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            force: false,
            workers: 2,
        }
    }
}

/// What a rebuild brought about.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    /// The version that serves now.
    pub version: i32,
    /// Events that were folded.
    pub events: u64,
    /// Seconds that copying and indexing took.
    pub seconds: f64,
    /// Whether the new version was compared with the old one; it is not when the code changed in between.
    pub verified: bool,
    /// What differed, when the switch was forced.
    pub differences: Vec<Difference>,
    /// Events that could not be folded and are parked in the new version, with those behind them.
    pub parked: i64,
}

/// Rebuilds the projection `name` and switches to the new version. The active version serves and stays live meanwhile, and reads see
/// neither a gap nor a step back. An earlier rebuild that was cut off is continued. Dropping the future leaves a build that the next
/// one continues.
///
/// Every event is tried afresh: those that cannot be folded are parked in the new version with their streams, whatever the active one
/// made of them. Events that operators skipped stay out.
///
/// # Errors
/// [`Error::Differs`] when the new version is not what the active one holds at the same positions: then the active one stays, unless
/// `options.force` is set. It is not an error that versions differ whose code versions differ.
pub async fn rebuild(
    pool: &PgPool,
    log: &Log,
    name: &str,
    options: Options,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Rebuilt, Error> {
    let projection = catalog::find(name)?;
    let started = Instant::now();
    let build = Build::begin(pool, log, projection).await?;
    let events = copy_lanes::run(&build, options.workers.max(1), &mut progress).await?;
    build.index(options.workers.max(1), &mut progress).await?;
    let seconds = started.elapsed().as_secs_f64();
    let mut differences = Vec::new();
    if build.comparable {
        differences = verify::run(&build, &mut progress).await?;
        if !differences.is_empty() && !options.force {
            let parked = build.parked_in(build.active).await?;
            build.discard().await?;
            return Err(Error::Differs {
                name: name.to_owned(),
                differences,
                parked,
            });
        }
    }
    switch::run(&build, !differences.is_empty(), &mut progress).await?;
    let parked = build.parked_in(build.version).await?;
    build::drop_retired(pool, projection).await?;
    Ok(Rebuilt {
        version: build.version,
        events,
        seconds,
        verified: build.comparable,
        differences,
        parked,
    })
}
