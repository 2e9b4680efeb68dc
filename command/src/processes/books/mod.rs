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

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{OrderId, ProductId, Reason};
use eventstore::{Positions, Recorded, TransactError};
use futures::StreamExt;
use processes::{Done, Effect, Out, Process, Refused};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::ledger::{Open, Units};
pub use self::mend::Mismatch;
use self::mend::{Refusal, look, restore};
use crate::core::Core;

/// How long after its time stock that is held for nobody may take to return.
const MARGIN: Duration = Duration::from_mins(1);
/// How long an order may look as if its stock were missing: lanes are read one after the other.
const GRACE: Duration = Duration::from_secs(5);
/// The gauge of what is found, where the work is done.
const FINDINGS: &str = "tillroll_books_findings";
/// Between looks at the same order.
const AGAIN: chrono::Duration = chrono::Duration::seconds(30);
/// The timer, and what follows.
const LOOK: &str = "look";
/// Orders looked at at once.
const IN_FLIGHT: usize = 8;
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

    /// Reads the whole log, looks at every order whose books are open longer than they may be, and says which are wrong.
    pub(crate) async fn check(&self) -> Result<Vec<BookFinding>, BooksError> {
        let log = self.core.store.log();
        let heads = log.heads().await?;
        let mut cursors = Positions::start(0..self.core.store.lane_count());
        let mut ledger = HashMap::new();
        let mut settled = 0;
        while heads
            .iter()
            .any(|(lane, head)| cursors.get(lane).unwrap_or_default() < head)
        {
            for event in log.read(&cursors, BATCH).await? {
                if Self::EVENTS.contains(&&*event.event_type) {
                    for (order_id, units) in self.facts(&event) {
                        let open: &mut Open = ledger.entry(order_id).or_default();
                        open.add(units, event.occurred_at);
                        settled += usize::from(open.units.is_empty());
                    }
                }
                cursors.advance(event.lane, event.position);
            }
            if settled > BATCH {
                ledger.retain(|_, open| !open.units.is_empty());
                settled = 0;
            }
        }
        let now = self.core.now();
        ledger.retain(|_, open| !open.units.is_empty() && open.until(self.grace, self.ttl) <= now);
        let mut due = Vec::with_capacity(ledger.len());
        for (order_id, open) in ledger {
            if let Ok(order_id) = order_id.parse::<OrderId>() {
                due.push((open.since, order_id, open.units.into_keys().collect::<Vec<_>>()));
            }
        }
        due.sort_unstable();
        let mut looked = futures::stream::iter(due)
            .map(|(_, order_id, products)| async move { (order_id, self.look(order_id, products).await) })
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
    const EVENTS: &'static [&'static str] = &["StockReserved", "StockReleased", "OrderPlaced", "OrderCancelled"];
    type State = Open;
    type Fact = Units;

    fn facts(&self, event: &Recorded) -> Vec<(String, Units)> {
        let read = ledger::read(event).unwrap_or_else(|error| error.tell(event));
        read.into_iter().collect()
    }

    fn event(&self, open: &mut Open, units: Units, event: &Recorded, out: &mut Out<'_>) {
        open.add(units, event.occurred_at);
        if open.units.is_empty() {
            if open.wrong {
                forget(out);
            }
            *open = Open::default();
            out.cancel(LOOK);
        } else {
            out.at(LOOK, open.until(self.grace, self.ttl));
        }
    }

    fn timer(&self, open: &mut Open, name: &str, now: DateTime<Utc>, out: &mut Out<'_>) {
        let until = open.until(self.grace, self.ttl);
        if until > now {
            out.at(name, until);
            return;
        }
        if let Ok(order_id) = out.key().parse()
            && !open.looking
        {
            let products = open.units.keys().copied().collect();
            out.send::<Look>(LOOK, &Looking { order_id, products });
            open.looking = true;
        }
        out.at(name, now + AGAIN);
    }

    fn outcome(&self, open: &mut Open, done: &Done, out: &mut Out<'_>) {
        open.looking = false;
        let mismatches = done
            .outcome
            .as_ref()
            .is_ok_and(|found| found.as_array().is_some_and(|found| !found.is_empty()));
        if !mismatches {
            if done.step == LOOK && done.outcome.is_ok() {
                *open = Open::default();
                out.cancel(LOOK);
            }
        } else if open.units.is_empty() {
            // It was mended while it was looked at.
            forget(out);
        } else if !open.wrong {
            open.wrong = true;
            let (order_id, mismatches) = (out.key(), &done.outcome);
            tracing::error!(
                order_id,
                ?mismatches,
                "an order does not hold the stock that it should; see `tillroll doctor --books`"
            );
        }
    }

    async fn measure(&self, open: Option<u64>) {
        let counts = match open {
            Some(_) => storage::counts(&self.core.pool).await,
            None => Ok(storage::KINDS.map(|kind| (kind.to_owned(), 0.0)).into()),
        };
        match counts {
            Ok(counts) => {
                for (kind, count) in counts {
                    metrics::gauge!(FINDINGS, "kind" => kind).set(count);
                }
            }
            Err(error) => tracing::debug!(%error, "the findings of the books were not counted"),
        }
    }
}

/// Drops the findings of an order whose books are right.
fn forget(out: &mut Out<'_>) {
    if let Ok(order_id) = out.key().parse() {
        let products = Vec::new();
        out.send::<Look>("forget", &Looking { order_id, products });
    }
}

/// Looks at an order's streams, and keeps on record what is wrong.
pub(crate) struct Look(pub(crate) Books);

#[derive(Serialize, Deserialize)]
pub(crate) struct Looking {
    order_id: OrderId,
    products: Vec<ProductId>,
}

impl Effect for Look {
    const KIND: &'static str = "look_at_books";
    const REPEATABLE: bool = true;
    type Body = Looking;
    /// What is wrong.
    type Outcome = Vec<Mismatch>;

    async fn deliver(&self, _: Uuid, Looking { order_id, products }: Looking) -> Result<Vec<Mismatch>, Refused> {
        self.0.look(order_id, products).await.map_err(Refused::later)
    }
}
