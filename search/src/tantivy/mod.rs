//! The engine inside the process, on files in a folder.

mod alike;
mod bits;
mod correction;
mod facets;
mod filter;
mod index;
mod matching;
mod plan;
mod ranking;
mod schema;
mod search;
mod segment;
mod state;
mod vocabulary;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use tokio::sync::Semaphore;

pub use self::ranking::Ranking;
pub(crate) use self::schema::{MAX_FACET_BYTES, searched};

use self::index::{Index, replace};
use crate::{Answer, Change, Engine, Error, Request, Settings, Statistics};

const NAMES: &str = "indexes.json";
const LOCK: &str = "lock";

/// The engine inside the process. One process at a time can have a folder.
pub struct Tantivy {
    shared: Arc<Shared>,
    /// Searches that run at once: one a core, so that each is as fast as it can be and the others wait their turn.
    turns: Semaphore,
}

struct Shared {
    folder: PathBuf,
    ranking: Ranking,
    /// Held while indexes are made, renamed or removed.
    names: Mutex<()>,
    indexes: RwLock<BTreeMap<String, Arc<Index>>>,
    _lock: File,
}

impl Tantivy {
    /// Opens the indexes of a folder, which is made if there is none. An index that is damaged or of another version is left out, as if
    /// there were none: it has to be created and filled again.
    pub async fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::with_ranking(folder, Ranking::default()).await
    }

    /// Like [`Tantivy::open`], with other weights than the usual ones.
    pub async fn with_ranking(folder: impl Into<PathBuf>, ranking: Ranking) -> Result<Self, Error> {
        let folder = folder.into();
        let shared = blocking("open the indexes", move || Shared::open(folder, ranking)).await?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            shared: Arc::new(shared),
            turns: Semaphore::new(cores),
        })
    }

    async fn run<T, F>(&self, what: &'static str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Shared) -> Result<T, Error> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        blocking(what, move || work(&shared)).await
    }
}

/// Runs what would hold up the runtime. A panic in the library ends as an error.
async fn blocking<T, F>(what: &'static str, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::unavailable(what, error)))
}

#[async_trait]
impl Engine for Tantivy {
    fn name(&self) -> &'static str {
        "tantivy"
    }

    async fn health(&self) -> Result<(), Error> {
        self.run("look at the folder", |shared| {
            let found = fs::metadata(&shared.folder);
            found
                .map(drop)
                .map_err(|error| Error::unavailable("look at the folder", error))
        })
        .await
    }

    async fn create(&self, index: &str, settings: &Settings) -> Result<(), Error> {
        let (index, settings) = (named(index)?, settings.clone());
        self.run("create an index", move |shared| shared.create(index, &settings))
            .await
    }

    async fn apply(&self, index: &str, changes: Vec<Change>, tag: &str) -> Result<(), Error> {
        let (index, tag) = (self.shared.index(index)?, tag.to_owned());
        self.run("write to an index", move |_| index.apply(&changes, &tag))
            .await
    }

    async fn update_settings(&self, index: &str, settings: &Settings) -> Result<(), Error> {
        let (index, settings) = (self.shared.index(index)?, settings.clone());
        self.run("write settings", move |_| index.update_settings(&settings))
            .await
    }

    async fn search(&self, index: &str, request: &Request) -> Result<Answer, Error> {
        let (index, request) = (self.shared.index(index)?, request.clone());
        let turn = self
            .turns
            .acquire()
            .await
            .map_err(|error| Error::unavailable("search", error))?;
        let answer = self
            .run("search", move |shared| index.search(&request, &shared.ranking))
            .await;
        drop(turn);
        answer
    }

    async fn promote(&self, from: &str, to: &str) -> Result<(), Error> {
        let (from, to) = (named(from)?, named(to)?);
        self.run("promote an index", move |shared| shared.promote(&from, to))
            .await
    }

    async fn drop_index(&self, index: &str) -> Result<(), Error> {
        let index = named(index)?;
        self.run("drop an index", move |shared| shared.drop_index(&index)).await
    }

    async fn indexes(&self) -> Result<Vec<String>, Error> {
        let indexes = self.shared.indexes.read().unwrap_or_else(PoisonError::into_inner);
        Ok(indexes.keys().cloned().collect())
    }

    async fn statistics(&self, index: &str) -> Result<Statistics, Error> {
        let (name, index) = (index.to_owned(), self.shared.index(index)?);
        self.run("look at an index", move |_| {
            if index.is_there() {
                index.statistics()
            } else {
                Err(Error::NoIndex(name))
            }
        })
        .await
    }
}

