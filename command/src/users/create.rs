//! A new account: the claim of the e-mail address and the user in one commit, the password's hash in a row written before.

use domain::{
    EmailAddress, PersonName, UserId,
    email::{EmailClaim, EmailCommand, EmailError},
    user::{Opener, RegisteredUser, User, UserCommand, UserError},
};
use proto::{
    failure::{Failure, FailureKind},
    v1::{self, CreateUserRequest, UserReply},
};

use super::{change, password, resources::Resources, view};
use crate::{context::Context, failure, reply};

pub(super) async fn create_user(users: &Resources, request: CreateUserRequest) -> Result<UserReply, Failure> {
    // Customers that the system itself enters, as a seed does, need not be able to log in.
    let by_system = request
        .context
        .as_ref()
        .is_some_and(|context| context.actor.starts_with("system:"));
    let no_login = request.password.is_empty() && request.role() == v1::Role::Customer && by_system;
    let (context, (email, name, role)) = Context::accept(&users.core, "create_user", request.context, |fields| {
        let email = fields.check("email", EmailAddress::new(&request.email));
        let name = fields.check("name", PersonName::new(&request.name));
        let role = view::role(request.role, fields);
        if !no_login && let Err(error) = password::check(&request.password, email.as_ref()) {
            fields.add("password", error.code(), error.message());
        }
        Some((email?, name?, role?))
    })?;

    let user_id = UserId::new(users.core.mint(context.now));
    let id = user_id.to_string();
    // First the hash: a crash after it leaves a row that nobody can log in with. The other way round it would leave a user without a
    // password, whose address is taken for good.
    if !no_login {
        let hash = users.passwords.hash(request.password).await?;
        let inserted = users.credentials.insert(&id, &hash).await;
        inserted.map_err(|error| failure::of_database(&error))?;
    }

    let claim = email.stream_id();
    let plan = context
        .plan()
        .create::<User>(id.as_str())
        .write::<EmailClaim>(claim.as_str());
    let stream = id.clone();
    let account = RegisteredUser {
        user_id,
        email,
        name,
        role,
        opened_by: Opener::Staff,
    };
    let committed = users
        .core
        .store
        .transact(plan, move |transaction| {
            let register = UserCommand::Register(account.clone());
            let registered = transaction.state::<User>(&stream).decide(&register)?;
            let claim_address = EmailCommand::Claim { user_id };
            let claimed = transaction.state::<EmailClaim>(&claim).decide(&claim_address)?;
            transaction.append::<User>(&stream, registered);
            transaction.append::<EmailClaim>(&claim, claimed);
            Ok::<_, Refusal>(account.clone())
        })
        .await;
    // With an unknown outcome the user may exist and need the row.
    let orphaned = match &committed {
        Ok(committed) => committed.replayed,
        Err(error) => !error.in_doubt(),
    };
    if !no_login
        && orphaned
        && let Err(error) = users.credentials.delete(&id).await
    {
        tracing::warn!(user_id = id, %error, "credentials of a user that was not created stay behind");
    }
    let committed = committed.map_err(failure::of_transaction)?;
    Ok(UserReply {
        user: Some(view::message(&committed.value, 1)),
        committed: Some(reply::committed(&committed, 1)),
    })
}

enum Refusal {
    User(UserError),
    Email(EmailError),
}

impl From<UserError> for Refusal {
    fn from(error: UserError) -> Self {
        Self::User(error)
    }
}

impl From<EmailError> for Refusal {
    fn from(error: EmailError) -> Self {
        Self::Email(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::User(error) => change::refused(error),
            Refusal::Email(EmailError::Taken { .. }) => Self::new(
                FailureKind::Conflict,
                "email_taken",
                "another user has this e-mail address",
            )
            .with_field("email", "taken", "another user has it"),
            Refusal::Email(error @ EmailError::NotOwner { .. }) => {
                failure::internal("a claim was refused as a release", &error)
            }
        }
    }
}
