//! The tags of indexes. The server keeps none, so they are documents of an index of their own.

use meilisearch_sdk::errors::{Error as SdkError, ErrorCode};
use meilisearch_sdk::task_info::TaskInfo;
use serde::{Deserialize, Serialize};

use super::Meilisearch;
use super::tasks::failed;
use crate::Error;

/// The index that they are in. No other one has this name.
pub(super) const INDEX: &str = "tags";

#[derive(Serialize, Deserialize)]
struct Tag {
    /// The index.
    key: String,
    tag: String,
}

impl Meilisearch {
    /// The tag of an index, if it has one.
    pub(super) async fn tag(&self, index: &str) -> Result<Option<String>, Error> {
        match self.index(INDEX)?.get_document::<Tag>(index).await {
            Ok(found) => Ok(Some(found.tag)),
            Err(SdkError::Meilisearch(error))
                if matches!(error.error_code, ErrorCode::IndexNotFound | ErrorCode::DocumentNotFound) =>
            {
                Ok(None)
            }
            Err(error) => Err(failed(index, "look at an index", error)),
        }
    }

    /// Has the server write the tag after what it was given before.
    pub(super) async fn enqueue_tag(&self, index: &str, tag: &str) -> Result<TaskInfo, SdkError> {
        let (key, tag) = (index.to_owned(), tag.to_owned());
        let uid = format!("{}{INDEX}", self.prefix);
        self.client
            .index(uid)
            .add_or_replace(&[Tag { key, tag }], Some("key"))
            .await
    }

    /// Forgets the tag of an index that is no more.
    pub(super) async fn drop_tag(&self, index: &str) -> Result<(), Error> {
        let dropped = self.index(INDEX)?.delete_document(index).await;
        match self.done(index, "drop an index", dropped).await {
            Err(Error::NoIndex(_)) => Ok(()),
            other => other,
        }
    }
}
