//! One index in a folder of its own.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{Index as Inner, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::ranking::Ranking;
use super::schema::{FORMAT, Fields};
use super::search::Search;
use super::state::State;
use crate::document::Change;
use crate::settings::Settings;
use crate::{Answer, Error, Request, Statistics};

/// What a writer collects before it writes by itself, in bytes.
const WRITER_MEMORY: usize = 48_000_000;
/// The share of a segment that is deleted before it is written anew.
const DELETED_SHARE: f32 = 0.3;
const ABOUT: &str = "about.json";

/// What stands beside the files of tantivy.
#[derive(Serialize, Deserialize)]
struct About {
    format: u32,
    settings: Settings,
}

/// An index that is open.
pub(super) struct Index {
    folder: PathBuf,
    inner: Inner,
    fields: Fields,
    reader: IndexReader,
    writer: Mutex<Option<IndexWriter>>,
    state: RwLock<Arc<State>>,
}

impl Index {
    /// Makes a folder with an empty index.
    pub(super) fn create(folder: PathBuf, settings: &Settings) -> Result<Self, Error> {
        let files = || -> std::io::Result<()> {
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir_all(&folder)?;
            write_about(&folder, settings)
        };
        files().map_err(|error| Error::unavailable("make a folder for an index", error))?;
        let (schema, fields) = Fields::new();
        let inner = Inner::create_in_dir(&folder, schema).map_err(|error| broken("create an index", error))?;
        Self::with(folder, inner, fields, settings)
    }

    /// Opens the index of a folder; an error if it is damaged or was written by other code.
    pub(super) fn open(folder: PathBuf) -> Result<Self, Error> {
        let about = fs::read(folder.join(ABOUT)).map_err(|error| Error::unavailable("read an index", error))?;
        let about: About =
            serde_json::from_slice(&about).map_err(|error| Error::unavailable("read an index", error))?;
        if about.format != FORMAT {
            return Err(Error::Rejected(format!("format {} instead of {FORMAT}", about.format)));
        }
        let inner = Inner::open_in_dir(&folder).map_err(|error| broken("open an index", error))?;
        let (schema, fields) = Fields::new();
        if inner.schema() != schema {
            return Err(Error::Rejected("other fields".into()));
        }
        let damaged = inner
            .validate_checksum()
            .map_err(|error| broken("check an index", error))?;
        if let Some(file) = damaged.iter().next() {
            return Err(Error::Rejected(format!("{} is damaged", file.display())));
        }
        Self::with(folder, inner, fields, &about.settings)
    }

    fn with(folder: PathBuf, inner: Inner, fields: Fields, settings: &Settings) -> Result<Self, Error> {
        let open = || -> tantivy::Result<(IndexReader, State)> {
            // Two blocks: a page's products lie anywhere, only neighbours share one.
            let reader = inner
                .reader_builder()
                .reload_policy(ReloadPolicy::Manual)
                .doc_store_cache_num_blocks(16);
            let reader: IndexReader = reader.try_into()?;
            let state = State::new(reader.searcher(), fields.clone(), settings, None)?;
            Ok((reader, state))
        };
        let (reader, state) = open().map_err(|error| broken("read an index", error))?;
        Ok(Self {
            folder,
            inner,
            fields,
            reader,
            writer: Mutex::new(None),
            state: RwLock::new(Arc::new(state)),
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether its files are still there: searches go on without them, writes don't.
    pub(super) fn is_there(&self) -> bool {
        self.folder.join(ABOUT).is_file()
    }

    pub(super) fn apply(&self, changes: &[Change], tag: &str) -> Result<(), Error> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A writer that failed is in doubt: it goes, and what it had not committed with it.
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => self.writer().map_err(|error| broken("write to an index", error))?,
        };
        self.write(&mut writer, changes, tag)
            .map_err(|error| broken("write to an index", error))?;
        *slot = Some(writer);
        self.reload(None)
    }

    fn write(&self, writer: &mut IndexWriter, changes: &[Change], tag: &str) -> tantivy::Result<()> {
        // Of several changes to one product the last one counts.
        let last: HashMap<&str, usize> = changes
            .iter()
            .enumerate()
            .map(|(at, change)| (change.id(), at))
            .collect();
        for (at, change) in changes.iter().enumerate() {
            if last.get(change.id()) != Some(&at) {
                continue;
            }
            writer.delete_term(Term::from_field_text(self.fields.id, change.id()));
            if let Change::Put(document) = change {
                writer.add_document(self.fields.document(document))?;
            }
        }
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(tag);
        commit.commit().map(drop)
    }

    fn writer(&self) -> tantivy::Result<IndexWriter> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_MEMORY)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer: IndexWriter<TantivyDocument> = self.inner.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE);
        writer.set_merge_policy(Box::new(policy));
        Ok(writer)
    }

    pub(super) fn update_settings(&self, settings: &Settings) -> Result<(), Error> {
        // The same lock as for changes: of two states that are made at once, the one that comes last has both changes.
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        write_about(&self.folder, settings).map_err(|error| Error::unavailable("write settings", error))?;
        self.reload(Some(settings))
    }

    fn reload(&self, settings: Option<&Settings>) -> Result<(), Error> {
        let before = self.state();
        let read = || -> tantivy::Result<State> {
            self.reader.reload()?;
            let settings = settings.unwrap_or(&before.settings);
            State::new(self.reader.searcher(), self.fields.clone(), settings, Some(&before))
        };
        let state = read().map_err(|error| broken("read an index", error))?;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn search(&self, request: &Request, ranking: &Ranking) -> Result<Answer, Error> {
        let state = self.state();
        let answer = Search::new(&state, request, ranking).and_then(|search| search.answer());
        answer.map_err(|error| broken("search", error))
    }

    pub(super) fn statistics(&self) -> Result<Statistics, Error> {
        let metas = self.inner.load_metas();
        Ok(Statistics {
            documents: self.state().searcher.num_docs(),
            tag: metas.map_err(|error| broken("look at an index", error))?.payload,
        })
    }
}

fn write_about(folder: &Path, settings: &Settings) -> std::io::Result<()> {
    let about = About {
        format: FORMAT,
        settings: settings.clone(),
    };
    replace(&folder.join(ABOUT), &serde_json::to_vec(&about)?)
}

/// Writes a file so that a crash leaves the old or the new one.
pub(super) fn replace(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = fs::File::create(&new)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn broken(what: &str, error: tantivy::TantivyError) -> Error {
    Error::unavailable(what, error)
}
