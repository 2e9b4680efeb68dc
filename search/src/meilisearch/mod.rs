//! The engine on a Meilisearch server.

mod client;
mod language;
mod query;
mod ranges;
mod row;
mod search;
mod settings;
mod tags;
mod tasks;

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;
use meilisearch_sdk::client::{Client, SwapIndexes};
use meilisearch_sdk::indexes::{Index, IndexesQuery};
use meilisearch_sdk::task_info::TaskInfo;

use self::client::Http;
use self::language::Known;
use self::row::{FORMAT, Row, hex};
use self::search::Search;
use self::tasks::{done, failed};
use crate::tantivy::named;
use crate::{Answer, Change, Engine, Error, Request, Settings, Statistics};

/// The products that are sent at once.
const AT_ONCE: usize = 2_000;

/// The engine on a Meilisearch server, of which other applications may have a share: all of its indexes have names that begin with a
/// prefix and the number of their format.
pub struct Meilisearch {
    client: Client<Http>,
    prefix: String,
    /// By index.
    known: Mutex<HashMap<String, Known>>,
}

impl Meilisearch {
    /// An engine on the server at `url`, with an API key that may do everything with the indexes whose names begin with `prefix`. Does
    /// not connect yet.
    pub fn new(url: &str, key: Option<&str>, prefix: &str) -> Result<Self, Error> {
        let usable = url.starts_with("http://") || url.starts_with("https://");
        if !usable {
            return Err(Error::Rejected(
                "the URL of Meilisearch begins with http:// or https://".into(),
            ));
        }
        let key = key.filter(|key| !key.is_empty());
        let http = Http::new(key)?;
        Ok(Self {
            client: Client::new_with_client(url.trim_end_matches('/'), key, http),
            prefix: format!("{prefix}{FORMAT}-"),
            known: Mutex::default(),
        })
    }

    fn uid(&self, index: &str) -> Result<String, Error> {
        Ok(format!("{}{}", self.prefix, named(index)?))
    }

    fn index(&self, index: &str) -> Result<Index<Http>, Error> {
        Ok(self.client.index(self.uid(index)?))
    }

    /// Meilisearch creates an index that a write names, so this checks first that it exists.
    async fn existing(&self, index: &str) -> Result<Index<Http>, Error> {
        let uid = self.uid(index)?;
        let found = self.client.get_index(&uid).await;
        found.map_err(|error| failed(index, "look for an index", error))
    }

    async fn done(
        &self,
        index: &str,
        what: &str,
        task: Result<TaskInfo, meilisearch_sdk::errors::Error>,
    ) -> Result<(), Error> {
        let task = task.map_err(|error| failed(index, what, error))?;
        done(&self.client, index, what, &task).await
    }

    async fn swap(&self, from: &str, to: &str, rename: bool) -> Result<(), Error> {
        let swap = SwapIndexes {
            indexes: (self.uid(from)?, self.uid(to)?),
            rename: rename.then_some(true),
        };
        self.done(from, "promote an index", self.client.swap_indexes([&swap]).await)
            .await
    }
}

