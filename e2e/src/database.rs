//! A database for one test.

use std::thread;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};
use url::Url;
use uuid::Uuid;

use crate::wait::{PATIENCE, wait_until};

/// An empty database on the server that `DATABASE_URL` names; dropped with this value, even if clients are still connected.
#[derive(Debug)]
pub struct Database {
    server: Url,
    name: String,
}

impl Database {
    /// Makes it.
    pub async fn create() -> Database {
        #[expect(clippy::disallowed_methods, reason = "tests are configured by nothing else")]
        let server = std::env::var("DATABASE_URL")
            .expect("DATABASE_URL names no server: run the tests with `make test` or `scripts/test-postgres COMMAND`");
        let server: Url = server.parse().expect("DATABASE_URL is a URL");
        Self::make(server, "").await
    }

    /// Makes one with the same in it. Nobody else may be connected to this one.
    pub async fn copy(&self) -> Database {
        Self::make(self.server.clone(), &format!("TEMPLATE {}", self.name)).await
    }

    async fn make(server: Url, options: &str) -> Database {
        #[expect(clippy::disallowed_methods, reason = "a name that no other test process has")]
        let name = format!("e2e_{}", Uuid::new_v4().simple());
        let database = Database { server, name };
        database
            .on_server(format!("CREATE DATABASE {} {options}", database.name))
            .await
            .expect("the database can be made");
        database
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.into()
    }

    /// What it is called on its server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection pool of the test's own.
    #[must_use]
    pub fn pool(&self) -> PgPool {
        PgPool::connect_lazy(&self.url()).expect("the URL is one of PostgreSQL")
    }

    /// Makes a copy of it. Connections are cut, and none is let in until the copy is made.
    pub async fn backup(&self) -> Database {
        let backup = Database {
            server: self.server.clone(),
            #[expect(clippy::disallowed_methods, reason = "a name that no other test process has")]
            name: format!("e2e_{}", Uuid::new_v4().simple()),
        };
        self.alone(&format!("CREATE DATABASE {} TEMPLATE {}", backup.name, self.name))
            .await;
        backup
    }

    /// Puts a backup in the place of this one, under everybody who uses it.
    pub async fn restore(&self, backup: Database) {
        self.alone(&format!("DROP DATABASE {}", self.name)).await;
        self.on_server(format!("ALTER DATABASE {} RENAME TO {}", backup.name, self.name))
            .await
            .expect("nobody uses a backup");
    }

    /// Runs a statement on the server that needs nobody to be connected to this database, and lets people in again.
    async fn alone(&self, statement: &str) {
        let let_in = async |may: bool| {
            let statement = format!(
                "UPDATE pg_database SET datallowconn = {may} WHERE datname = '{}'",
                self.name
            );
            self.on_server(statement).await.expect("the server answers");
        };
        let_in(false).await;
        // A connection that is cut takes a moment to go.
        wait_until(statement, PATIENCE, async || {
            self.cut_connections().await;
            self.on_server(statement.to_owned()).await.ok()
        })
        .await;
        let_in(true).await;
    }

    /// Cuts every connection to the database, and returns how many there were.
    pub async fn cut_connections(&self) -> usize {
        let mut connection = self.connect_to_server().await.expect("the server answers");
        let cut =
            sqlx::query_scalar::<_, bool>("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
                .bind(&self.name)
                .fetch_all(&mut connection)
                .await
                .expect("connections can be cut");
        cut.len()
    }

    async fn connect_to_server(&self) -> sqlx::Result<PgConnection> {
        let options: PgConnectOptions = self.server.as_str().parse()?;
        options.disable_statement_logging().connect().await
    }

    async fn on_server(&self, statement: String) -> sqlx::Result<()> {
        let mut connection = self.connect_to_server().await?;
        sqlx::raw_sql(&statement).execute(&mut connection).await?;
        connection.close().await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // On a thread of its own: a destructor may run inside the runtime, also while the test panics.
        let dropped = thread::scope(|scope| {
            let work = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(self.on_server(statement))
            };
            scope.spawn(work).join()
        });
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("the database {} stays behind: {dropped:?}", self.name);
        }
    }
}
