//! The engine as the listings use it: with a time limit, a breaker and the rules of the shop.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use proto::v1::GetSearchStatusReply;
use search::{Answer, Curation, Engine, Page, Request, normalise};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::types::Json;
use tokio::time::{Instant, sleep, timeout};

use super::breaker::Breaker;

/// How long a listing waits for the engine before it is answered from the read model.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often rules and the state of the index are looked up.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A search engine and the index in it that the listings are answered from. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct SearchEngine(Arc<Shared>);

struct Shared {
    engine: Arc<dyn Engine>,
    /// The name under which the index is registered in the database.
    name: String,
    /// What the engine calls it.
    index: String,
    breaker: Breaker,
    /// Whether the index was filled.
    ready: AtomicBool,
    /// Whether it takes no changes in.
    out: AtomicBool,
    rules: RwLock<Arc<Rules>>,
}

/// Whether products that a rule shows first are among what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pins {
    OfRules,
    None,
}

/// The rules for single queries, by the query as `normalise` writes it.
#[derive(Default)]
struct Rules {
    version: i64,
    by_query: BTreeMap<String, Curation>,
}

#[derive(Deserialize)]
struct Stored {
    rules: Vec<StoredRule>,
}

#[derive(Deserialize)]
struct StoredRule {
    query: String,
    #[serde(default)]
    pinned: Vec<String>,
    #[serde(default)]
    hidden: Vec<String>,
}

