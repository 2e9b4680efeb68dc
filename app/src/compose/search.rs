//! The search engine of a process, the index in it, and who keeps that up to date.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use postgres::data_folder;
use search::{Engine, Meilisearch, Tantivy};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::config::Config;
use crate::world::World;

/// Processes that share a data folder and have an index of their own each.
const MOST_NODES: u32 = 64;
const NODE: &str = "node";
/// How long the process that had an index before may take for its last change.
const LAST_WRITE: Duration = Duration::from_secs(5);
const TRY_EVERY: Duration = Duration::from_millis(100);
/// What the names of all indexes on a Meilisearch server begin with, whichever shop they are of.
const PREFIX: &str = "tillroll-";

/// A search engine, and the index of this database in it.
#[derive(Clone)]
pub struct Search {
    engine: Arc<dyn Engine>,
    /// The name under which the index is registered in the database.
    name: String,
    /// What the engine calls it.
    index: String,
    /// Whether other processes use the same index.
    shared: bool,
    /// Held as long as the engine is used.
    _node: Option<Arc<File>>,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Search")
            .field("name", &self.name)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl Search {
    /// The engine that the configuration asks for. Meilisearch need not answer yet. `pool`: the database, for what tells its index from
    /// those of others.
    pub async fn open(config: &Config, world: &World, pool: &PgPool) -> anyhow::Result<Search> {
        let shop: Uuid = sqlx::query_scalar("SELECT id FROM search_shop")
            .fetch_one(pool)
            .await
            .context("the search index has no name")?;
        let index = format!("products-{}", shop.simple());
        if let Some(engine) = Search::meilisearch(config)? {
            return Ok(Search {
                engine,
                name: "meilisearch".to_owned(),
                index,
                shared: true,
                _node: None,
            });
        }
        let node = Node::take(&config.data.dir, world)?;
        let engine = open_index(node.folder.join("indexes"))
            .await
            .with_context(|| format!("the search index in {} cannot be opened", node.folder.display()))?;
        Ok(Search {
            engine: Arc::new(engine),
            name: format!("tantivy-{}", node.id.simple()),
            index,
            shared: false,
            _node: Some(Arc::new(node.lock)),
        })
    }

    /// The Meilisearch server that the configuration asks for, if it does. It need not answer yet.
    pub(crate) fn meilisearch(config: &Config) -> anyhow::Result<Option<Arc<dyn Engine>>> {
        let Some(url) = &config.search.meili_url else {
            return Ok(None);
        };
        let engine =
            Meilisearch::new(url, config.search.meili_key.as_deref(), PREFIX).context("MEILI_URL cannot be used")?;
        Ok(Some(Arc::new(engine)))
    }

    /// Whether other processes may keep the same index up to date.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// The name under which the index is registered.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What listings are answered from.
    #[must_use]
    pub fn reader(&self) -> query::SearchEngine {
        query::SearchEngine::new(Arc::clone(&self.engine), self.name.as_str(), self.index.as_str())
    }

    /// Who keeps the index up to date. `sole`: no other process of the database can be alive.
    #[must_use]
    pub fn indexer(&self, pool: PgPool, sole: bool) -> projections::Indexer {
        let indexing = projections::Indexing {
            // An index in a folder that is locked has no other holder either.
            sole: sole || !self.shared,
            ..projections::Indexing::new(self.name.as_str(), self.index.as_str())
        };
        projections::Indexer::new(pool, Arc::clone(&self.engine), indexing)
    }
}

/// Opens the indexes of a folder. The process that had them before may still be writing its last change.
async fn open_index(folder: PathBuf) -> Result<Tantivy, search::Error> {
    let deadline = Instant::now() + LAST_WRITE;
    loop {
        match Tantivy::open(&folder).await {
            Err(_) if Instant::now() < deadline => sleep(TRY_EVERY).await,
            opened => return opened,
        }
    }
}

/// The place in the data folder of one process that searches.
struct Node {
    folder: PathBuf,
    id: Uuid,
    lock: File,
}

impl Node {
    /// The first place that no other process has.
    fn take(data: &Path, world: &World) -> anyhow::Result<Node> {
        data_folder::make(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
        let all = data.join("search");
        if all.exists() {
            data_folder::close(&all).with_context(|| format!("{} cannot be closed to others", all.display()))?;
        }
        for number in 1..=MOST_NODES {
            let folder = all.join(number.to_string());
            let taken = Node::try_take(folder.clone(), world);
            let taken = taken.with_context(|| format!("{} cannot be used", folder.display()))?;
            if let Some(node) = taken {
                return Ok(node);
            }
        }
        anyhow::bail!(
            "{MOST_NODES} processes search with {} as their data folder, which is as many as can",
            data.display()
        )
    }

    fn try_take(folder: PathBuf, world: &World) -> std::io::Result<Option<Node>> {
        std::fs::create_dir_all(&folder)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(NODE))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let id = if let Ok(id) = text.trim().parse() {
            id
        } else {
            let id = (world.ids)();
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{id}")?;
            file.sync_all()?;
            id
        };
        Ok(Some(Node { folder, id, lock: file }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_a_place_of_its_own_and_finds_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::default();
        let first = Node::take(folder.path(), &world).unwrap();
        let second = Node::take(folder.path(), &world).unwrap();
        assert_ne!(first.id, second.id);
        assert_ne!(first.folder, second.folder);
        let id = first.id;
        drop(first);
        assert_eq!(Node::take(folder.path(), &world).unwrap().id, id);
    }
}
