//! Filling an index from all rows, beside the one that serves, and putting it in its place.

use std::time::Duration;

use search::Change;

use super::document::{self, SentDocuments};
use super::follow::{Follower, IndexError, with_timeout};
use super::rows::{self, Work};
use crate::cursor;

/// Products of a chunk.
const CHUNK: i64 = 1_000;

impl Follower {
    /// Fills a new index and has it take the place of the old one, which serves and follows all the while.
    ///
    /// Copying and following take turns, so whatever is written into the new index is the row as it was later than anything
    /// written before: a product that is deleted after it was copied is dirty, and is deleted from the new index too.
    pub(super) async fn fill(&mut self, work: &Work) -> Result<(), IndexError> {
        let asked = work.rebuilds_asked;
        let total = document::count(&self.pool).await?;
        // An engine that is away leaves it at that: no filling begins.
        let indexes = with_timeout("indexes", self.engine.indexes()).await?;
        let number = self
            .lease
            .begin_fill(total, &self.pool)
            .await?
            .ok_or(IndexError::LeaseLost)?;
        // After this, no transaction is left that counted sales without marking them for this index.
        rows::follow_sales(Duration::ZERO, &self.pool).await?;
        if !self.engine_down {
            tracing::info!(index = self.index, products = total, "filling the search index");
        }
        self.drop_leftovers(indexes).await?;
        let filling = self.filling_name(number);
        // First the settings: they decide how documents are taken in.
        let (settings, mut settings_version) = rows::settings(&self.pool).await?;
        with_timeout("create", self.engine.create(&filling, &settings)).await?;
        self.settings = Some(settings);
        self.rejected.clear();
        let mut sent = SentDocuments::default();
        let mut last = String::new();
        let mut done = 0;
        loop {
            let documents = document::after(&last, CHUNK, &self.pool).await?;
            let Some(end) = documents.last() else { break };
            last.clone_from(&end.id);
            done += i64::try_from(documents.len()).unwrap_or(i64::MAX);
            for document in &documents {
                sent.insert(document);
            }
            let changes = documents.into_iter().map(|document| Change::Put(Box::new(document)));
            self.apply(&filling, changes.collect(), "").await?;
            if self.lost.is_cancelled() || !self.lease.filled(done, total, &self.pool).await? {
                return Err(IndexError::LeaseLost);
            }
            self.keep_up(&filling, &mut sent).await?;
        }
        while self.keep_up(&filling, &mut sent).await? > self.batch / 4 {}
        let (settings, version) = rows::settings(&self.pool).await?;
        if version != settings_version && self.settings.as_ref() != Some(&settings) {
            with_timeout("settings", self.engine.update_settings(&filling, &settings)).await?;
            self.settings = Some(settings);
        }
        settings_version = settings_version.max(version);
        if self.lost.is_cancelled() {
            return Err(IndexError::LeaseLost);
        }
        // Known by a tag of the database from the moment on that it serves.
        let mut tx = cursor::begin(&self.pool).await?;
        let tag = self.lease.tag(&mut tx).await?.ok_or(IndexError::LeaseLost)?;
        tx.commit().await?;
        with_timeout("tag", self.engine.apply(&filling, Vec::new(), &tag)).await?;
        with_timeout("promote", self.engine.promote(&filling, &self.index)).await?;
        self.sent = sent;
        self.documents = None;
        if !self.lease.end_fill(asked, settings_version, &self.pool).await? {
            return Err(IndexError::LeaseLost);
        }
        tracing::info!(
            index = self.index,
            products = done,
            "the search index is filled and serves"
        );
        Ok(())
    }

    /// Deals with what has changed meanwhile, in both indexes; returns how much that was.
    async fn keep_up(&mut self, filling: &str, sent: &mut SentDocuments) -> Result<usize, IndexError> {
        let work = self
            .lease
            .find_work(self.batch, &self.pool)
            .await?
            .ok_or(IndexError::LeaseLost)?;
        self.follow(&work, Some(filling)).await?;
        for key in &work.dirty {
            sent.remove(&key.product_id);
        }
        Ok(work.dirty.len())
    }

    fn filling_name(&self, number: i64) -> String {
        format!("{}-{number}", self.index)
    }

    /// Removes what fillings left behind that were cut off.
    async fn drop_leftovers(&self, indexes: Vec<String>) -> Result<(), IndexError> {
        let prefix = self.filling_name(0);
        let prefix = prefix.trim_end_matches('0');
        for index in indexes {
            let number = index.strip_prefix(prefix);
            if number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())) {
                with_timeout("drop", self.engine.drop_index(&index)).await?;
            }
        }
        Ok(())
    }
}
