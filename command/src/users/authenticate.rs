//! Whose password is it? Whoever knows it gets a session.

use domain::{
    EmailAddress, SessionId, UserId,
    email::EmailClaim,
    login::{LoginCommand, Logins as Day},
    session::{Session, SessionCommand},
    user::User,
};
use proto::{
    failure::{Failure, FailureKind},
    v1::{AuthenticateReply, AuthenticateRequest, CommandContext},
};

use super::{
    logins::{ACTOR, Account},
    password::Passwords,
    refresh_token::hash,
    resources::Resources,
    sessions,
    throttle::too_soon,
    view,
};
use crate::{context::Context, failure};

pub(super) async fn authenticate(
    users: &Resources,
    request: AuthenticateRequest,
) -> Result<AuthenticateReply, Failure> {
    let context = CommandContext {
        actor: ACTOR.to_owned(),
        idempotency_key: String::new(),
        ..request.context.unwrap_or_default()
    };
    let (mut context, ()) = Context::accept(&users.core, "log_in", Some(context), |_| Some(()))?;
    // A text that is no address has no account; it is told and timed like any other without one.
    let email = EmailAddress::new(&request.email);
    let address = email.as_ref().map_or(&*request.email, EmailAddress::as_str).to_owned();
    let hash_of_address = users.logins.hash(&address);
    let owner = match email {
        Ok(email) => {
            let claim = users.core.load::<EmailClaim>(&email.stream_id()).await?;
            claim.aggregate.owner()
        }
        Err(_) => None,
    };
    let id = owner.map(|user_id| user_id.to_string()).unwrap_or_default();
    let password_hash = users.credentials.password_hash(&id).await;
    let password_hash = password_hash.map_err(|error| failure::of_database(&error))?;
    let account = owner.map_or(Account::Unknown(hash_of_address), Account::Known);
    let password = request.password;
    let admitted = users
        .throttle
        .admit(&address, &id, context.client_ip(), context.now)
        .await;
    let attempt = match admitted.map_err(|error| failure::of_database(&error))? {
        Ok(attempt) => attempt,
        Err(wait) => {
            users.logins.failed(context, account);
            return Err(too_soon(wait));
        }
    };
    if !users.passwords.verify(&password, password_hash.as_deref()).await? {
        users.logins.failed(context, account);
        return Err(wrong());
    }
    let Some(user_id) = owner else {
        return Err(failure::internal("a password was right and nobody's", &id));
    };
    let taken_back = users.throttle.was_right(attempt).await;
    taken_back.map_err(|error| failure::of_database(&error))?;
    let of_nobody = context.clone();
    context.metadata.actor = id;
    match open(users, &context, user_id).await {
        Ok(reply) => {
            if let Some(former) = password_hash.filter(|hash| Passwords::is_outdated(hash)) {
                rehash(users, &context.metadata.actor, &former, password).await;
            }
            Ok(reply)
        }
        Err(failure) => {
            if failure.kind() == FailureKind::Unauthenticated {
                users.logins.failed(of_nobody, account);
            }
            Err(failure)
        }
    }
}

/// Puts a hash of today's costs in the place of one with lower ones, as long as the password is at hand. Who is in stays in if that fails.
async fn rehash(users: &Resources, user_id: &str, former: &str, password: String) {
    let Ok(hash) = users.passwords.hash(password).await else {
        return;
    };
    if let Err(error) = users.credentials.rehash(user_id, former, &hash).await {
        tracing::warn!(user_id, %error, "a password keeps its hash with lower costs");
    }
}

/// Opens a session for somebody who is who they say, unless they were shut out. That it was opened and that they logged in is one commit.
async fn open(users: &Resources, context: &Context, user_id: UserId) -> Result<AuthenticateReply, Failure> {
    let session_id = SessionId::new(users.core.mint(context.now));
    let (user, session, day) = (
        user_id.to_string(),
        session_id.to_string(),
        Day::stream_id(context.now.date_naive()),
    );
    let plan = context
        .plan()
        .guard::<User>(user.as_str())
        .create::<Session>(session.as_str())
        .write::<Day>(day.as_str());
    let (stream, of_user) = (session.clone(), user.clone());
    users
        .core
        .commit(plan, move |transaction| {
            let state = transaction.state::<User>(&of_user);
            if state.account().is_none() || state.is_disabled() {
                return Err(wrong());
            }
            let open = SessionCommand::Open { user_id };
            let opened = transaction.state::<Session>(&stream).decide(&open);
            let opened = opened.map_err(sessions::refused)?;
            let Ok(recorded) = transaction
                .state::<Day>(&day)
                .decide(&LoginCommand::RecordLogIn { user_id });
            transaction.append::<Session>(&stream, opened);
            transaction.append::<Day>(&day, recorded);
            Ok::<_, Failure>(())
        })
        .await?;
    let request_id = &context.metadata.request_id;
    tracing::info!(%user_id, %session_id, request_id, "logged in");
    let refresh_token = users.refresh_key.token(session_id, 0);
    let begun = users.rows.begin(session_id, &hash(&refresh_token)).await;
    begun.map_err(|error| failure::of_database(&error))?;
    let loaded = users.core.load::<User>(&user).await?;
    let Some(account) = loaded.aggregate.account() else {
        return Err(failure::internal("a user with a session is not there", &user));
    };
    Ok(AuthenticateReply {
        user: Some(view::message(account, loaded.version)),
        session_id: session,
        refresh_token,
    })
}

fn wrong() -> Failure {
    Failure::new(
        FailureKind::Unauthenticated,
        "invalid_credentials",
        "the e-mail address or the password is wrong",
    )
}
