use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{
    EmailAddress, PersonName, UserId,
    aggregate::events,
    user::{Opener, Role, upcast::user_registered_1},
};

/// What happened to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserEvent {
    /// An account was opened.
    UserRegistered(RegisteredUser),
    /// The user was shut out.
    UserDisabled {},
    /// The user was let in again.
    UserEnabled {},
    /// The user was given another role.
    UserRoleChanged {
        /// What the user may do since.
        role: Role,
    },
    /// The user has another password, which is no part of the event.
    PasswordChanged {},
}

events!(
    "user",
    UserEvent {
        UserRegistered: 2[user_registered_1],
        UserDisabled: 1,
        UserEnabled: 1,
        UserRoleChanged: 1,
        PasswordChanged: 1,
    }
);

impl UserEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::UserRegistered(_) => fields(&["email", "name", "role"]),
            Self::UserRoleChanged { .. } => fields(&["role"]),
            // Nothing of these is a field of the user: who may log in is kept in the rows of accounts, and a password nowhere.
            Self::UserDisabled {} | Self::UserEnabled {} | Self::PasswordChanged {} => Touched::new(),
        }
    }
}

/// An account: as it is asked for, as it was opened and as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredUser {
    /// The user's id.
    pub user_id: UserId,
    /// Where the user gets mail, and the name to log in with.
    pub email: EmailAddress,
    /// What the user is called.
    pub name: PersonName,
    /// What the user may do.
    pub role: Role,
    /// Who opened it.
    pub opened_by: Opener,
}
