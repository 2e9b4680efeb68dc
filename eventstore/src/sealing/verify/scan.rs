//! Reading all lanes, several at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::PgPool;
use tokio::task::JoinSet;

use super::lane::Lane;
use crate::Error;
use crate::sealing::rows;

type Progress = dyn Fn(u64, u64) + Send + Sync;

struct Shared {
    waiting: Mutex<Vec<Lane>>,
    done: Mutex<Vec<Lane>>,
    read: AtomicU64,
    total: u64,
    progress: Arc<Progress>,
}

/// Reads `lanes` to their ends, or to where they break.
pub(super) async fn scan(
    pool: &PgPool,
    lanes: Vec<Lane>,
    workers: usize,
    progress: Arc<Progress>,
) -> Result<Vec<Lane>, Error> {
    let total = lanes.iter().map(Lane::events).sum();
    progress(0, total);
    let shared = Arc::new(Shared {
        waiting: Mutex::new(lanes),
        done: Mutex::default(),
        read: AtomicU64::new(0),
        total,
        progress,
    });
    let mut tasks = JoinSet::new();
    for _ in 0..workers.max(1) {
        tasks.spawn(work(pool.clone(), Arc::clone(&shared)));
    }
    while let Some(result) = tasks.join_next().await {
        result.map_err(|error| Error::Damaged(error.to_string()))??;
    }
    let mut lanes = std::mem::take(&mut *shared.done.lock().unwrap_or_else(PoisonError::into_inner));
    lanes.sort_unstable_by_key(|lane| lane.number);
    Ok(lanes)
}

async fn work(pool: PgPool, shared: Arc<Shared>) -> Result<(), Error> {
    let mut connection = pool.acquire().await?.detach();
    rows::force_index_scans(&mut connection, false).await?;
    while let Some(mut lane) = shared.take() {
        if lane.done() {
            shared.done.lock().unwrap_or_else(PoisonError::into_inner).push(lane);
            continue;
        }
        let before = lane.reached();
        lane.advance(&mut connection).await?;
        let read = lane.reached() - before;
        let read = shared.read.fetch_add(read, Ordering::Relaxed) + read;
        (shared.progress)(read, shared.total);
        shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(lane);
    }
    Ok(())
}

impl Shared {
    /// The lane that is furthest behind.
    fn take(&self) -> Option<Lane> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let shares = waiting.iter().map(Lane::share).enumerate();
        let (index, _) = shares.min_by(|(_, one), (_, other)| one.total_cmp(other))?;
        Some(waiting.swap_remove(index))
    }
}
