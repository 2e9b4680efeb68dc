//! The package manager has replaced PostgreSQL's programs under the running server.
//!
//! The server goes on with the old ones, but what it has not loaded yet it may find missing or not fitting. So it is started anew from the
//! new ones: as soon as they are complete, and when nobody is in the middle of something. If new connections fail already, nobody is waited for.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

use super::connection::{DATABASE, connect_options};
use super::newcomer::{newcomer, unloadable};
use super::supervisor::{Plan, Supervisor};
use super::{programs, usage};

/// A server that takes longer to answer is not asked.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

impl Supervisor {
    /// Starts the server anew if this is the moment; false: it did not come back.
    pub(super) async fn update(&mut self) -> bool {
        let options = connect_options(self.postmaster.socket_folder(), DATABASE);
        let broken = match timeout(ANSWERS_WITHIN, newcomer(&options)).await {
            Ok(Err(error)) => unloadable(&error),
            _ => None,
        };
        // A process that starts or stops the server is about to run the new programs, or none.
        let Ok(Some(change)) = usage::try_lock_changes(&self.cluster.folder) else {
            return true;
        };
        let in_use = broken.is_none()
            && (self.others.there_are(&change).unwrap_or(true)
                || !matches!(timeout(ANSWERS_WITHIN, is_idle(&options)).await, Ok(Ok(true))));
        if in_use {
            return self.wait("it is restarted as soon as nobody is using it").await;
        }
        if let Err(error) =
            programs::rehearse(&self.cluster.folder, &self.cluster.installation, &self.cluster.account).await
        {
            let reason = match &broken {
                Some(broken) => format!("{broken}; the installed programs do not work ({error})"),
                None => format!("it is not restarted, since the installed programs do not work: {error}"),
            };
            return self.wait(&reason).await;
        }
        let installed = programs::version(&self.cluster.installation).await.unwrap_or_default();
        tracing::warn!(
            installed,
            broken,
            "PostgreSQL's programs were replaced on disk; restarting it"
        );
        self.stop(Plan::Stop).await;
        self.start_again().await
    }

    /// Reports once what the restart waits for.
    async fn wait(&self, what: &str) -> bool {
        let installed = programs::version(&self.cluster.installation).await;
        let installed = installed.unwrap_or_else(|| "another version".to_owned());
        let notice =
            format!("PostgreSQL's programs were replaced on disk by {installed} and the old ones still run: {what}");
        self.notices.send_if_modified(|reported| {
            let news = reported.as_ref() != Some(&notice);
            if news {
                tracing::warn!("{notice}");
                *reported = Some(notice);
            }
            news
        });
        true
    }
}

/// Whether no statement or transaction of anybody is under way.
async fn is_idle(options: &sqlx::postgres::PgConnectOptions) -> Result<bool, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    let idle = sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle')",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(idle)
}
