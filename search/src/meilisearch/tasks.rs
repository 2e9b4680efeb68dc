//! Writes are queued by the server; they are done when their task is.

use std::time::Duration;

use meilisearch_sdk::client::Client;
use meilisearch_sdk::errors::{Error as SdkError, ErrorCode, ErrorType, MeilisearchError};
use meilisearch_sdk::task_info::TaskInfo;
use meilisearch_sdk::tasks::Task;
use tokio::time::{Instant, sleep};

use super::client::Http;
use crate::Error;

/// The longest that a task may take.
const DONE: Duration = Duration::from_mins(10);
/// The first and the longest pause between two looks at a task.
const SHORTEST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(250);

/// Waits until a task has succeeded.
pub(super) async fn done(client: &Client<Http>, index: &str, what: &str, task: &TaskInfo) -> Result<(), Error> {
    let begin = Instant::now();
    let mut pause = SHORTEST;
    loop {
        let task = client
            .get_task(task)
            .await
            .map_err(|error| failed(index, what, error))?;
        match task {
            Task::Succeeded { .. } => return Ok(()),
            Task::Failed { content } => return Err(refused(index, what, content.error)),
            Task::Enqueued { .. } | Task::Processing { .. } if begin.elapsed() > DONE => {
                return Err(Error::Unavailable {
                    what: format!("{what}: still not done after {} s", DONE.as_secs()),
                    source: None,
                });
            }
            Task::Enqueued { .. } | Task::Processing { .. } => {
                sleep(pause).await;
                pause = (pause * 3 / 2).min(LONGEST);
            }
        }
    }
}

/// An error of the SDK as one of the port.
pub(super) fn failed(index: &str, what: &str, error: SdkError) -> Error {
    match error {
        SdkError::Meilisearch(error) => refused(index, what, error),
        other => Error::unavailable(what, other),
    }
}

fn refused(index: &str, what: &str, error: MeilisearchError) -> Error {
    if error.error_code == ErrorCode::IndexNotFound {
        return Error::NoIndex(index.to_owned());
    }
    if error.error_type == ErrorType::InvalidRequest {
        return Error::Rejected(format!("{what}: {}", error.error_message));
    }
    Error::unavailable(what, error)
}
