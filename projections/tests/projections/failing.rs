//! An engine that fails when told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use search::{Answer, Change, Engine, Error, Request, Settings, Statistics, Tantivy};

/// The engine inside the process, unless it fails.
pub(crate) struct Failing {
    pub(crate) engine: Tantivy,
    /// Writes fail, as on a full disk.
    pub(crate) full: AtomicBool,
    /// Everything does, as on a server that is down.
    pub(crate) down: AtomicBool,
    /// Counts the failures.
    pub(crate) failures: AtomicUsize,
}

impl Failing {
    pub(crate) fn new(engine: Tantivy) -> Self {
        Self {
            engine,
            full: AtomicBool::new(false),
            down: AtomicBool::new(false),
            failures: AtomicUsize::new(0),
        }
    }

    fn check(&self, write: bool) -> Result<(), Error> {
        let fails = self.down.load(Ordering::SeqCst) || write && self.full.load(Ordering::SeqCst);
        if fails {
            self.failures.fetch_add(1, Ordering::SeqCst);
            return Err(Error::unavailable("test", "told to fail"));
        }
        Ok(())
    }
}

#[async_trait]
impl Engine for Failing {
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    async fn health(&self) -> Result<(), Error> {
        self.check(false)?;
        self.engine.health().await
    }

    async fn create(&self, index: &str, settings: &Settings) -> Result<(), Error> {
        self.check(true)?;
        self.engine.create(index, settings).await
    }

    async fn apply(&self, index: &str, changes: Vec<Change>, tag: &str) -> Result<(), Error> {
        self.check(true)?;
        self.engine.apply(index, changes, tag).await
    }

    async fn update_settings(&self, index: &str, settings: &Settings) -> Result<(), Error> {
        self.check(true)?;
        self.engine.update_settings(index, settings).await
    }

    async fn search(&self, index: &str, request: &Request) -> Result<Answer, Error> {
        self.check(false)?;
        self.engine.search(index, request).await
    }

    async fn promote(&self, from: &str, to: &str) -> Result<(), Error> {
        self.check(true)?;
        self.engine.promote(from, to).await
    }

    async fn drop_index(&self, index: &str) -> Result<(), Error> {
        self.check(true)?;
        self.engine.drop_index(index).await
    }

    async fn indexes(&self) -> Result<Vec<String>, Error> {
        self.check(false)?;
        self.engine.indexes().await
    }

    async fn statistics(&self, index: &str) -> Result<Statistics, Error> {
        self.check(false)?;
        self.engine.statistics(index).await
    }
}
