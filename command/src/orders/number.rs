//! Order numbers for people, from a counter in PostgreSQL. A block is taken at a time, so that an order costs no round trip.

use std::collections::BTreeSet;

use proto::failure::Failure;
use sqlx::PgPool;
use tokio::sync::Mutex;

use crate::failure;

/// Numbers per round trip and flush. What a crash of this process loses at most, so that gaps stay small.
const BLOCK: i64 = 128;

pub(super) struct Numbers {
    pool: PgPool,
    free: Mutex<Free>,
}

/// The numbers that this process may give out.
#[derive(Default)]
struct Free {
    /// The next number of the block, and its end.
    next: i64,
    end: i64,
    /// Numbers below `next` whose orders did not come to be.
    returned: BTreeSet<i64>,
}

impl Free {
    /// The lowest number.
    fn take(&mut self) -> Option<i64> {
        self.returned.pop_first().or_else(|| {
            let number = self.next;
            (number < self.end).then(|| {
                self.next += 1;
                number
            })
        })
    }

    /// Joins what was returned to the rest of the block, as far as there is no gap between.
    fn rest(&mut self) -> (i64, i64) {
        while let Some(last) = self.returned.last().copied()
            && last + 1 == self.next
        {
            self.returned.remove(&last);
            self.next = last;
        }
        (self.next, self.end)
    }
}

impl Numbers {
    pub(super) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            free: Mutex::default(),
        }
    }

    /// The lowest free number; never given out twice.
    pub(super) async fn next(&self) -> Result<u64, Failure> {
        let mut free = self.free.lock().await;
        let number = if let Some(number) = free.take() {
            number
        } else {
            free.end = self.take_block().await.map_err(|error| failure::of_database(&error))?;
            free.next = free.end - BLOCK + 1;
            free.end - BLOCK
        };
        u64::try_from(number).map_err(|error| failure::internal("the counter of order numbers is negative", &error))
    }

    /// Takes back a number whose order was refused for certain: the next order gets it.
    pub(super) async fn put_back(&self, number: u64) {
        self.free.lock().await.returned.insert(number.cast_signed());
    }

    /// Durable when it returns, whatever the cluster's default says: this process goes on to use the block when PostgreSQL comes back from a
    /// crash.
    async fn take_block(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(
            "UPDATE order_numbers SET next = next + $1
             FROM (SELECT set_config('synchronous_commit', 'on', true) AS mode) AS durable
             WHERE counter = 'order' AND durable.mode = 'on' RETURNING next",
        )
        .bind(BLOCK)
        .fetch_one(&self.pool)
        .await
    }

    /// Returns the rest of the block if no other process has taken one since. At shutdown.
    pub(super) async fn give_back(&self) {
        let (next, end) = std::mem::take(&mut *self.free.lock().await).rest();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_returned_goes_first_and_joins_the_rest() {
        let mut free = Free {
            next: 5,
            end: 8,
            returned: BTreeSet::from([2, 4]),
        };
        assert_eq!([free.take(), free.take(), free.take()], [Some(2), Some(4), Some(5)]);
        free.returned.extend([2, 4, 5]);
        assert_eq!(free.rest(), (4, 8));
        assert_eq!(free.returned, BTreeSet::from([2]));
        let taken: Vec<i64> = std::iter::from_fn(|| free.take()).collect();
        assert_eq!(taken, [2, 4, 5, 6, 7]);
    }
}
