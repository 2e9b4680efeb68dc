//! Calls to the services, each with a deadline.

use std::time::Duration;

use proto::failure::{Failure, FailureKind};
use tonic::{Request, Response, Status};

/// How long a service may take. A little less than the whole request may, so that its answer still gets out.
pub(crate) const CALL: Duration = Duration::from_millis(9_500);
/// How long a report may take.
pub(crate) const REPORT_CALL: Duration = Duration::from_millis(59_500);

/// A request with the time after which nobody waits for its answer (`grpc-timeout`).
pub(crate) fn timed<T>(limit: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(limit);
    request
}

/// Waits for an answer, but not longer than `limit`: in process nothing else would enforce it.
///
/// # Errors
/// The failure that the service, or the way to it, answered with.
pub(crate) async fn ask<T>(
    limit: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => {
            let failure = Failure::from(&status);
            if failure.kind() == FailureKind::Internal || failure.kind() == FailureKind::Unavailable {
                tracing::warn!(code = ?status.code(), message = status.message(), "a call to a service failed");
            }
            Err(failure)
        }
        Err(_) => Err(Failure::from(&Status::deadline_exceeded(""))),
    }
}
