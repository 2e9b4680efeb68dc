//! Another password, for who knows the present one.

use domain::{
    session::EndReason,
    user::{User, UserCommand},
};
use proto::{
    failure::{Failure, FailureKind},
    v1::{ChangePasswordRequest, UserReply},
};

use super::{change, logins::Account, password, resources::Resources, sessions, view};
use crate::{context::Context, failure, reply};

pub(super) async fn change_password(users: &Resources, request: ChangePasswordRequest) -> Result<UserReply, Failure> {
    let (context, user_id) = Context::accept_own(&users.core, "change_password", request.context)?;
    let id = user_id.to_string();
    let user = users.core.load::<User>(&id).await?;
    let account = user.aggregate.account();
    let account = account.ok_or_else(|| change::refused(domain::user::UserError::NotFound))?;
    password::accept(&request.new_password, "new_password", &account.email)?;
    let present = users.credentials.password_hash(&id).await;
    let present = present.map_err(|error| failure::of_database(&error))?;
    if !users.passwords.verify(request.current_password, present).await? {
        users.logins.failed(context, Account::Known(user_id));
        return Err(Failure::new(
            FailureKind::Invalid,
            "validation_failed",
            "the present password is wrong",
        )
        .with_field("current_password", "wrong", "this is not the present password"));
    }
    let hash = users.passwords.hash(request.new_password).await?;
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
    // Who else has a session may have it from who knew the old password.
    let mut positions = sessions::end_all(
        users,
        &context,
        user_id,
        &request.session_id,
        EndReason::PasswordChanged,
    )
    .await?;
    let version = committed.version_of("user", &id).unwrap_or(user.version);
    let mut committed = reply::committed(&committed, version);
    reply::merge_token(&mut positions, &committed.consistency_token);
    committed.consistency_token = positions.to_string();
    Ok(UserReply {
        user: Some(view::message(account, version)),
        committed: Some(committed),
    })
}
