//! What operators did, as events: who, when and why is in the audit like everything else.

use domain::process::{Process, ProcessCommand, ProcessError};
use domain::projection::{ReadModel, ReadModelCommand, ReadModelError};
use eventstore::{Plan, Store, TransactError};
use projections::ParkedId;
use proto::failure::{Failure, FailureKind};

/// Puts a command on record; a skip once, however often it is asked for. Answers with the consistency token.
pub(super) async fn record(
    store: &Store,
    plan: Plan,
    id: &ParkedId,
    command: ReadModelCommand,
) -> Result<String, Failure> {
    let stream = ReadModel::stream_id(&id.projection);
    let plan = plan.write::<ReadModel>(stream.as_str());
    let committed = store
        .transact(plan, move |transaction| {
            let events = transaction.state::<ReadModel>(&stream).decide(&command)?;
            transaction.append::<ReadModel>(&stream, events);
            Ok::<(), ReadModelError>(())
        })
        .await;
    match committed {
        Ok(committed) => Ok(committed.token().to_string()),
        Err(error) => Err(failure(&error, "it is done, but not on record yet; send it again")),
    }
}

/// Puts a command about the process `name` on record, before it is done. Answers with the consistency token.
pub(super) async fn record_effect(
    store: &Store,
    plan: Plan,
    name: &str,
    command: ProcessCommand,
) -> Result<String, Failure> {
    let stream = Process::stream_id(name);
    let plan = plan.write::<Process>(stream.as_str());
    let committed = store
        .transact(plan, move |transaction| {
            let events = transaction.state::<Process>(&stream).decide(&command)?;
            transaction.append::<Process>(&stream, events);
            Ok::<(), ProcessError>(())
        })
        .await;
    match committed {
        Ok(committed) => Ok(committed.token().to_string()),
        Err(error) => Err(failure(&error, "nothing was done; send it again")),
    }
}

/// `unrecorded` says how things stand when the log cannot be written now.
fn failure<E>(error: &TransactError<E>, unrecorded: &'static str) -> Failure {
    let (kind, code, message) = match error {
        TransactError::Overloaded { .. } | TransactError::Conflict => {
            (FailureKind::Overloaded, "overloaded", unrecorded)
        }
        TransactError::Unavailable(_) | TransactError::Closed => (FailureKind::Unavailable, "unavailable", unrecorded),
        TransactError::VersionMismatch { .. }
        | TransactError::KeyReused
        | TransactError::Plan(_)
        | TransactError::Invalid(_)
        | TransactError::Rejected(_)
        | TransactError::Store(_) => (
            FailureKind::Internal,
            "internal",
            "the request failed inside the system",
        ),
    };
    if kind == FailureKind::Internal {
        tracing::error!("what an operator did could not be put on record");
    }
    Failure::new(kind, code, message).with_retry_after(std::time::Duration::from_secs(1))
}
