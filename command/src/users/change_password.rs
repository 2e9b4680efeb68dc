//! Another password, for who knows the present one.

use domain::{
    UserId,
    session::EndReason,
    user::{RegisteredUser, User, UserCommand, UserError},
};
use proto::{
    failure::{Failure, FailureKind},
    v1::{ChangePasswordRequest, SetPasswordRequest, UserReply},
};

use super::{change, logins::Account, password, resources::Resources, sessions, view};
use crate::{context::Context, failure, reply};

pub(super) async fn change_password(users: &Resources, request: ChangePasswordRequest) -> Result<UserReply, Failure> {
    let (context, user_id) = Context::accept_own(&users.core, "change_password", request.context)?;
    let id = user_id.to_string();
    let user = users.core.load::<User>(&id).await?;
    let account = user.aggregate.account();
    let account = account.ok_or_else(|| change::refused(UserError::NotFound))?;
    password::accept(&request.new_password, "new_password", &account.email)?;
    let present = users.credentials.password_hash(&id).await;
    let present = present.map_err(|error| failure::of_database(&error))?;
    if !users
        .passwords
        .verify(&request.current_password, present.as_deref())
        .await?
    {
        users.logins.failed(context, Account::Known(user_id));
        return Err(Failure::new(
            FailureKind::Invalid,
            "validation_failed",
            "the present password is wrong",
        )
        .with_field("current_password", "wrong", "this is not the present password"));
    }
    let except = request.session_id.as_str();
    replace(users, &context, account, request.new_password, except).await
}

pub(super) async fn set_password(users: &Resources, request: SetPasswordRequest) -> Result<UserReply, Failure> {
    let (context, user_id) = Context::accept(&users.core, "set_password", request.context, |fields| {
        fields.check("id", request.id.parse::<UserId>())
    })?;
    let user = users.core.load::<User>(&user_id.to_string()).await?;
    let account = user.aggregate.account();
    let account = account.ok_or_else(|| change::refused(UserError::NotFound))?;
    password::accept(&request.password, "password", &account.email)?;
    replace(users, &context, account, request.password, "").await
}

/// Stores another password, puts that on record, and ends the sessions but for one: whoever has them may have them by the old one.
async fn replace(
    users: &Resources,
    context: &Context,
    account: &RegisteredUser,
    password: String,
    except: &str,
) -> Result<UserReply, Failure> {
    let id = account.user_id.to_string();
    let hash = users.passwords.hash(password).await?;
    // First the hash: a crash after it leaves the change off the record, and not the other way round a record of what did not happen.
    let stored = users.credentials.replace(&id, &hash).await;
    stored.map_err(|error| failure::of_database(&error))?;
    let stream = id.clone();
    let plan = context.plan().write::<User>(id.as_str());
    let committed = users
        .core
        .commit(plan, move |transaction| {
            let changed = transaction
                .state::<User>(&stream)
                .decide(&UserCommand::RecordPasswordChange);
            transaction.append::<User>(&stream, changed.map_err(change::refused)?);
            Ok::<_, Failure>(())
        })
        .await?;
    let mut positions = sessions::end_all(users, context, account.user_id, except, EndReason::PasswordChanged).await?;
    let version = committed.version_of("user", &id).unwrap_or_default();
    let mut committed = reply::committed(&committed, version);
    reply::merge_token(&mut positions, &committed.consistency_token);
    committed.consistency_token = positions.to_string();
    Ok(UserReply {
        user: Some(view::message(account, version)),
        committed: Some(committed),
    })
}