impl Shared {
    fn open(folder: PathBuf, ranking: Ranking) -> Result<Self, Error> {
        let failed = |error| Error::unavailable("open the folder of the indexes", error);
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::Unavailable {
                what: format!("open {}: another process uses it", folder.display()),
                source: None,
            },
            TryLockError::Error(error) => failed(error),
        })?;
        let names = match fs::read(folder.join(NAMES)) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => b"{}".to_vec(),
            Err(error) => return Err(failed(error)),
        };
        let names: BTreeMap<String, String> = serde_json::from_slice(&names).unwrap_or_default();
        let mut indexes = BTreeMap::new();
        for (name, place) in names {
            match Index::open(folder.join(place)) {
                Ok(index) => {
                    indexes.insert(name, Arc::new(index));
                }
                Err(error) => {
                    tracing::warn!(index = name, %error, reason = reason(&error), "a search index can't be used and has to be built anew");
                }
            }
        }
        let shared = Self {
            folder,
            ranking,
            names: Mutex::default(),
            indexes: RwLock::new(indexes),
            _lock: lock,
        };
        shared.save(&shared.lock_names())?;
        Ok(shared)
    }

    fn lock_names(&self) -> MutexGuard<'_, ()> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self, name: &str) -> Result<Arc<Index>, Error> {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        indexes
            .get(name)
            .cloned()
            .ok_or_else(|| Error::NoIndex(name.to_owned()))
    }

    fn create(&self, name: String, settings: &Settings) -> Result<(), Error> {
        let names = self.lock_names();
        let index = Index::create(self.free_folder(), settings)?;
        self.change(&names, |indexes| {
            indexes.insert(name, Arc::new(index));
        })
    }

    fn promote(&self, from: &str, to: String) -> Result<(), Error> {
        let names = self.lock_names();
        self.index(from)?;
        if from == to {
            return Ok(());
        }
        self.change(&names, |indexes| {
            if let Some(index) = indexes.remove(from) {
                indexes.insert(to, index);
            }
        })
    }

    fn drop_index(&self, name: &str) -> Result<(), Error> {
        let names = self.lock_names();
        self.change(&names, |indexes| {
            indexes.remove(name);
        })
    }

    /// Changes which indexes there are, in memory at one moment and on disk at one moment.
    fn change(
        &self,
        names: &MutexGuard<'_, ()>,
        change: impl FnOnce(&mut BTreeMap<String, Arc<Index>>),
    ) -> Result<(), Error> {
        let before = self.indexes.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut after = before.clone();
        change(&mut after);
        *self.indexes.write().unwrap_or_else(PoisonError::into_inner) = after;
        let saved = self.save(names);
        if saved.is_err() {
            *self.indexes.write().unwrap_or_else(PoisonError::into_inner) = before;
        }
        saved
    }

    /// Writes down which indexes there are, and removes the folders of those that are no more.
    fn save(&self, _names: &MutexGuard<'_, ()>) -> Result<(), Error> {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner).clone();
        let names: BTreeMap<&str, &str> = indexes
            .iter()
            .map(|(name, index)| (name.as_str(), file_name(index.folder())))
            .collect();
        let write = || -> std::io::Result<()> {
            // Somebody may have removed it.
            fs::create_dir_all(&self.folder)?;
            replace(&self.folder.join(NAMES), &serde_json::to_vec(&names)?)?;
            for entry in fs::read_dir(&self.folder)? {
                let path = entry?.path();
                if path.is_dir() && !names.values().any(|name| *name == file_name(&path)) {
                    // Searches that read it go on reading: the files live until they are closed. A merge that still writes to it may
                    // keep it; then the next change removes it, or the next start.
                    let _ = fs::remove_dir_all(&path);
                }
            }
            Ok(())
        };
        write().map_err(|error| Error::unavailable("write down the indexes", error))
    }

    fn free_folder(&self) -> PathBuf {
        let mut number = 1;
        loop {
            let folder = self.folder.join(number.to_string());
            if !folder.exists() {
                return folder;
            }
            number += 1;
        }
    }
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn reason(error: &Error) -> String {
    std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The name of an index, if it is one.
pub(crate) fn named(name: &str) -> Result<String, Error> {
    let usable = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(usable) {
        Ok(name.to_owned())
    } else {
        Err(Error::Rejected(format!("{name:?} is no name for an index")))
    }
}
