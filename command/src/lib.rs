//! The write side: gRPC services that turn requests into commands of the domain and append what these decide.
//!
//! Build a [`Command`] from a [`Config`] and serve what it hands out, in this process through `proto::transport::Transport` or on a
//! port. One instance per process is best, because what it keeps in memory (order numbers, idempotency keys under way) is per instance;
//! several instances on one database are correct.
//!
//! # Times
//! A command takes the time once, in milliseconds, and records it as `occurred_at` of its events. Ids that are minted here are UUIDv7
//! with that same time, so the id of a product, order or user carries the moment of its creation. That is what answers tell as
//! `created_at`, without a second place where it could differ. An imported product's id carries the time that its row states.

mod basket;
mod context;
mod core;
mod failure;
mod fields;
mod import;
mod orders;
mod processes;
mod products;
mod refusal;
mod reply;
mod search;
mod serve;
mod stock;
mod stock_level;
mod users;

use std::time::Duration;

use ::processes::Engine;
use domain::Reason;
use eventstore::Store;
use proto::{
    transport::Transport,
    v1::{
        order_command_server::OrderCommandServer, product_command_server::ProductCommandServer,
        search_command_server::SearchCommandServer, stock_command_server::StockCommandServer,
        user_command_server::UserCommandServer,
    },
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};

pub use crate::core::{Clock, Ids};
pub use crate::processes::books::{BookFinding, BooksError, Mismatch};
use crate::{
    core::Core, orders::Orders, processes::Books, products::Products, search::Searches, stock::Stocks, users::Users,
};

/// Largest request, in bytes. Imports send thousands of rows at once.
pub const MAX_REQUEST_BYTES: usize = 32 << 20;

/// What the write services need.
#[derive(Clone)]
pub struct Config {
    /// The event store.
    pub store: Store,
    /// The database of credentials, order numbers and process managers.
    pub pool: PgPool,
    /// The stock service that orders call; `None`: the one in this process.
    pub stock: Option<Transport>,
    /// The present time.
    pub clock: Clock,
    /// UUIDs, random enough not to be guessed.
    pub ids: Ids,
    /// How long stock stays reserved for an order that does not come.
    pub reservation_ttl: Duration,
    /// Passwords hashed at once; each takes 19 MiB of memory and a core.
    pub parallel_hashes: usize,
    /// Refresh tokens are derived from it: secret, and the same in every process and after every start.
    pub refresh_key: [u8; 32],
}

impl Config {
    /// The default settings with these parts: the stock service of this process, reservations for two minutes, two hashes at once, a fresh
    /// key for refresh tokens.
    #[must_use]
    pub fn new(store: Store, pool: PgPool, clock: Clock, ids: Ids) -> Self {
        let mut key = [0; 32];
        let (first, second) = key.split_at_mut(16);
        first.copy_from_slice(ids().as_bytes());
        second.copy_from_slice(ids().as_bytes());
        Self {
            store,
            pool,
            stock: None,
            clock,
            ids,
            reservation_ttl: Duration::from_mins(2),
            parallel_hashes: 2,
            refresh_key: key,
        }
    }

    /// Builds the services.
    #[must_use]
    pub fn build(self) -> Command {
        Command::new(self)
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Config")
            .field("reservation_ttl", &self.reservation_ttl)
            .field("parallel_hashes", &self.parallel_hashes)
            .finish_non_exhaustive()
    }
}

/// The write services and their process managers. Cheap to clone.
#[derive(Clone)]
pub struct Command {
    products: Products,
    stocks: Stocks,
    orders: Orders,
    users: Users,
    searches: Searches,
    books: Books,
    engine: Engine,
}

impl Command {
    /// Builds the services.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config {
            store,
            pool,
            stock,
            clock,
            ids,
            reservation_ttl,
            parallel_hashes,
            refresh_key,
        } = config;
        let core = Core {
            store,
            pool,
            clock,
            ids,
        };
        let stocks = Stocks::new(core.clone());
        let books = Books::new(core.clone(), reservation_ttl);
        let transport = stock.unwrap_or_else(|| Transport::in_process(stock_server(stocks.clone())));
        Self {
            products: Products::new(core.clone()),
            orders: Orders::new(core.clone(), transport),
            users: Users::new(core.clone(), parallel_hashes, refresh_key),
            searches: Searches::new(core.clone()),
            engine: processes::engine(&core, &books, reservation_ttl),
            books,
            stocks,
        }
    }

    /// The gRPC server of `ProductCommand`.
    #[must_use]
    pub fn product_server(
        &self,
    ) -> ProductCommandServer<impl proto::v1::product_command_server::ProductCommand + use<>> {
        ProductCommandServer::new(self.products.clone()).max_decoding_message_size(MAX_REQUEST_BYTES)
    }

    /// The gRPC server of `StockCommand`.
    #[must_use]
    pub fn stock_server(&self) -> StockCommandServer<impl proto::v1::stock_command_server::StockCommand + use<>> {
        stock_server(self.stocks.clone())
    }

    /// The gRPC server of `OrderCommand`.
    #[must_use]
    pub fn order_server(&self) -> OrderCommandServer<impl proto::v1::order_command_server::OrderCommand + use<>> {
        OrderCommandServer::new(self.orders.clone()).max_decoding_message_size(MAX_REQUEST_BYTES)
    }

    /// The gRPC server of `UserCommand`.
    #[must_use]
    pub fn user_server(&self) -> UserCommandServer<impl proto::v1::user_command_server::UserCommand + use<>> {
        UserCommandServer::new(self.users.clone())
    }

    /// The gRPC server of `SearchCommand`.
    #[must_use]
    pub fn search_server(&self) -> SearchCommandServer<impl proto::v1::search_command_server::SearchCommand + use<>> {
        SearchCommandServer::new(self.searches.clone())
    }

    /// All services behind one router.
    #[must_use]
    pub fn routes(&self) -> Routes {
        let mut routes = RoutesBuilder::default();
        routes
            .add_service(self.product_server())
            .add_service(self.stock_server())
            .add_service(self.order_server())
            .add_service(self.user_server())
            .add_service(self.search_server());
        routes.routes().prepare()
    }

    /// Runs the processes until `stop` is cancelled. May run in every worker: one at a time folds a process, all deliver its effects.
    pub async fn run_processes(&self, stop: CancellationToken) {
        self.engine.run(stop).await;
    }

    /// Reads the whole log and says which orders do not hold the stock that they should.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn check_books(&self) -> Result<Vec<BookFinding>, BooksError> {
        self.books.check().await
    }

    /// Makes the stock of an order what it should be, as far as there is stock, by events of `actor`. Answers with what is still wrong:
    /// there is not enough stock. Harmless to repeat.
    ///
    /// # Errors
    /// When the database does not answer, or the order cannot be mended.
    pub async fn mend_books(
        &self,
        actor: &str,
        reason: &Reason,
        finding: &BookFinding,
    ) -> Result<Vec<Mismatch>, BooksError> {
        self.books.mend(actor, reason, finding).await
    }

    /// Gives back the order numbers that were taken in advance, and records the last attempts to log in. At shutdown, after the last call.
    pub async fn close(&self) {
        self.users.close().await;
        self.orders.close().await;
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Command").finish_non_exhaustive()
    }
}

fn stock_server(stocks: Stocks) -> StockCommandServer<Stocks> {
    StockCommandServer::new(stocks)
}
