//! Whether the database takes writes, by what became of the last one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{Executor as _, PgPool};
use tokio::time::timeout;

use crate::Error;

/// A database that takes longer to try takes no writes.
const TRIED_WITHIN: Duration = Duration::from_secs(2);

/// Why the database took nothing when the writer last tried; shared by the writer and who asks.
#[derive(Clone, Default)]
pub(crate) struct Refusal {
    last: Arc<Mutex<Option<Error>>>,
}

impl Refusal {
    pub(crate) fn record(&self, error: Error) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn clear(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn last(&self) -> Option<Error> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether the disk takes as much as a batch may need. What is written goes with the transaction.
pub(crate) async fn takes_writes(pool: &PgPool) -> bool {
    let trying = async {
        let mut tx = pool.begin().await?;
        tx.execute(
            "CREATE TEMPORARY TABLE tillroll_room ON COMMIT DROP AS
             SELECT repeat('-', 1000) AS words FROM generate_series(1, 1000)",
        )
        .await?;
        tx.rollback().await
    };
    matches!(timeout(TRIED_WITHIN, trying).await, Ok(Ok(())))
}
