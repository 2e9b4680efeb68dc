//! Giving the engine what has changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, gauge, histogram};
use search::{Change, Document, Engine, Settings};
use sqlx::PgPool;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::document::{self, SentDocuments};
use super::lease::IndexLease;
use super::rows::{self, Dirty, Work};
use crate::cursor;
use crate::projection::chain;

/// Longest wait for the engine to take in a batch.
const APPLY_PATIENCE: Duration = Duration::from_mins(1);
/// Longest wait for it to do anything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a step was not done.
#[derive(Debug)]
pub(super) enum IndexError {
    /// The lease is another's.
    LeaseLost,
    /// The engine does not do what it should.
    Engine(search::Error),
    /// The database does not.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for IndexError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<search::Error> for IndexError {
    fn from(error: search::Error) -> Self {
        Self::Engine(error)
    }
}

/// The holder of a lease at work.
pub(super) struct Follower {
    pub(super) pool: PgPool,
    pub(super) engine: Arc<dyn Engine>,
    /// What the engine calls the index.
    pub(super) index: String,
    pub(super) batch: usize,
    pub(super) lease: IndexLease,
    pub(super) lost: CancellationToken,
    /// What the engine was last given, as far as is known: a stock level that changes without running out changes no document.
    pub(super) sent: SentDocuments,
    /// The last [`Work::disturbed`].
    pub(super) disturbed: i64,
    /// What the engine refuses.
    pub(super) rejected: HashSet<String>,
    /// The settings that the index has, if known.
    pub(super) settings: Option<Settings>,
    /// How many documents the engine had when last asked.
    pub(super) documents: Option<u64>,
    /// Whether the engine failed the last time.
    pub(super) engine_down: bool,
}

