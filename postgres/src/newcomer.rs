//! What a new connection meets. The connections that a process has may go on for long after no new one works.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// Connects anew, has PostgreSQL load the language of the database's functions, and returns the server's version.
pub async fn newcomer(options: &PgConnectOptions) -> Result<String, sqlx::Error> {
    let options = options
        .clone()
        .application_name("tillroll health")
        .disable_statement_logging();
    let mut connection = PgConnection::connect_with(&options).await?;
    connection.execute("DO 'BEGIN END'").await?;
    let version = sqlx::query_scalar("SHOW server_version")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(version)
}

/// What to do when the error says that the server cannot load its own libraries, as after its programs were replaced under it.
#[must_use]
pub fn unloadable(error: &sqlx::Error) -> Option<String> {
    let message = error.as_database_error()?.message();
    let library =
        message.contains("load library") || message.contains("incompatible library") || message.contains("access file");
    library.then(|| {
        format!(
            "new connections to PostgreSQL fail ({message}): its programs were replaced or removed while it runs; restart the PostgreSQL server"
        )
    })
}
