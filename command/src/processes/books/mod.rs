//! The books of the shop: every order holds the stock that it owes its customer, and no stock is held for nobody.
//!
//! Nothing in the shop relies on this: it is a second opinion, from the log alone. What is kept for an order less what it is owed is
//! folded from the events, by product; while that is not nothing, the order's books are open. Orders in flight are, for a moment, and
//! those that are given up until their time is over. What stays open longer is looked up in the streams themselves, and is a finding if
//! they say so too.
//!
//! Orders that were imported hold no stock. What was committed has left the house for its order, and is settled.

mod ledger;
mod mend;
mod storage;

use std::time::Duration;

use domain::{OrderId, ProductId, Reason};
use eventstore::{Positions, Recorded, TransactError};
use futures::StreamExt;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use self::ledger::Ledger;
pub use self::mend::Mismatch;
use self::mend::{Refusal, look, restore};
use super::follow::{self, Process};
use crate::core::Core;

/// How long after its time stock that is held for nobody may take to return.
const MARGIN: Duration = Duration::from_mins(1);
/// How long an order may look as if its stock were missing: lanes are read one after the other.
const GRACE: Duration = Duration::from_secs(5);
/// The gauge of what is found, where the work is done.
const FINDINGS: &str = "tillroll_books_findings";
/// Between looks at the same order.
const AGAIN: Duration = Duration::from_secs(30);
/// Orders looked at at once.
const IN_FLIGHT: usize = 8;
/// Orders looked at before the log is read again.
const SWEEP: usize = 256;
/// Events per read of the whole log.
const BATCH: usize = 8_192;

/// An order whose stock is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookFinding {
    /// The order.
    pub order_id: OrderId,
    /// By product, what it is owed and what is held for it.
    pub mismatches: Vec<Mismatch>,
}

/// Why the books could not be checked or mended.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The log could not be read.
    #[error("the log cannot be read")]
    Log(#[from] eventstore::Error),
    /// The findings could not be stored.
    #[error("the findings cannot be stored")]
    Database(#[from] sqlx::Error),
    /// An order could not be looked at or mended.
    #[error("order {order_id} cannot be looked at: {reason}")]
    Order {
        /// The order.
        order_id: OrderId,
        /// Why.
        reason: String,
    },
}

#[derive(Clone)]
pub(crate) struct Books {
    core: Core,
    ttl: chrono::Duration,
    grace: chrono::Duration,
}

impl Books {
    pub(crate) fn new(core: Core, ttl: Duration) -> Self {
        let chrono = |duration| chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX);
        Self {
            core,
            ttl: chrono(ttl.saturating_add(MARGIN)),
            grace: chrono(GRACE),
        }
    }

    /// Works while it has the lease, until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        follow::run(&self.core, self, &stop).await;
    }

    /// Reads the whole log, looks at every order whose books are open longer than they may be, and says which are wrong.
    pub(crate) async fn check(&self) -> Result<Vec<BookFinding>, BooksError> {
        let log = self.core.store.log();
        let heads = log.heads().await?;
        let mut cursors = Positions::start(0..self.core.store.lane_count());
        let mut ledger = Ledger::default();
        while heads
            .iter()
            .any(|(lane, head)| cursors.get(lane).unwrap_or_default() < head)
        {
            for event in log.read(&cursors, BATCH).await? {
                ledger.fold(&event);
                cursors.advance(event.lane, event.position);
            }
        }
        let now = self.core.now();
        let due = ledger.due(now - self.grace, now - self.ttl, now, usize::MAX);
        let mut looked = futures::stream::iter(due)
            .map(|(order_id, products)| async move { (order_id, self.look(order_id, products).await) })
            .buffered(IN_FLIGHT);
        let mut findings = Vec::new();
        while let Some((order_id, mismatches)) = looked.next().await {
            let mismatches = mismatches?;
            if !mismatches.is_empty() {
                findings.push(BookFinding { order_id, mismatches });
            }
        }
        Ok(findings)
    }

    /// Makes the stock of an order what it should be, as far as there is stock. Answers with what is still wrong.
    pub(crate) async fn mend(
        &self,
        actor: &str,
        reason: &Reason,
        finding: &BookFinding,
    ) -> Result<Vec<Mismatch>, BooksError> {
        let order_id = finding.order_id;
        let products = finding.mismatches.iter().map(|mismatch| mismatch.product_id).collect();
        let left = restore(&self.core, actor, reason, order_id, products)
            .await
            .map_err(|error| failed(order_id, error))?;
        storage::note(&self.core.pool, order_id, &left).await?;
        Ok(left)
    }

    /// Looks at an order's streams, and keeps on record what is wrong.
    async fn look(&self, order_id: OrderId, products: Vec<ProductId>) -> Result<Vec<Mismatch>, BooksError> {
        let mismatches = look(&self.core, order_id, products)
            .await
            .map_err(|error| failed(order_id, error))?;
        storage::note(&self.core.pool, order_id, &mismatches).await?;
        Ok(mismatches)
    }
}

fn failed(order_id: OrderId, error: TransactError<Refusal>) -> BooksError {
    let reason = match error {
        TransactError::Rejected(refusal) => refusal.to_string(),
        TransactError::Store(error) | TransactError::Unavailable(error) => error.to_string(),
        error => error.to_string(),
    };
    BooksError::Order { order_id, reason }
}

impl Process for Books {
    const NAME: &'static str = "books";
    type Memory = Ledger;

    async fn load(&self, db: &mut PgConnection) -> Result<Ledger, sqlx::Error> {
        storage::load(db).await
    }

    fn fold(&self, ledger: &mut Ledger, event: &Recorded) {
        ledger.fold(event);
    }

    async fn sweep(&self, ledger: &mut Ledger) {
        let now = self.core.now();
        let again = now - chrono::Duration::from_std(AGAIN).unwrap_or_default();
        let due = ledger.due(now - self.grace, now - self.ttl, again, SWEEP);
        let mut looked = futures::stream::iter(due)
            .map(|(order_id, products)| async move { (order_id, self.look(order_id, products).await) })
            .buffer_unordered(IN_FLIGHT);
        while let Some((order_id, mismatches)) = looked.next().await {
            match mismatches {
                Ok(mismatches) if mismatches.is_empty() => ledger.settled(order_id),
                Ok(mismatches) => {
                    if ledger.looked_at(order_id, now) {
                        tracing::error!(%order_id, ?mismatches, "an order does not hold the stock that it should; see `tillroll doctor --books`");
                    }
                }
                Err(error) => tracing::warn!(%error, "the books of an order could not be checked yet"),
            }
        }
    }

    async fn store(&self, ledger: &Ledger, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        storage::store(ledger, db).await?;
        for (kind, count) in storage::counts(db).await? {
            metrics::gauge!(FINDINGS, "kind" => kind).set(count);
        }
        Ok(())
    }

    fn stored(&self, ledger: &mut Ledger) {
        ledger.written();
    }

    fn resign(&self) {
        for kind in storage::KINDS {
            metrics::gauge!(FINDINGS, "kind" => kind).set(0);
        }
    }

    fn rests(&self, ledger: &Ledger) -> bool {
        ledger.is_empty()
    }
}