impl Follower {
    /// Deals with some marks. While an index is being filled, `filling` is its name, and it gets the same.
    pub(super) async fn follow(&mut self, work: &Work, filling: Option<&str>) -> Result<(), IndexError> {
        if work.dirty.is_empty() {
            return Ok(());
        }
        if work.disturbed != self.disturbed {
            // Whatever was given last, something older may have come after it.
            self.sent.clear();
            self.disturbed = work.disturbed;
        }
        let started = Instant::now();
        let ids: Vec<String> = work.dirty.iter().map(|key| key.product_id.clone()).collect();
        let mut tx = cursor::begin(&self.pool).await?;
        let tag = self.lease.tag(&mut tx).await?.ok_or(IndexError::LeaseLost)?;
        // After the marks were read: whatever changes later marks again.
        let documents = document::of(&ids, &mut tx).await?;
        tx.commit().await?;
        let changes = self.changes(&work.dirty, documents, filling.is_some());
        if self.lost.is_cancelled() {
            return Err(IndexError::LeaseLost);
        }
        if let Some(filling) = filling {
            self.apply(filling, changes.clone(), &tag).await?;
        }
        if work.ready {
            let index = self.index.clone();
            // Unknown until the engine has confirmed it.
            for change in &changes {
                self.sent.remove(change.id());
            }
            self.apply(&index, changes.clone(), &tag).await?;
            for change in &changes {
                if let Change::Put(document) = change {
                    self.sent.insert(document);
                }
            }
        }
        if !self
            .lease
            .remove_marks(&work.dirty, !changes.is_empty(), &self.pool)
            .await?
        {
            return Err(IndexError::LeaseLost);
        }
        let engine = self.engine.name();
        histogram!("tillroll_search_apply_seconds", "engine" => engine).record(started.elapsed().as_secs_f64());
        counter!("tillroll_search_changes_total", "engine" => engine)
            .increment(u64::try_from(changes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn changes(&self, dirty: &[Dirty], documents: Vec<Document>, all: bool) -> Vec<Change> {
        let mut present: HashMap<String, Document> = documents
            .into_iter()
            .map(|document| (document.id.clone(), document))
            .collect();
        let change = |key: &Dirty| match present.remove(&key.product_id) {
            Some(document) if !all && self.sent.has(&document) => None,
            Some(document) => Some(Change::Put(Box::new(document))),
            None => Some(Change::Delete(key.product_id.clone())),
        };
        dirty.iter().filter_map(change).collect()
    }

    /// Has the engine make changes. A product that it refuses is left out and logged.
    pub(super) async fn apply(&mut self, index: &str, changes: Vec<Change>, tag: &str) -> Result<(), IndexError> {
        let mut parts = vec![changes];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let applied = within(APPLY_PATIENCE, "apply", self.engine.apply(index, part.clone(), tag)).await;
            match applied {
                Ok(()) => self.accept(&part).await?,
                Err(search::Error::Rejected(reason)) => match part.as_slice() {
                    [Change::Put(document)] => {
                        let id = document.id.clone();
                        tracing::error!(product_id = id, reason, "the search engine refuses a product");
                        counter!("tillroll_search_rejected_total", "engine" => self.engine.name()).increment(1);
                        self.lease.reject(&id, &reason, &self.pool).await?;
                        self.rejected.insert(id.clone());
                        // Better not found than found as it no longer is.
                        parts.push(vec![Change::Delete(id)]);
                    }
                    [_] => return Err(search::Error::Rejected(reason).into()),
                    _ => {
                        let rest = part.split_off(part.len() / 2);
                        parts.push(rest);
                        parts.push(part);
                    }
                },
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Notes that the engine took products in that it refused before.
    async fn accept(&mut self, changes: &[Change]) -> Result<(), IndexError> {
        if self.rejected.is_empty() {
            return Ok(());
        }
        let put = changes.iter().filter_map(|change| match change {
            Change::Put(document) => Some(&document.id),
            Change::Delete(_) => None,
        });
        let accepted: Vec<String> = put.filter(|id| self.rejected.contains(*id)).cloned().collect();
        if !accepted.is_empty() {
            self.lease.accept(&accepted, &self.pool).await?;
            for id in &accepted {
                self.rejected.remove(id);
            }
        }
        Ok(())
    }

    /// Gives the index the settings of the shop, if it has others.
    pub(super) async fn apply_settings(&mut self, work: &Work) -> Result<(), IndexError> {
        if !work.ready || work.settings_version == work.settings_wanted {
            return Ok(());
        }
        let (settings, version) = rows::settings(&self.pool).await?;
        if self.settings.as_ref() != Some(&settings) {
            self.settings = None;
            with_timeout("settings", self.engine.update_settings(&self.index, &settings)).await?;
            self.settings = Some(settings);
            tracing::info!(index = self.index, version, "the search index has new settings");
        }
        if !self.lease.has_settings(version, &self.pool).await? {
            return Err(IndexError::LeaseLost);
        }
        Ok(())
    }

    /// Records that the engine failed; logs the first failure.
    pub(super) async fn report_engine_failure(&mut self, error: &search::Error) {
        let engine = self.engine.name();
        gauge!("tillroll_search_up", "engine" => engine).set(0.0);
        counter!("tillroll_search_errors_total", "engine" => engine).increment(1);
        let reason = chain(error);
        if !self.engine_down {
            tracing::warn!(
                index = self.index,
                engine,
                reason,
                "the search engine takes nothing in; changes wait for it"
            );
        }
        self.engine_down = true;
        // In vain when the database fails too; the next failure notes it again.
        let _ = self.lease.outage(Some(&reason), &self.pool).await;
    }

    /// Records that the engine has taken in all that it was given; logs it after a failure.
    pub(super) async fn report_engine_success(&mut self) -> Result<(), IndexError> {
        let engine = self.engine.name();
        gauge!("tillroll_search_up", "engine" => engine).set(1.0);
        if self.engine_down {
            self.lease.outage(None, &self.pool).await?;
            tracing::info!(index = self.index, engine, "the search engine takes changes in again");
            self.engine_down = false;
        }
        Ok(())
    }
}

/// Waits for the engine, but not for ever.
pub(super) async fn with_timeout<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, search::Error>>,
) -> Result<T, search::Error> {
    within(PATIENCE, what, call).await
}

async fn within<T>(
    limit: Duration,
    what: &'static str,
    call: impl Future<Output = Result<T, search::Error>>,
) -> Result<T, search::Error> {
    match timeout(limit, call).await {
        Ok(result) => result,
        Err(elapsed) => Err(search::Error::unavailable(what, elapsed)),
    }
}
