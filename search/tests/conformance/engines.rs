//! The engines under test, and an index in each for every test.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use search::{Change, Document, Engine, Meilisearch, Request, Settings, Tantivy};
use tempfile::TempDir;

/// An engine, and the name of an index that is the test's alone.
pub(crate) struct Place {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) index: String,
    _folder: Option<TempDir>,
}

impl Place {
    pub(crate) async fn tantivy() -> Self {
        let folder = TempDir::new().expect("a folder");
        let engine = Tantivy::open(folder.path()).await.expect("an engine");
        Self {
            engine: Box::new(engine),
            index: "products".into(),
            _folder: Some(folder),
        }
    }

    /// `None`: there is none to test.
    #[expect(clippy::disallowed_methods, reason = "says where the server under test is")]
    pub(crate) fn meilisearch() -> Option<Self> {
        static TESTS: AtomicUsize = AtomicUsize::new(0);
        let Ok(url) = std::env::var("MEILI_URL") else {
            eprintln!("not run: MEILI_URL does not say where Meilisearch is");
            return None;
        };
        let key = std::env::var("MEILI_KEY").ok();
        // Of this process and this test alone, on a server that others may use.
        let prefix = format!("test-{}-{}-", std::process::id(), TESTS.fetch_add(1, Ordering::Relaxed));
        let engine = Meilisearch::new(&url, key.as_deref(), &prefix).expect("an engine");
        Some(Self {
            engine: Box::new(engine),
            index: "products".into(),
            _folder: None,
        })
    }

    /// Leaves nothing on the server.
    pub(crate) async fn clean(&self) {
        for index in self.indexes().await.expect("indexes") {
            self.drop_index(&index).await.expect("dropped");
        }
    }

    /// Another index name of this test.
    pub(crate) fn other(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.index)
    }

    pub(crate) async fn fill(&self, documents: impl IntoIterator<Item = Document>) {
        self.fill_with(documents, &Settings::default()).await;
    }

    pub(crate) async fn fill_with(&self, documents: impl IntoIterator<Item = Document>, settings: &Settings) {
        self.engine.create(&self.index, settings).await.expect("created");
        self.put(documents).await;
    }

    pub(crate) async fn put(&self, documents: impl IntoIterator<Item = Document>) {
        let changes = documents.into_iter().map(|document| Change::Put(Box::new(document)));
        self.engine
            .apply(&self.index, changes.collect(), "test")
            .await
            .expect("applied");
    }

    pub(crate) async fn delete(&self, ids: &[&str]) {
        let changes = ids.iter().map(|id| Change::Delete((*id).to_owned()));
        self.engine
            .apply(&self.index, changes.collect(), "test")
            .await
            .expect("applied");
    }

    pub(crate) async fn answer(&self, request: &Request) -> search::Answer {
        self.search(&self.index, request).await.expect("an answer")
    }

    /// The ids found, in order.
    pub(crate) async fn ids(&self, request: &Request) -> Vec<String> {
        ids(&self.answer(request).await)
    }

    /// The ids found, ascending.
    pub(crate) async fn set(&self, request: &Request) -> Vec<String> {
        let mut ids = self.ids(request).await;
        ids.sort();
        ids
    }
}

impl Deref for Place {
    type Target = dyn Engine;

    fn deref(&self) -> &Self::Target {
        &*self.engine
    }
}

pub(crate) fn ids(answer: &search::Answer) -> Vec<String> {
    answer.hits.iter().map(|hit| hit.id.clone()).collect()
}
