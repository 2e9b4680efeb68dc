use serde::{Deserialize, Serialize};

use crate::{EmailAddress, PersonName, UserId, aggregate::domain_event, user::Role};

/// What happened to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserEvent {
    /// An account was opened.
    UserRegistered(RegisteredUser),
}

domain_event!(UserEvent { UserRegistered });

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
}
