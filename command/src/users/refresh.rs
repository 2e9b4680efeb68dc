//! Going on with a session.

use domain::{session::SessionCommand, user::User};
use proto::{
    failure::{Failure, FailureKind},
    v1::{AuthenticateReply, CommandContext, RefreshSessionRequest},
};

use super::{
    logins::ACTOR,
    refresh_token::{Presented, hash},
    resources::Resources,
    rows::{Other, Present},
    sessions, view,
};
use crate::{context::Context, failure};

pub(super) async fn refresh_session(
    users: &Resources,
    request: RefreshSessionRequest,
) -> Result<AuthenticateReply, Failure> {
    let context = CommandContext {
        actor: ACTOR.to_owned(),
        idempotency_key: String::new(),
        ..request.context.unwrap_or_default()
    };
    let (context, ()) = Context::accept(&users.core, "refresh_session", Some(context), |_| Some(()))?;
    let presented = Presented::parse(&request.refresh_token).ok_or_else(invalid)?;
    let counter = presented.counter.checked_add(1).ok_or_else(invalid)?;
    let successor = users.refresh_key.token(presented.session, counter);
    let successor_hash = hash(&successor);
    let rotated = users
        .rows
        .rotate(
            presented.session,
            &presented.hash,
            (counter, &successor_hash),
            context.now,
            context.client_ip(),
        )
        .await
        .map_err(|error| failure::of_database(&error))?;
    let Present { user_id, counter } = match rotated {
        Some(present) => present,
        None => again(users, &context, &presented).await?,
    };
    let user = users.core.load::<User>(&user_id).await?;
    let account = user.aggregate.account().ok_or_else(over)?;
    Ok(AuthenticateReply {
        user: Some(view::message(account, user.version)),
        session_id: presented.session.to_string(),
        refresh_token: users.refresh_key.token(presented.session, counter),
    })
}

/// What becomes of a token that is not the present one: its successor again, if it was replaced just now; the end of the session, if it
/// was ever one of its tokens.
async fn again(users: &Resources, context: &Context, presented: &Presented) -> Result<Present, Failure> {
    let other = users.rows.other(presented.session, &presented.hash, context.now).await;
    let Some(other) = other.map_err(|error| failure::of_database(&error))? else {
        return Err(invalid());
    };
    let Other { user_id, counter, .. } = other;
    let is_successor = || {
        let present = users.refresh_key.token(presented.session, counter);
        other.hash.as_ref() == Some(&hash(&present))
    };
    let is_own = other.in_grace || other.hash.as_ref() == Some(&presented.hash) || users.refresh_key.made(presented);
    if !is_own {
        return Err(invalid());
    }
    if !other.alive {
        return Err(over());
    }
    if other.in_grace && is_successor() {
        return Ok(Present { user_id, counter });
    }
    tracing::warn!(
        session_id = %presented.session,
        user_id,
        request_id = context.metadata.request_id,
        "a refresh token was used again; its session ends"
    );
    sessions::end(users, context.plan(), presented.session, SessionCommand::ReportReuse).await?;
    Err(over())
}

fn invalid() -> Failure {
    Failure::new(
        FailureKind::Unauthenticated,
        "invalid_refresh_token",
        "the refresh token is not one of ours; log in again",
    )
}

pub(super) fn over() -> Failure {
    Failure::new(
        FailureKind::Unauthenticated,
        "session_ended",
        "the session has ended; log in again",
    )
}
