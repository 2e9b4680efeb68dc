//! The border of every call: failure to status, and how often and how long.

use proto::failure::Failure;
use tokio::time::Instant;
use tonic::{Response, Status};

/// Runs one call and counts it.
pub(crate) async fn serve<T>(
    command: &'static str,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<Response<T>, Status> {
    let start = Instant::now();
    let result = call.await;
    metrics::histogram!("tillroll_command_seconds", "command" => command).record(start.elapsed().as_secs_f64());
    match result {
        Ok(reply) => Ok(Response::new(reply)),
        Err(failure) => {
            metrics::counter!("tillroll_command_failures_total", "command" => command, "code" => failure.code.clone())
                .increment(1);
            Err(failure.into())
        }
    }
}
