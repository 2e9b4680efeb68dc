//! How a process stands with its database: what readiness says, and the log when it changes.

use std::time::Duration;

use eventstore::Store;
use postgres::{newcomer, unloadable};
use proto::health::Words;
use sqlx::PgPool;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// How often is looked whether the database answers and takes writes.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Every how many looks a new connection is made.
const NEWCOMER_EVERY: u32 = 5;
/// A database that takes longer for nothing at all is not well.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// How a process stands with its database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Why requests fail.
    failing: Option<String>,
    /// Why writes fail, although reads may not.
    refusing: Option<String>,
    /// What somebody should look at although all is served.
    notice: Option<String>,
}

impl Standing {
    /// What to tell of services of which some write, or none.
    pub(super) fn words(&self, writes: bool) -> Words {
        let refusing = self.refusing.as_ref().filter(|_| writes);
        Words {
            reason: self.failing.as_ref().or(refusing).cloned(),
            notice: self.notice.clone(),
        }
    }
}

/// Looks how the process stands.
pub(super) struct Watch {
    pub(super) pool: PgPool,
    /// For connections of its own.
    pub(super) options: PgConnectOptions,
    /// Whose writes are watched.
    pub(super) store: Option<Store>,
    /// What the embedded PostgreSQL has to say.
    pub(super) notice: Option<watch::Receiver<Option<String>>>,
}

impl Watch {
    /// Looks again and again, until `stop`.
    pub(super) async fn run(self, standing: watch::Sender<Standing>, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = 0;
        let mut unloadable = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if looks % NEWCOMER_EVERY == 0 || unloadable.is_some() {
                unloadable = self.unloadable().await;
            }
            looks += 1;
            let now = self.look(unloadable.clone()).await;
            standing.send_if_modified(|before| {
                let news = *before != now;
                if news {
                    tell(before, &now);
                    *before = now;
                }
                news
            });
        }
    }

    async fn look(&self, unloadable: Option<String>) -> Standing {
        let answer = timeout(ANSWERS_WITHIN, sqlx::query("SELECT 1").execute(&self.pool)).await;
        if !matches!(answer, Ok(Ok(_))) {
            return Standing {
                failing: Some("the database does not answer".to_owned()),
                ..Standing::default()
            };
        }
        let refusing = match &self.store {
            Some(store) => store.refusal().await,
            None => None,
        };
        Standing {
            failing: unloadable,
            refusing: refusing.map(|error| refused(&error)),
            notice: self.notice.as_ref().and_then(|notice| notice.borrow().clone()),
        }
    }

    /// Why new connections are of no use; `None`: they are, or there cannot be any at all, which requests notice too.
    async fn unloadable(&self) -> Option<String> {
        match timeout(ANSWERS_WITHIN, newcomer(&self.options)).await {
            Ok(Err(error)) => unloadable(&error),
            _ => None,
        }
    }
}

/// Why a write was refused, for readers who do not know its internals.
fn refused(error: &eventstore::Error) -> String {
    let eventstore::Error::Database(refusal) = error else {
        return format!("the database takes no writes: {error}");
    };
    match refusal.as_database_error().and_then(DatabaseError::code).as_deref() {
        Some("53100") => "the database's disk is full: it takes no writes; free some space".to_owned(),
        Some("25006") => "the database is read-only: DATABASE_URL must name a primary".to_owned(),
        _ => format!("the database takes no writes: {refusal}"),
    }
}

fn tell(before: &Standing, now: &Standing) {
    let (was, is) = (before.words(true).reason, now.words(true).reason);
    match (was, is) {
        (was, Some(is)) if was.as_ref() != Some(&is) => tracing::error!("not ready: {is}"),
        (Some(was), None) => tracing::info!(was, "ready again"),
        _ => {}
    }
}