#[async_trait]
impl Engine for Meilisearch {
    fn name(&self) -> &'static str {
        "meilisearch"
    }

    async fn health(&self) -> Result<(), Error> {
        // The health route needs no key; one index is asked for to see that the key is right.
        let mut query = IndexesQuery::new(&self.client);
        let asked = query.with_limit(1).execute().await;
        asked.map(drop).map_err(|error| failed("", "ask for indexes", error))
    }

    async fn create(&self, index: &str, settings: &Settings) -> Result<(), Error> {
        let uid = self.uid(index)?;
        self.drop_index(index).await?;
        self.done(
            index,
            "create an index",
            self.client.create_index(&uid, Some("key")).await,
        )
        .await?;
        let set = self
            .client
            .index(&uid)
            .set_settings(&settings::all(settings, None))
            .await;
        self.done(index, "set an index up", set).await?;
        self.is_set(index, settings);
        Ok(())
    }

    async fn apply(&self, index: &str, changes: Vec<Change>, tag: &str) -> Result<(), Error> {
        let existing = self.existing(index).await?;
        // Before the changes: the server's queue keeps the order.
        let tagging = self.enqueue_tag(index, tag).await;
        // Of several changes to one product the last one counts.
        let last: HashMap<&str, &Change> = changes.iter().map(|change| (change.id(), change)).collect();
        let mut rows = Vec::new();
        let mut deleted = BTreeSet::new();
        for (id, change) in last {
            match change {
                Change::Put(document) => rows.push(Row::new(document)),
                Change::Delete(_) => {
                    deleted.insert(hex(id));
                }
            }
        }
        let mut tasks = Vec::new();
        for rows in rows.chunks(AT_ONCE) {
            tasks.push(existing.add_or_replace(rows, Some("key")).await);
        }
        if !deleted.is_empty() {
            let keys: Vec<String> = deleted.into_iter().collect();
            tasks.push(existing.delete_documents(&keys).await);
        }
        for task in std::iter::once(tagging).chain(tasks) {
            self.done(index, "write to an index", task).await?;
        }
        self.follow_language(index, rows.len()).await
    }

    async fn update_settings(&self, index: &str, settings: &Settings) -> Result<(), Error> {
        let existing = self.existing(index).await?;
        let language = self.language(index).await?;
        let set = existing.set_settings(&settings::all(settings, language)).await;
        self.done(index, "write settings", set).await?;
        self.is_set(index, settings);
        Ok(())
    }

    async fn search(&self, index: &str, request: &Request) -> Result<Answer, Error> {
        let uid = self.uid(index)?;
        let search = Search {
            client: &self.client,
            uid: &uid,
            index,
            request,
        };
        match search.without_ranges().await? {
            None => search.answer().await,
            Some(request) => {
                let request = &request;
                Search { request, ..search }.answer().await
            }
        }
    }

    async fn promote(&self, from: &str, to: &str) -> Result<(), Error> {
        self.existing(from).await?;
        if from == to {
            return Ok(());
        }
        if let Some(tag) = self.tag(from).await? {
            let tagging = self.enqueue_tag(to, &tag).await;
            self.done(to, "promote an index", tagging).await?;
        }
        match self.existing(to).await {
            Ok(_) => {
                self.swap(from, to, false).await?;
                self.is_renamed(from, to);
                self.drop_index(from).await
            }
            Err(Error::NoIndex(_)) => {
                self.swap(from, to, true).await?;
                self.is_renamed(from, to);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn drop_index(&self, index: &str) -> Result<(), Error> {
        let dropped = self
            .done(index, "drop an index", self.index(index)?.delete().await)
            .await;
        self.is_dropped(index);
        match dropped {
            Err(Error::NoIndex(_)) => Ok(()),
            Ok(()) => self.drop_tag(index).await,
            other => other,
        }
    }

    async fn indexes(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        loop {
            let mut query = IndexesQuery::new(&self.client);
            let page = query.with_offset(names.len()).with_limit(1_000).execute().await;
            let page = page.map_err(|error| failed("", "ask for indexes", error))?;
            let last = page.results.is_empty();
            names.extend(page.results.into_iter().map(|index| index.uid));
            if last || names.len() >= page.total as usize {
                break;
            }
        }
        let mut own: Vec<String> = names
            .iter()
            .filter_map(|uid| uid.strip_prefix(&self.prefix))
            .filter(|name| *name != tags::INDEX)
            .map(str::to_owned)
            .collect();
        own.sort_unstable();
        Ok(own)
    }

    async fn statistics(&self, index: &str) -> Result<Statistics, Error> {
        let found = self.index(index)?.get_stats().await;
        let found = found.map_err(|error| failed(index, "look at an index", error))?;
        Ok(Statistics {
            documents: found.number_of_documents as u64,
            tag: self.tag(index).await?,
        })
    }
}
