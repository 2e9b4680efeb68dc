//! The read services of a process.

use std::sync::Arc;
use std::time::Duration;

use query::{History, SearchEngine};
use reads::Reads;
use reports::ExportService;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::history::history;
use super::parts::Parts;
use super::search::Search;
use crate::config::Config;

/// No read is waited for longer than this by the gateway.
const LONGEST_READ: Duration = Duration::from_mins(1);

/// What the read services are made of.
#[derive(Clone, Debug)]
pub struct Queries {
    pub(super) reads: Reads,
    pub(super) history: Arc<dyn History>,
    pub(super) search: Option<SearchEngine>,
    pub(super) exports: ExportService,
    /// Connections of the change feed's own.
    pub(super) feed: PgPool,
    /// Ends the change feed, which would go on for ever.
    pub(super) stop: CancellationToken,
}

impl Queries {
    /// Read services on one pool, without a search engine.
    #[must_use]
    pub fn new(pool: PgPool) -> Queries {
        let reads = Reads::new(pool.clone());
        Queries {
            history: history(pool.clone()),
            search: None,
            exports: ExportService::new(reads.clone()),
            reads,
            feed: pool,
            stop: CancellationToken::new(),
        }
    }
}

impl Parts {
    /// The read services, and what keeps them in order.
    pub(super) fn read_side(&mut self, config: &Config, database: &Database, search: Option<&Search>) -> Queries {
        let pool = self.pool(database, "query", self.sizes.query, Some(LONGEST_READ));
        let feed = self.pool(database, "feed", self.sizes.feed, Some(LONGEST_READ));
        let mut replicas = Vec::new();
        for url in &config.database.replicas {
            let replica = Database::replica_pool(url, self.sizes.query, LONGEST_READ);
            self.pools.push(replica.clone());
            replicas.push(replica);
        }
        let reads = reads::Config {
            replicas,
            ..reads::Config::new(pool.clone())
        }
        .build();
        self.upkeep
            .spawn(reads.clone().watch_replicas(feed.clone(), self.upkeep.stop_token()));
        let exports = ExportService::new(reads.clone());
        // A file may take longer than any request.
        let own = self.pool(database, "exports", self.sizes.exports, None);
        let (making, stop) = (exports.clone(), self.upkeep.stop_token());
        self.upkeep.spawn(async move { making.run(own, stop).await });
        Queries {
            reads,
            history: history(pool.clone()),
            search: search.map(|search| self.searching(search, pool)),
            exports,
            feed,
            stop: self.edge.stop_token(),
        }
    }

    /// The search engine as reads use it.
    fn searching(&self, search: &Search, pool: PgPool) -> SearchEngine {
        let reader = search.reader();
        let (watch, stop) = (reader.clone().watch(pool), self.upkeep.stop_token());
        self.upkeep.spawn(async move {
            tokio::select! {
                () = watch => {}
                () = stop.cancelled() => {}
            }
        });
        reader
    }
}
