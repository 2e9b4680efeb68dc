//! What staff do about an account: shutting out, letting in, another role.

use domain::{
    UserId,
    session::EndReason,
    user::{User, UserCommand, UserError},
};
use eventstore::{Committed, Positions};
use proto::{
    failure::{Failure, FailureKind},
    v1::{ChangeRoleRequest, ChangeUserRequest, UserReply},
};

use super::{resources::Resources, sessions, view};
use crate::{context::Context, failure, reply};

/// How often another administrator is looked for who stays one until the commit.
const TRIES: usize = 5;

pub(super) async fn disable_user(users: &Resources, request: ChangeUserRequest) -> Result<UserReply, Failure> {
    let (context, user_id) = accept(users, "disable_user", request)?;
    let disable = |another_administrator| UserCommand::Disable { another_administrator };
    let mut reply = change(users, &context, user_id, disable).await?;
    // By now nobody can open another one.
    let ended = sessions::end_all(users, &context, user_id, "", EndReason::UserDisabled).await?;
    merge(&mut reply, ended);
    Ok(reply)
}

pub(super) async fn enable_user(users: &Resources, request: ChangeUserRequest) -> Result<UserReply, Failure> {
    let (context, user_id) = accept(users, "enable_user", request)?;
    change(users, &context, user_id, |_| UserCommand::Enable).await
}

pub(super) async fn change_role(users: &Resources, request: ChangeRoleRequest) -> Result<UserReply, Failure> {
    let (context, (user_id, role)) = Context::accept(&users.core, "change_role", request.context, |fields| {
        let user_id = fields.check("id", request.id.parse::<UserId>());
        let role = view::role(request.role, fields);
        Some((user_id?, role?))
    })?;
    let change_role = move |another_administrator| UserCommand::ChangeRole {
        role,
        another_administrator,
    };
    change(users, &context, user_id, change_role).await
}

fn accept(users: &Resources, command: &'static str, request: ChangeUserRequest) -> Result<(Context, UserId), Failure> {
    Context::accept(&users.core, command, request.context, |fields| {
        fields.check("id", request.id.parse::<UserId>())
    })
}

/// Has a user decide on a command. Another administrator must stay one until it is committed: two who shut each other out at the same time
/// are decided one after the other.
async fn change(
    users: &Resources,
    context: &Context,
    user_id: UserId,
    command: impl Fn(bool) -> UserCommand + Clone + Send + 'static,
) -> Result<UserReply, Failure> {
    let id = user_id.to_string();
    let mut tries = 0;
    let committed = loop {
        tries += 1;
        match attempt(users, context, &id, command.clone()).await {
            Err(failure) if failure.kind() == FailureKind::Overloaded && tries < TRIES => {}
            outcome => break outcome?,
        }
    };
    let user = users.core.load::<User>(&id).await?;
    let account = user.aggregate.account().ok_or_else(|| refused(UserError::NotFound))?;
    Ok(UserReply {
        user: Some(view::message(account, user.version)),
        committed: Some(reply::committed(&committed, user.version)),
    })
}

async fn attempt(
    users: &Resources,
    context: &Context,
    id: &str,
    command: impl Fn(bool) -> UserCommand + Send + 'static,
) -> Result<Committed<()>, Failure> {
    let another = users.rows.another_administrator(id).await;
    let another = another.map_err(|error| failure::of_database(&error))?;
    let plan = context.plan().write::<User>(id);
    let plan = match &another {
        Some(another) => plan.guard::<User>(another.as_str()),
        None => plan,
    };
    let stream = id.to_owned();
    let committed = users.core.commit(plan, move |transaction| {
        let stays = |id: &String| transaction.state::<User>(id).is_administrator();
        let stays = another.as_ref().map(stays);
        let events = match transaction.state::<User>(&stream).decide(&command(stays == Some(true))) {
            // The rows know of another one by now.
            Err(UserError::LastAdministrator) if stays == Some(false) => {
                return Err(failure::busy(
                    "others kept changing the same things; try again",
                    std::time::Duration::from_millis(50),
                ));
            }
            decided => decided.map_err(refused)?,
        };
        transaction.append::<User>(&stream, events);
        Ok::<_, Failure>(())
    });
    committed.await
}

/// Adds what else was written to what a reply tells.
fn merge(reply: &mut UserReply, mut positions: Positions) {
    let committed = reply.committed.get_or_insert_default();
    reply::merge_token(&mut positions, &committed.consistency_token);
    committed.consistency_token = positions.to_string();
}

pub(super) fn refused(error: UserError) -> Failure {
    match error {
        UserError::AlreadyExists => failure::internal("a fresh user id was in use", &error),
        UserError::NotFound => Failure::new(FailureKind::NotFound, "user_not_found", "there is no such user"),
        UserError::LastAdministrator => failure::conflict(
            "last_administrator",
            "this is the last administrator who can log in; make another one first",
        ),
    }
}
