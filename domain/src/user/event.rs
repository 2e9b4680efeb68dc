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
}

events!(
    "user",
    UserEvent {
        UserRegistered: 2[user_registered_1],
    }
);

impl UserEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::UserRegistered(_) => fields(&["email", "name", "role"]),
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
