//! A command's use of the database, beside a server or alone.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::compose::{self, Database};
use crate::config::Config;
use crate::lifecycle::Lifecycle;

/// Runs `work` with the database, whose schema is that of this program by then, and leaves the database in order, also when `work` fails or is interrupted. `work`
/// watches the token, which is cancelled at the first SIGINT or SIGTERM; at the second one it is dropped.
pub(super) async fn with_database<T, F>(config: &Config, work: impl FnOnce(Work) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let lifecycle = Lifecycle::new();
    let _signals = lifecycle.on_signals()?;
    let database = std::sync::Arc::new(Database::attach(config).await?);
    let stop = lifecycle.soft().clone();
    let working = async {
        compose::bring_up(&database).await?;
        work(Work {
            database: database.clone(),
            stop,
        })
        .await
    };
    let result = tokio::select! {
        result = working => result,
        () = lifecycle.hard().cancelled() => Err(anyhow::anyhow!("interrupted")),
    };
    if let Some(database) = std::sync::Arc::into_inner(database) {
        let closed = database.close(lifecycle.hard()).await;
        if result.is_ok() {
            closed?;
        }
    }
    result
}

/// What a command works with.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// The database.
    pub(super) database: std::sync::Arc<Database>,
    /// Cancelled when the command is to end early.
    pub(super) stop: CancellationToken,
}
