//! The sessions of a user: seeing and ending them.

use domain::{
    SessionId, UserId,
    session::{EndReason, Session, SessionCommand, SessionError},
};
use eventstore::{Committed, Plan, Positions};
use proto::{
    failure::{Failure, FailureKind},
    v1::{self, EndSessionRequest, ListSessionsReply, ListSessionsRequest, LogOutEverywhereRequest, SessionsEnded},
};

use super::resources::Resources;
use crate::{context::Context, failure, reply};

/// Sessions that are ended in one commit.
const AT_ONCE: i64 = 100;

pub(super) async fn list(users: &Resources, request: ListSessionsRequest) -> Result<ListSessionsReply, Failure> {
    let sessions = users.rows.of_user(&request.user_id, users.core.now()).await;
    let sessions = sessions.map_err(|error| failure::of_database(&error))?;
    Ok(ListSessionsReply { sessions })
}

/// Ends one session of the actor.
pub(super) async fn end_own(
    users: &Resources,
    command: &'static str,
    request: EndSessionRequest,
    reason: EndReason,
) -> Result<SessionsEnded, Failure> {
    let (context, session) = Context::accept(&users.core, command, request.context, |fields| {
        fields.check("session_id", request.session_id.parse::<SessionId>())
    })?;
    // Whose it is never changes, so it may be looked up before. Of others' sessions nobody is told that they are there.
    let found = users.core.load::<Session>(&session.to_string()).await?;
    let owner = found.aggregate.user_id();
    if owner.is_none_or(|user| user.to_string() != context.metadata.actor) {
        return Err(refused(SessionError::NotFound));
    }
    let committed = end(users, context.plan(), session, SessionCommand::End { reason }).await?;
    Ok(SessionsEnded {
        committed: Some(reply::committed(&committed, 0)),
    })
}

pub(super) async fn log_out_everywhere(
    users: &Resources,
    request: LogOutEverywhereRequest,
) -> Result<SessionsEnded, Failure> {
    let (context, user_id) = Context::accept_own(&users.core, "log_out_everywhere", request.context)?;
    let positions = end_all(users, &context, user_id, "", EndReason::LoggedOutEverywhere).await?;
    Ok(SessionsEnded {
        committed: Some(v1::Committed {
            consistency_token: positions.to_string(),
            ..v1::Committed::default()
        }),
    })
}

/// Ends every session of a user but for one, which may be none. Those that are opened meanwhile may stay.
pub(super) async fn end_all(
    users: &Resources,
    context: &Context,
    user_id: UserId,
    except: &str,
    reason: EndReason,
) -> Result<Positions, Failure> {
    let mut positions = Positions::new();
    loop {
        let alive = users.rows.alive(&user_id.to_string(), except, AT_ONCE).await;
        let alive = alive.map_err(|error| failure::of_database(&error))?;
        if alive.is_empty() {
            return Ok(positions);
        }
        let plan = context.plan_at(context.now);
        let plan = alive.iter().fold(plan, |plan, id| plan.write::<Session>(id.as_str()));
        let committed = users
            .core
            .commit(plan, move |transaction| {
                for id in &alive {
                    let ended = transaction.state::<Session>(id).decide(&SessionCommand::End { reason });
                    transaction.append::<Session>(id, ended.map_err(refused)?);
                }
                Ok::<_, Failure>(())
            })
            .await?;
        positions.merge(&committed.token());
    }
}

/// Has a session decide on a command that ends it.
pub(super) async fn end(
    users: &Resources,
    plan: Plan,
    session: SessionId,
    command: SessionCommand,
) -> Result<Committed<()>, Failure> {
    let stream = session.to_string();
    users
        .core
        .commit(plan.write::<Session>(stream.as_str()), move |transaction| {
            let ended = transaction.state::<Session>(&stream).decide(&command);
            transaction.append::<Session>(&stream, ended.map_err(refused)?);
            Ok::<_, Failure>(())
        })
        .await
}

pub(super) fn refused(error: SessionError) -> Failure {
    match error {
        SessionError::NotFound => Failure::new(FailureKind::NotFound, "session_not_found", "there is no such session"),
        SessionError::AlreadyOpen => failure::internal("a fresh session id was in use", &error),
    }
}