impl SearchEngine {
    /// The index that is registered as `name` and that the engine calls `index`.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>, name: impl Into<String>, index: impl Into<String>) -> Self {
        Self(Arc::new(Shared {
            engine,
            name: name.into(),
            index: index.into(),
            breaker: Breaker::default(),
            ready: AtomicBool::new(false),
            out: AtomicBool::new(false),
            rules: RwLock::default(),
        }))
    }

    /// Keeps what is known of the engine, the index and the rules up to date. Runs until it is dropped.
    pub async fn watch(self, pool: PgPool) {
        loop {
            // An outage of the database is reported elsewhere; the rules read last are used meanwhile.
            if let Err(error) = self.look(&pool).await {
                tracing::debug!(%error, "the state of the search index was not looked up");
            }
            // Perhaps nobody else asks: those who wait for their own writes do so only when it answers.
            if self.0.breaker.is_open() {
                let _ = self.find(&nothing(), Pins::None).await;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Looks up the state of the index, and the rules if they have changed.
    pub(super) async fn look(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let (ready, out, version): (bool, bool, i64) = sqlx::query_as(
            "SELECT coalesce(i.ready, false), coalesce(i.outage IS NOT NULL, false), coalesce(s.version, 0)
             FROM (SELECT max(version) AS version FROM search_settings) s LEFT JOIN search_index i ON i.name = $1",
        )
        .bind(&self.0.name)
        .fetch_one(pool)
        .await?;
        self.0.ready.store(ready, Ordering::Relaxed);
        self.0.out.store(out, Ordering::Relaxed);
        if version != self.rules().version {
            let stored: Option<(Json<Stored>, i64)> = sqlx::query_as("SELECT settings, version FROM search_settings")
                .fetch_optional(pool)
                .await?;
            if let Some((Json(stored), version)) = stored {
                let rules = Arc::new(Rules {
                    version,
                    by_query: by_query(stored.rules),
                });
                *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
            }
        }
        Ok(())
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.0.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The name under which the index is registered.
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it makes sense to wait until the index shows something.
    pub(super) fn is_up(&self) -> bool {
        self.0.ready.load(Ordering::Relaxed) && !self.0.breaker.is_open()
    }

    /// Whether the index takes no changes in at present, so that what it finds may not be the latest.
    pub(super) fn is_out(&self) -> bool {
        self.0.out.load(Ordering::Relaxed)
    }

    /// How listings are answered at present. The reason is for everybody: what the engine itself says is in the log.
    pub(super) fn status(&self) -> GetSearchStatusReply {
        let ready = self.0.ready.load(Ordering::Relaxed);
        let reason = match (ready, self.is_out()) {
            _ if self.0.breaker.is_open() => {
                "the search engine does not answer; listings are answered from the database"
            }
            (false, true) => {
                "the search engine takes nothing in, so its index is not filled; listings are answered from the database"
            }
            (false, false) => "the search index is being filled; listings are answered from the database",
            (true, true) => "the search engine takes no changes in; searches may not show the latest",
            (true, false) => "",
        };
        GetSearchStatusReply {
            up: reason.is_empty(),
            reason: reason.to_owned(),
            engine: self.0.engine.name().to_owned(),
        }
    }

    /// Searches; `None` when the engine does not answer, or is not asked because it did not lately.
    pub(super) async fn find(&self, request: &Request, pins: Pins) -> Option<Answer> {
        let shared = &self.0;
        let engine = shared.engine.name();
        if !shared.ready.load(Ordering::Relaxed) || !shared.breaker.may_ask() {
            return None;
        }
        let rules = self.rules();
        let curation = rules.by_query.get(&normalise(&request.words));
        let curation = curation.map(|curation| match pins {
            Pins::OfRules => Cow::Borrowed(curation),
            Pins::None => Cow::Owned(Curation {
                pinned: Vec::new(),
                hidden: curation.hidden.clone(),
            }),
        });
        let started = Instant::now();
        let asked = search::find(shared.engine.as_ref(), &shared.index, request, curation.as_deref());
        let result = match timeout(PATIENCE, asked).await {
            Ok(result) => result,
            Err(elapsed) => Err(search::Error::unavailable("search", elapsed)),
        };
        metrics::histogram!("tillroll_search_seconds", "engine" => engine).record(started.elapsed().as_secs_f64());
        match result {
            Ok(answer) => {
                if shared.breaker.answered() {
                    tracing::info!(engine, "the search engine answers again");
                }
                Some(answer)
            }
            // The engine is well, but does not understand us.
            Err(search::Error::Rejected(reason)) => {
                tracing::error!(engine, reason, "the search engine refuses a search");
                None
            }
            Err(error) => {
                metrics::counter!("tillroll_search_failures_total", "engine" => engine).increment(1);
                let reason = values::chain(&error);
                if shared.breaker.failed() {
                    tracing::warn!(
                        engine,
                        reason,
                        "the search engine does not answer; listings are answered from the database"
                    );
                }
                None
            }
        }
    }
}

impl fmt::Debug for SearchEngine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SearchEngine")
            .field("name", &self.0.name)
            .field("index", &self.0.index)
            .finish_non_exhaustive()
    }
}

/// The cheapest question.
fn nothing() -> Request {
    Request {
        page: Page {
            limit: 0,
            ..Page::default()
        },
        ..Request::default()
    }
}

/// Rules whose queries differ only in spelling are one.
fn by_query(rules: Vec<StoredRule>) -> BTreeMap<String, Curation> {
    let mut by_query: BTreeMap<String, Curation> = BTreeMap::new();
    for rule in rules {
        let curation = by_query.entry(normalise(&rule.query)).or_default();
        curation.pinned.extend(rule.pinned);
        curation.hidden.extend(rule.hidden);
    }
    by_query
}

#[cfg(test)]
mod tests {
    use search::{Change, Error, Settings, Statistics};

    use super::*;

    /// Answers or does not, and has nothing.
    #[derive(Default)]
    struct Switched {
        up: AtomicBool,
    }

    #[tonic::async_trait]
    impl Engine for Switched {
        fn name(&self) -> &'static str {
            "switched"
        }

        async fn health(&self) -> Result<(), Error> {
            Ok(())
        }

        async fn create(&self, _: &str, _: &Settings) -> Result<(), Error> {
            Ok(())
        }

        async fn apply(&self, _: &str, _: Vec<Change>, _: &str) -> Result<(), Error> {
            Ok(())
        }

        async fn update_settings(&self, _: &str, _: &Settings) -> Result<(), Error> {
            Ok(())
        }

        async fn search(&self, _: &str, _: &Request) -> Result<Answer, Error> {
            if self.up.load(Ordering::SeqCst) {
                Ok(Answer::default())
            } else {
                Err(Error::unavailable("search", "switched off"))
            }
        }

        async fn promote(&self, _: &str, _: &str) -> Result<(), Error> {
            Ok(())
        }

        async fn drop_index(&self, _: &str) -> Result<(), Error> {
            Ok(())
        }

        async fn indexes(&self) -> Result<Vec<String>, Error> {
            Ok(Vec::new())
        }

        async fn statistics(&self, _: &str) -> Result<Statistics, Error> {
            Ok(Statistics::default())
        }
    }

    #[sqlx::test(migrator = "migrations::MIGRATOR")]
    async fn what_became_of_the_engine_is_noticed_without_a_search(pool: PgPool) {
        projections::install(&pool).await.unwrap();
        let set = async |assignments: &str| {
            let statement = format!("UPDATE search_index SET {assignments}");
            sqlx::query(&statement).execute(&pool).await.unwrap();
        };
        sqlx::query("INSERT INTO search_index (name, engine) VALUES ('index', 'switched')")
            .execute(&pool)
            .await
            .unwrap();
        let switched = Arc::new(Switched::default());
        let engine = SearchEngine::new(
            Arc::<Switched>::clone(&switched) as Arc<dyn Engine>,
            "index",
            "products",
        );
        engine.look(&pool).await.unwrap();
        assert!(engine.status().reason.contains("is being filled"));
        set("ready = true").await;
        engine.look(&pool).await.unwrap();
        assert!(engine.status().up && engine.is_up());
        set("outage = 'disk full'").await;
        engine.look(&pool).await.unwrap();
        let status = engine.status();
        assert!(
            !status.up && status.reason.contains("takes no changes in"),
            "{status:?}"
        );
        set("outage = NULL").await;

        assert_eq!(engine.find(&nothing(), Pins::OfRules).await, None);
        assert!(engine.status().reason.contains("does not answer") && !engine.is_up());
        let watching = tokio::spawn(engine.clone().watch(pool.clone()));
        switched.up.store(true, Ordering::SeqCst);
        let recovered = async {
            while !engine.status().up {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_mins(1), recovered).await.unwrap();
        assert!(engine.is_up());
        watching.abort();
    }
}
