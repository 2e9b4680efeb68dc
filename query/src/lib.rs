#![doc = include_str!("../README.md")]

mod audit;
mod batch;
mod cells;
mod consistency;
mod database;
mod error;
mod exports;
mod feed;
mod finding;
mod history;
mod known;
mod lane;
mod list;
mod orders;
mod products;
mod ranges;
mod read_at;
mod reader;
mod replica;
mod reports;
mod seal;
mod stock;
mod users;

use std::sync::Arc;
use std::time::Duration;

use proto::v1::audit_query_server::AuditQueryServer;
use proto::v1::change_feed_server::ChangeFeedServer;
use proto::v1::export_jobs_server::ExportJobsServer;
use proto::v1::history_query_server::HistoryQueryServer;
use proto::v1::order_query_server::OrderQueryServer;
use proto::v1::product_query_server::ProductQueryServer;
use proto::v1::report_query_server::ReportQueryServer;
use proto::v1::seal_query_server::SealQueryServer;
use proto::v1::search_query_server::SearchQueryServer;
use proto::v1::stock_query_server::StockQueryServer;
use proto::v1::user_query_server::UserQueryServer;
use sqlx::PgPool;
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;

use replica::Replicas;

pub use finding::SearchEngine;
pub use history::{At, Change, History, HistoryError, Moment, Past, Place};

/// What the read services need.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database with the read models. Give its connections a `statement_timeout`: the services set none.
    pub pool: PgPool,
    /// How long a read waits for its consistency token when the request does not say.
    pub default_wait: Duration,
    /// The longest wait that a request may ask for; a longer one is cut to this.
    pub max_wait: Duration,
    /// Connections of the change feed's own, so that it goes on however busy `pool` is: two for each follower.
    pub feed: PgPool,
    /// Replicas of the database. They answer reads while [`Query::watch_replicas`] finds them in good order. Give their connections a
    /// short time to be acquired: the primary is asked instead.
    pub replicas: Vec<PgPool>,
    /// How far behind the primary a replica may be and still answer reads without a consistency token.
    pub max_replica_lag: Duration,
    /// Ends the change feed, which would go on for ever.
    pub stop: CancellationToken,
    /// Looks into the past; `None`: the past is not served, and events do not say what they changed.
    pub history: Option<Arc<dyn History>>,
    /// What finds products; `None`: the read model does, letter by letter. Have somebody run [`SearchEngine::watch`].
    pub search: Option<SearchEngine>,
    /// How long an export in the background is kept after it has ended.
    pub export_retention: Duration,
    /// How often exports that have been kept long enough are removed.
    pub export_sweep: Duration,
}

impl Config {
    /// Waits of 2 seconds by default and of 10 at most, reading from `pool`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            feed: pool.clone(),
            pool,
            default_wait: Duration::from_secs(2),
            max_wait: Duration::from_secs(10),
            replicas: Vec::new(),
            max_replica_lag: Duration::from_secs(2),
            stop: CancellationToken::new(),
            history: None,
            search: None,
            export_retention: Duration::from_hours(7 * 24),
            export_sweep: Duration::from_mins(1),
        }
    }

    /// Serves the past, as `history` sees it.
    #[must_use]
    pub fn history(mut self, history: Arc<dyn History>) -> Self {
        self.history = Some(history);
        self
    }

    /// The read services. Does no IO.
    #[must_use]
    pub fn build(self) -> Query {
        Query {
            replicas: Replicas::new(self.replicas.clone(), PROBE_PATIENCE),
            lanes: Arc::default(),
            wake: Arc::default(),
            config: self,
        }
    }
}

/// The read services: implements every `…Query` service of the protocol. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Query {
    config: Config,
    /// Tells the maker of exports that there is something to do.
    wake: Arc<Notify>,
    replicas: Replicas,
    /// How many lanes the log has, once that was asked for.
    lanes: Arc<OnceCell<i64>>,
}

/// A replica that cannot be connected to within this time is not in good order.
const PROBE_PATIENCE: Duration = Duration::from_millis(500);

impl Query {
    /// The server of `tillroll.v1.ProductQuery`.
    #[must_use]
    pub fn product_server(&self) -> ProductQueryServer<Self> {
        ProductQueryServer::new(self.clone())
    }

    /// The server of `tillroll.v1.StockQuery`.
    #[must_use]
    pub fn stock_server(&self) -> StockQueryServer<Self> {
        StockQueryServer::new(self.clone())
    }

    /// The server of `tillroll.v1.OrderQuery`.
    #[must_use]
    pub fn order_server(&self) -> OrderQueryServer<Self> {
        OrderQueryServer::new(self.clone())
    }

    /// The server of `tillroll.v1.ReportQuery`. A report may exceed the 4 MiB that a generated client accepts by
    /// default; give the client [`MAX_REPORT_BYTES`].
    #[must_use]
    pub fn report_server(&self) -> ReportQueryServer<Self> {
        ReportQueryServer::new(self.clone()).max_encoding_message_size(MAX_REPORT_BYTES)
    }

    /// The server of `tillroll.v1.ExportJobs`.
    #[must_use]
    pub fn export_server(&self) -> ExportJobsServer<Self> {
        ExportJobsServer::new(self.clone())
    }

    /// Makes the files of exports, reading from `pool`, until `stop`. Any number of processes may do this. Statements of the pool
    /// must have no time limit: a file may take longer than any request.
    pub async fn run_exports(&self, pool: PgPool, stop: CancellationToken) {
        let mut own = self.clone();
        own.config.pool = pool;
        exports::run(own, stop).await;
    }

    /// The server of `tillroll.v1.AuditQuery`.
    #[must_use]
    pub fn audit_server(&self) -> AuditQueryServer<Self> {
        AuditQueryServer::new(self.clone())
    }

    /// The server of `tillroll.v1.SealQuery`.
    #[must_use]
    pub fn seal_server(&self) -> SealQueryServer<Self> {
        SealQueryServer::new(self.clone())
    }

    /// The server of `tillroll.v1.HistoryQuery`.
    #[must_use]
    pub fn history_server(&self) -> HistoryQueryServer<Self> {
        HistoryQueryServer::new(self.clone())
    }

    /// The server of `tillroll.v1.UserQuery`.
    #[must_use]
    pub fn user_server(&self) -> UserQueryServer<Self> {
        UserQueryServer::new(self.clone())
    }

    /// The server of `tillroll.v1.SearchQuery`.
    #[must_use]
    pub fn search_server(&self) -> SearchQueryServer<Self> {
        SearchQueryServer::new(self.clone())
    }

    fn search(&self) -> Option<&SearchEngine> {
        self.config.search.as_ref()
    }

    /// The server of `tillroll.v1.ChangeFeed`.
    #[must_use]
    pub fn feed_server(&self) -> ChangeFeedServer<Self> {
        ChangeFeedServer::new(self.clone())
    }

    /// Keeps finding out which replicas are near enough to the primary to answer, until `stop`; nothing to do without replicas.
    pub async fn watch_replicas(self, stop: CancellationToken) {
        if !self.config.replicas.is_empty() {
            let Config {
                feed, max_replica_lag, ..
            } = self.config;
            replica::watch(feed, self.replicas, max_replica_lag, stop).await;
        }
    }

    fn pool(&self) -> &PgPool {
        &self.config.pool
    }
}

/// The largest answer of the report service in bytes.
pub const MAX_REPORT_BYTES: usize = 64 << 20;
