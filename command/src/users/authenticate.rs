//! Whose password is it?

use domain::{EmailAddress, email::EmailClaim, user::User};
use proto::{
    failure::{Failure, FailureKind},
    v1::{AuthenticateReply, AuthenticateRequest, CommandContext},
};

use super::{
    logins::{ACTOR, Account},
    resources::Resources,
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
    let hash_of_address = users
        .logins
        .hash(email.as_ref().map_or(&request.email, EmailAddress::as_str));
    let owner = match email {
        Ok(email) => {
            let claim = users.core.load::<EmailClaim>(&email.stream_id()).await?;
            claim.aggregate.owner()
        }
        Err(_) => None,
    };
    let id = owner.map(|user_id| user_id.to_string()).unwrap_or_default();
    let hash = users.credentials.password_hash(&id).await;
    let hash = hash.map_err(|error| failure::of_database(&error))?;
    if !users.passwords.verify(request.password, hash).await? {
        let account = owner.map_or(Account::Unknown(hash_of_address), Account::Known);
        users.logins.failed(context, account);
        return Err(Failure::new(
            FailureKind::Unauthenticated,
            "invalid_credentials",
            "the e-mail address or the password is wrong",
        ));
    }
    let user = users.core.load::<User>(&id).await?;
    let Some(account) = user.aggregate.account() else {
        return Err(failure::internal("a user with credentials is not there", &id));
    };
    context.metadata.actor = id;
    users.logins.succeeded(context, account.user_id).await;
    Ok(AuthenticateReply {
        user: Some(view::message(account, user.version)),
    })
}
