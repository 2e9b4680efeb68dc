//! `ProjectionOperations` and `ProcessOperations`: what operators do to read models and processes, as gRPC services.
//!
//! They live here because `projections` and `processes` know no protocol and the protocol's other users know no read model: only the composition
//! may see both. Processes with the role `command` serve it, since what operators do becomes events.

mod books;
mod dead_letters;
mod list;
mod record;
mod settle;

use chrono::{DateTime, Utc};
use domain::{Reason, ValueError};
use eventstore::{Metadata, Plan, Store};
use proto::failure::{Failure, FailureKind};
use proto::v1;
use proto::v1::process_operations_server::ProcessOperationsServer;
use proto::v1::projection_operations_server::{ProjectionOperations, ProjectionOperationsServer};
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::world::World;

/// Longest actor or request id, in bytes.
const MAX_NAME: usize = 200;
/// Longest user agent, in bytes.
const MAX_AGENT: usize = 2_000;

/// How the read models stand, and what to do about parked events. Cheap to clone.
#[derive(Clone)]
pub struct Operations {
    pool: PgPool,
    store: Store,
    world: World,
}

impl Operations {
    /// On the read models behind `pool` and the log of `store`.
    #[must_use]
    pub fn new(pool: PgPool, store: Store, world: World) -> Operations {
        Operations { pool, store, world }
    }

    /// The gRPC server for dead letters of processes.
    #[must_use]
    pub fn process_server(&self) -> ProcessOperationsServer<Operations> {
        ProcessOperationsServer::new(self.clone())
    }

    /// The gRPC server for read models.
    #[must_use]
    pub fn server(&self) -> ProjectionOperationsServer<Operations> {
        ProjectionOperationsServer::new(self.clone())
    }

    /// The plan of a command of this name: who asks, from where and why goes with its events.
    fn plan(&self, command: &str, context: Option<v1::CommandContext>) -> Result<(String, Plan), Failure> {
        let context = context.unwrap_or_default();
        for (field, text, longest) in [
            ("context.actor", &context.actor, MAX_NAME),
            ("context.request_id", &context.request_id, MAX_NAME),
            ("context.client_ip", &context.client_ip, MAX_NAME),
            ("context.channel", &context.channel, MAX_NAME),
            ("context.user_agent", &context.user_agent, MAX_AGENT),
        ] {
            if text.len() > longest || text.contains(char::is_control) {
                let message = format!("at most {longest} bytes without control characters");
                return Err(Failure::invalid(field, "invalid_format", message));
            }
        }
        if context.actor.is_empty() {
            return Err(Failure::invalid("context.actor", "required", "who asks is required"));
        }
        let reason = Reason::optional(&context.reason).map_err(|error| invalid("context.reason", &error))?;
        let actor = context.actor.clone();
        let plan = Plan::new(Metadata {
            actor: context.actor,
            correlation_id: Uuid::try_parse(&context.correlation_id).unwrap_or_else(|_| (self.world.ids)()),
            causation_id: Uuid::try_parse(&context.causation_id).ok(),
            request_id: context.request_id,
        });
        let plan = [
            ("command_id", (self.world.ids)().to_string()),
            ("command", command.to_owned()),
            ("client_ip", context.client_ip),
            ("user_agent", context.user_agent),
            ("channel", context.channel),
            ("reason", reason.map(String::from).unwrap_or_default()),
        ]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .fold(plan, |plan, (name, text)| plan.annotation(name, text));
        Ok((actor, plan))
    }
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Operations").finish_non_exhaustive()
    }
}

#[tonic::async_trait]
impl ProjectionOperations for Operations {
    async fn list_projections(
        &self,
        _: Request<v1::ListProjectionsRequest>,
    ) -> Result<Response<v1::ListProjectionsReply>, Status> {
        Ok(Response::new(list::projections(&self.pool).await?))
    }

    async fn get_books(&self, _: Request<v1::GetBooksRequest>) -> Result<Response<v1::GetBooksReply>, Status> {
        Ok(Response::new(books::standing(&self.pool).await?))
    }

    async fn list_parked(
        &self,
        request: Request<v1::ListParkedRequest>,
    ) -> Result<Response<v1::ListParkedReply>, Status> {
        Ok(Response::new(list::parked(&self.pool, request.into_inner()).await?))
    }

    async fn retry_parked(
        &self,
        request: Request<v1::RetryParkedRequest>,
    ) -> Result<Response<v1::RetryParkedReply>, Status> {
        Ok(Response::new(settle::retry(self, request.into_inner()).await?))
    }

    async fn skip_parked(
        &self,
        request: Request<v1::SkipParkedRequest>,
    ) -> Result<Response<v1::SkipParkedReply>, Status> {
        Ok(Response::new(settle::skip(self, request.into_inner()).await?))
    }
}

fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

fn invalid(field: &str, error: &ValueError) -> Failure {
    Failure::invalid(field, error.code().as_str(), error.message())
}

fn not_parked() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "parked_event_not_found",
        "no such event is parked",
    )
}

fn failure(error: projections::Error) -> Failure {
    use projections::Error;
    match error {
        Error::NotParked { .. } | Error::Unknown { .. } => not_parked(),
        Error::Waits { .. } => Failure::new(
            FailureKind::Conflict,
            "parked_event_waits",
            "the event waits behind an earlier one of its stream; retry or skip that one",
        ),
        Error::OtherCode { .. } | Error::NotInstalled { .. } | Error::Building { .. } => Failure::new(
            FailureKind::Conflict,
            "projection_needs_rebuild",
            "the read model's tables are those of another version of the code; rebuild it, which tries all events again",
        ),
        Error::Database(error) => of_database(&error),
        Error::Log(eventstore::Error::Database(error)) => of_database(&error),
        error @ (Error::Log(_) | Error::Differs { .. }) => {
            tracing::error!(%error, "a parked event was not settled");
            internal()
        }
    }
}

fn internal() -> Failure {
    Failure::new(
        FailureKind::Internal,
        "internal",
        "the request failed inside the system",
    )
}

fn of_database(error: &sqlx::Error) -> Failure {
    let passing = match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "40", "53", "55", "57"]
                .iter()
                .any(|class| code.starts_with(class))
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    };
    if passing {
        tracing::warn!(%error, "the read models' database does not answer");
        Failure::new(
            FailureKind::Unavailable,
            "unavailable",
            "a part of the system does not answer; try again shortly",
        )
        .with_retry_after(std::time::Duration::from_secs(1))
    } else {
        tracing::error!(%error, "the read models' database failed");
        internal()
    }
}
