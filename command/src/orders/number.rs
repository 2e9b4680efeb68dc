//! Order numbers for people, from a counter in PostgreSQL. A block is taken at a time, so that an order costs no round trip.

use proto::failure::Failure;
use sqlx::PgPool;
use tokio::sync::Mutex;

use crate::failure;

/// Numbers per round trip. What a crash loses at most, so that gaps stay small.
const BLOCK: i64 = 64;

pub(super) struct Numbers {
    pool: PgPool,
    /// The next free number and the end of the block.
    block: Mutex<(i64, i64)>,
}

impl Numbers {
    pub(super) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            block: Mutex::new((0, 0)),
        }
    }

    /// The next number; never given out twice.
    pub(super) async fn next(&self) -> Result<u64, Failure> {
        let mut block = self.block.lock().await;
        if block.0 == block.1 {
            let end = self.take_block().await.map_err(|error| failure::of_database(&error))?;
            *block = (end - BLOCK, end);
        }
        let number = block.0;
        block.0 += 1;
        u64::try_from(number).map_err(|error| failure::internal("the counter of order numbers is negative", &error))
    }

    /// Not durable at once, which costs nothing: it is earlier in the write-ahead log than any order that uses the numbers, so it is
    /// durable when they are.
    async fn take_block(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(
            "UPDATE order_numbers SET next = next + $1
             FROM (SELECT set_config('synchronous_commit', 'off', true) AS mode) AS relaxed
             WHERE counter = 'order' AND relaxed.mode = 'off' RETURNING next",
        )
        .bind(BLOCK)
        .fetch_one(&self.pool)
        .await
    }

    /// Returns the rest of the block if no other process has taken one since. At shutdown.
    pub(super) async fn give_back(&self) {
        let mut block = self.block.lock().await;
        let (next, end) = std::mem::take(&mut *block);
        if next == end {
            return;
        }
        let returned = sqlx::query("UPDATE order_numbers SET next = $1 WHERE counter = 'order' AND next = $2")
            .bind(next)
            .bind(end)
            .execute(&self.pool)
            .await;
        if let Err(error) = returned {
            tracing::warn!(%error, "order numbers taken in advance are lost");
        }
    }
}
