//! The system under test.

use std::sync::Arc;

use app::lifecycle::Lifecycle;
use app::world::World;
use proto::caller::{Caller, Part};
use proto::failure::Failure;
use proto::statement::Keys;
use proto::transport::Transport;
use proto::v1::user_command_client::UserCommandClient;
use proto::v1::{CommandContext, CreateUserRequest, Role};
use sqlx::PgPool;
use tempfile::TempDir;

use crate::client::Client;
use crate::clock::Clock;
use crate::database::Database;

/// The password of every user that the tests make.
pub const PASSWORD: &str = "correct horse battery";

/// What a system is to be like; by default everything in one process, on a database of its own, without rate limits.
#[derive(Debug, Default)]
pub struct Options {
    pairs: Vec<(&'static str, String)>,
    database: Option<Arc<Database>>,
}

/// A running system. Its database is dropped with the last system that uses it.
#[derive(Debug)]
pub struct System {
    // Before the folder and the database: it uses both.
    running: Option<app::System>,
    clock: Clock,
    folder: TempDir,
    database: Arc<Database>,
}

impl Options {
    /// Sets a variable of the configuration by the words of its flag, for example `rate-limit`.
    #[must_use]
    pub fn with(mut self, flag: &'static str, value: impl Into<String>) -> Options {
        self.pairs.retain(|(name, _)| *name != flag);
        self.pairs.push((flag, value.into()));
        self
    }

    /// Uses a database that another system uses too.
    #[must_use]
    pub fn on(mut self, database: &Arc<Database>) -> Options {
        self.database = Some(Arc::clone(database));
        self
    }

    /// Starts it and returns when it takes requests.
    pub async fn start(self) -> System {
        let database = match self.database {
            Some(database) => database,
            None => Arc::new(Database::create().await),
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let defaults = [
            ("data-dir", folder.path().display().to_string()),
            ("database-url", database.url()),
            ("http-addr", "127.0.0.1:0".to_owned()),
            ("grpc-addr", "127.0.0.1:0".to_owned()),
            ("insecure-internal", "on".to_owned()),
            ("rate-limit", "off".to_owned()),
            // Builds for tests on busy machines are slow, which is no overload.
            ("load-shedding", "off".to_owned()),
        ];
        let given = |flag: &str| self.pairs.iter().any(|(name, _)| *name == flag);
        let mut pairs: Vec<_> = defaults.into_iter().filter(|(flag, _)| !given(flag)).collect();
        pairs.extend(self.pairs);
        let config =
            app::Config::from_pairs(pairs).unwrap_or_else(|error| panic!("the configuration is wrong: {error:?}"));
        let clock = Clock::default();
        let world = World {
            clock: clock.source(),
            ..World::default()
        };
        let running = app::System::start_in(&config, &world, Lifecycle::new())
            .await
            .unwrap_or_else(|error| panic!("the system does not start: {error:?}"));
        System {
            running: Some(running),
            clock,
            folder,
            database,
        }
    }
}

impl System {
    /// Starts everything in one process, on a database of its own.
    pub async fn start() -> System {
        Options::default().start().await
    }

    /// A system that is to be different from that.
    #[must_use]
    pub fn options() -> Options {
        Options::default()
    }

    fn running(&self) -> &app::System {
        self.running.as_ref().expect("the system runs")
    }

    /// Returns when the system has to end because of its database, with the reason.
    pub async fn has_to_end(&self) -> String {
        match self.running().asked_to_end().await {
            Ok(()) => panic!("nobody asks it to end"),
            Err(reason) => format!("{reason:#}"),
        }
    }

    /// Where the gateway is, for example `http://127.0.0.1:41235`.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "http://{}",
            self.running().http_addr().expect("the system listens for HTTP")
        )
    }

    /// Where operators ask, when `operations-addr` is set.
    #[must_use]
    pub fn operations_url(&self) -> String {
        let address = self.running().operations_addr();
        format!("http://{}", address.expect("the system listens for operators"))
    }

    /// Where the gRPC services are, for example `http://127.0.0.1:41236`.
    #[must_use]
    pub fn grpc_url(&self) -> String {
        format!(
            "http://{}",
            self.running().grpc_addr().expect("the system listens for gRPC")
        )
    }

    /// A channel to the gRPC services, for the system's own operator.
    #[must_use]
    pub fn grpc(&self) -> Transport {
        self.grpc_by(Caller::system(Part::Operator, "e2e"))
    }

    /// A channel to the gRPC services, for a caller.
    #[must_use]
    pub fn grpc_by(&self, caller: Caller) -> Transport {
        let clock = self.clock.clone();
        let keys = Keys::insecure(Arc::new(move || clock.now().timestamp_micros()));
        Transport::remote(&self.grpc_url(), keys, None)
            .expect("a URL")
            .by(caller)
    }

    /// The clock of the system.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// A connection pool of the test's own to the database.
    #[must_use]
    pub fn pool(&self) -> PgPool {
        self.database.pool()
    }

    /// The private key of the access tokens, as PEM.
    #[must_use]
    pub fn signing_key(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("keys/jwt-ed25519.pem")).expect("the gateway made its key")
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Somebody who is not known.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::anonymous(self.url())
    }

    /// An administrator, just made and logged in.
    pub async fn admin(&self) -> Client {
        self.user("admin@shop.example", Role::Admin).await
    }

    /// A customer, just made and logged in. Each name is another customer.
    pub async fn customer(&self, name: &str) -> Client {
        self.user(&format!("{name}@customers.example"), Role::Customer).await
    }

    async fn user(&self, email: &str, role: Role) -> Client {
        self.create_user(email, role, PASSWORD)
            .await
            .unwrap_or_else(|failure| panic!("{email} cannot be made: {failure:?}"));
        self.anonymous().log_in(email, PASSWORD).await
    }

    /// Makes a user, as `tillroll user create` does.
    pub async fn create_user(&self, email: &str, role: Role, password: &str) -> Result<String, Failure> {
        let context = CommandContext {
            actor: "system:e2e".to_owned(),
            ..CommandContext::default()
        };
        let request = CreateUserRequest {
            context: Some(context),
            email: email.to_owned(),
            name: email.split('@').next().unwrap_or_default().to_owned(),
            role: role.into(),
            password: password.to_owned(),
        };
        let reply = UserCommandClient::new(self.grpc()).create_user(request).await;
        let reply = reply.map_err(|status| Failure::from(&status))?.into_inner();
        Ok(reply.user.unwrap_or_default().id)
    }

    /// A metric of the process by its name and labels as `/metrics` writes them; 0 when it is not there.
    pub async fn metric(&self, name: &str) -> f64 {
        let metrics = self.anonymous().get("/metrics").await.ok(200);
        let line = metrics
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// A consistency token of all that is committed now.
    pub async fn everything(&self) -> String {
        let heads: Vec<(i32, i64)> = sqlx::query_as("SELECT lane, head FROM lanes WHERE head > 0 ORDER BY lane")
            .fetch_all(&self.pool())
            .await
            .expect("the lanes can be read");
        heads
            .iter()
            .map(|(lane, head)| format!("{lane}.{head}"))
            .collect::<Vec<_>>()
            .join("-")
    }

    /// Ends the system in good order and keeps its database.
    pub async fn shut_down(mut self) -> Arc<Database> {
        if let Some(running) = self.running.take() {
            running
                .shutdown()
                .await
                .unwrap_or_else(|error| panic!("the system does not end: {error:?}"));
        }
        Arc::clone(&self.database)
    }
}
