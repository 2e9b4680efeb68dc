//! How a process manager works: it follows the log and keeps in memory what is unsettled. Now and then its cursors and what is unsettled
//! there go to the database in one transaction, so that a restart goes on from there.

use std::time::Duration;

use eventstore::{Positions, Recorded};
use sqlx::PgConnection;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use crate::core::Core;

/// Events per read of the log.
const BATCH: usize = 4_096;
/// Between reads when there is something to read: nothing here is urgent, and large batches are cheap.
const PAUSE: Duration = Duration::from_millis(200);
/// Between checkpoints.
const CHECKPOINT: Duration = Duration::from_secs(1);
/// Between renewals of the lease when nothing happens; well under its length.
const RENEWAL: Duration = Duration::from_secs(3);
/// Between attempts to get the lease.
const STANDBY: Duration = Duration::from_secs(2);

/// What a process manager does with the log.
pub(super) trait Process: Sync {
    /// Its name in the tables.
    const NAME: &'static str;
    /// What is unsettled.
    type Memory: Send;

    /// What the last checkpoint left.
    fn load(&self, db: &mut PgConnection) -> impl Future<Output = Result<Self::Memory, sqlx::Error>> + Send;

    /// Takes in an event.
    fn fold(&self, memory: &mut Self::Memory, event: &Recorded);

    /// Settles what is due. What fails stays and is due again at the next sweep.
    fn sweep(&self, memory: &mut Self::Memory) -> impl Future<Output = ()> + Send;

    /// Stores what changed since the last checkpoint.
    fn store(
        &self,
        memory: &Self::Memory,
        db: &mut PgConnection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// The checkpoint has been committed.
    fn stored(&self, memory: &mut Self::Memory);

    /// Another process may work from now on: what this one shows of the state of things is no longer true.
    fn resign(&self);

    /// Whether nothing is unsettled.
    fn rests(&self, memory: &Self::Memory) -> bool;
}

/// Why the work ended.
enum Ended {
    Stopped,
    LeaseLost,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Works while it has the lease, until `stop`.
pub(super) async fn run<P: Process>(core: &Core, process: &P, stop: &CancellationToken) {
    let desk = Desk::new(core.pool.clone(), P::NAME, (core.ids)());
    while !stop.is_cancelled() {
        let pause = match desk.acquire().await {
            Ok(true) => {
                let ended = work(core, process, &desk, stop).await;
                process.resign();
                match ended {
                    Ok(Ended::Stopped) => return,
                    Ok(Ended::LeaseLost) => STANDBY,
                    Err(error) => {
                        tracing::warn!(process = P::NAME, error = &*error, "a process manager starts again");
                        CHECKPOINT
                    }
                }
            }
            Ok(false) => STANDBY,
            Err(error) => {
                tracing::warn!(process = P::NAME, %error, "a process manager cannot reach the database");
                STANDBY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn work<P: Process>(core: &Core, process: &P, desk: &Desk, stop: &CancellationToken) -> Result<Ended, Failure> {
    let log = core.store.log();
    let (mut stored_cursors, mut snapshot) = desk.open().await?;
    let mut memory = process.load(&mut snapshot).await?;
    snapshot.commit().await?;
    let mut cursors = Positions::start(0..core.store.lane_count());
    cursors.merge(&stored_cursors);
    let mut checkpoint_at = Instant::now();
    loop {
        let events = log.read(&cursors, BATCH).await?;
        for event in &events {
            process.fold(&mut memory, event);
            cursors.advance(event.lane, event.position);
        }
        // While much is unread, most of what looks due has long been settled further on.
        let caught_up = events.len() < BATCH / 2;
        if caught_up {
            process.sweep(&mut memory).await;
        }
        let stopping = stop.is_cancelled();
        let interval = if cursors == stored_cursors { RENEWAL } else { CHECKPOINT };
        if stopping || checkpoint_at.elapsed() >= interval {
            let Some(mut transaction) = desk.begin().await? else {
                return Ok(Ended::LeaseLost);
            };
            process.store(&memory, &mut transaction).await?;
            desk.advance(&mut transaction, &stored_cursors, &cursors).await?;
            transaction.commit().await?;
            process.stored(&mut memory);
            stored_cursors.clone_from(&cursors);
            checkpoint_at = Instant::now();
        }
        if stopping {
            desk.release().await?;
            return Ok(Ended::Stopped);
        }
        if caught_up {
            let idle = if cursors == stored_cursors && process.rests(&memory) {
                RENEWAL
            } else {
                CHECKPOINT
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(idle) => {}
                () = async { log.wait(&cursors).await; tokio::time::sleep(PAUSE).await } => {}
            }
        }
    }
}
