//! Poolers between this process and PostgreSQL, such as `PgBouncer`.

use std::time::Duration;

use anyhow::{Context as _, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::room::COMMAND_LINE;

/// A pooler that has a session to give does so at once.
const GIVEN_WITHIN: Duration = Duration::from_secs(10);
/// Other clients of the pooler may blur a look.
const LOOKS: u32 = 5;

/// Whether there is a pooler; fails when it is one that cannot be worked with.
pub(super) async fn check(options: &PgConnectOptions) -> anyhow::Result<bool> {
    let options = options.clone().disable_statement_logging();
    let looking = async {
        if !is_there(&options).await? {
            return Ok(false);
        }
        if shares_sessions(&options).await? {
            bail!(
                "it is behind a pooler that gives every transaction another session, as PgBouncer does with pool_mode = transaction: set \
                 pool_mode = session for this database, or name PostgreSQL itself"
            );
        }
        Ok(true)
    };
    timeout(GIVEN_WITHIN, looking).await.context(
        "it is behind a pooler that gives no session: raise default_pool_size of PgBouncer, and max_db_connections if that is set",
    )?
}

/// Whether what a connection asks for at its start does not reach PostgreSQL: a pooler refuses it, or forgets it.
async fn is_there(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    const ASKED: &str = "86399999";
    let asking = options.clone().options([("statement_timeout", ASKED)]);
    let mut connection = match PgConnection::connect_with(&asking).await {
        Ok(connection) => connection,
        Err(sqlx::Error::Database(refusal)) if refusal.message().contains("startup parameter") => return Ok(true),
        Err(error) => return Err(error),
    };
    let told: String = connection
        .fetch_one("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")
        .await?
        .try_get(0)?;
    connection.close().await?;
    Ok(told != ASKED)
}

/// Whether the sessions behind a connection change from one transaction to the next. Prepared statements, time limits and the promise that
/// a commit is on disk belong to a session: they would be lost, or another client's.
async fn shares_sessions(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let mut one = PgConnection::connect_with(options).await?;
    let mut other = PgConnection::connect_with(options).await?;
    let mut shared = false;
    for _ in 0..LOOKS {
        let first = session(&mut one).await?;
        other.execute("BEGIN").await?;
        let second = session(&mut other).await?;
        // Free again after its transaction, the first one's session is the next to be given out, or it is not given to the first one again.
        shared |= first == second || session(&mut one).await? != first;
        other.execute("ROLLBACK").await?;
    }
    one.close().await?;
    other.close().await?;
    Ok(shared)
}

/// The number of the process that serves the connection, asked without preparing a statement.
async fn session(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    connection.fetch_one("SELECT pg_backend_pid()").await?.try_get(0)
}

/// Fails when the pooler does not give as many sessions as `needed`, of which `open` are there: requests would wait for minutes.
pub(super) async fn has_room(options: &PgConnectOptions, needed: u32, open: u32) -> anyhow::Result<()> {
    let options = options.clone().disable_statement_logging();
    let mut opening = JoinSet::new();
    for _ in open..needed + COMMAND_LINE {
        let options = options.clone();
        opening.spawn(async move {
            let mut connection = PgConnection::connect_with(&options).await?;
            session(&mut connection).await.map(|_| connection)
        });
    }
    let mut given = Vec::new();
    let all = async {
        while let Some(opened) = opening.join_next().await {
            given.push(opened??);
        }
        anyhow::Ok(())
    };
    let missing = match timeout(GIVEN_WITHIN, all).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!(" ({error})")),
        Err(_) => Some(String::new()),
    };
    let there = given.len() + usize::try_from(open)?;
    for connection in given {
        connection.close().await?;
    }
    if let Some(reason) = missing {
        bail!(
            "the pooler in front of the database (DATABASE_URL) gives {there} sessions{reason}, and this process needs up to {needed} beside {COMMAND_LINE} \
             for commands: raise default_pool_size of PgBouncer, and max_db_connections and PostgreSQL's max_connections if they are lower"
        );
    }
    Ok(())
}
