//! Noticing that an engine has lost what it had.

use metrics::gauge;

use super::document;
use super::follow::{Follower, IndexError, with_timeout};
use super::rows::Work;

impl Follower {
    /// Compares the engine's figures with the rows, and has the index filled anew when they cannot both be right.
    pub(super) async fn check(&mut self, work: &Work) -> Result<(), IndexError> {
        let statistics = match with_timeout("statistics", self.engine.statistics(&self.index)).await {
            Ok(statistics) => statistics,
            Err(search::Error::NoIndex(_)) => {
                tracing::warn!(
                    index = self.index,
                    "the search engine has lost the index, which is filled anew"
                );
                return self.report_lost_index().await;
            }
            Err(error) => return Err(error.into()),
        };
        // A worker that wrote after losing the lease renewed the marks: the next batch repairs the index.
        let disturbed = work.disturbed != self.disturbed && !work.dirty.is_empty();
        let [tag, pending] = &work.tags;
        if statistics.tag != *tag && (statistics.tag.is_none() || statistics.tag != *pending) && !disturbed {
            tracing::warn!(
                index = self.index,
                "the search index is of another state of the database, as after a backup was restored, and is filled anew"
            );
            return self.report_lost_index().await;
        }
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        gauge!("tillroll_search_documents", "engine" => self.engine.name()).set(statistics.documents as f64);
        if self.documents == Some(statistics.documents) {
            return Ok(());
        }
        let documents = i64::try_from(statistics.documents).unwrap_or(i64::MAX);
        let before = self.lease.count_dirty(&self.pool).await?;
        let products = document::count(&self.pool).await?;
        let after = self.lease.count_dirty(&self.pool).await?;
        let refused = i64::try_from(self.rejected.len()).unwrap_or(i64::MAX);
        // What waits to be taken in, or was just now, may be on either side of the count.
        if (products - refused - documents).abs() > before + after {
            tracing::warn!(
                index = self.index,
                documents,
                products,
                "the search engine does not have what it was given; the index is filled anew"
            );
            self.documents = None;
            self.sent.clear();
            self.lease.request_fill(false, &self.pool).await?;
            return Ok(());
        }
        self.documents = Some(statistics.documents);
        self.lease.has_documents(documents, &self.pool).await?;
        Ok(())
    }

    /// Has the index filled anew; the database answers until then.
    async fn report_lost_index(&mut self) -> Result<(), IndexError> {
        self.documents = None;
        self.sent.clear();
        self.lease.request_fill(true, &self.pool).await?;
        Ok(())
    }
}
