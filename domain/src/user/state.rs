use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    user::{RegisteredUser, UserCommand, UserError, UserEvent},
};

/// A user, or by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    account: Option<RegisteredUser>,
}

aggregate!(User, UserCommand, UserEvent, UserError);

impl User {
    /// The account; `None`: no such user.
    #[must_use]
    pub const fn account(&self) -> Option<&RegisteredUser> {
        self.account.as_ref()
    }

    pub(crate) fn evolve(&mut self, event: UserEvent) {
        match event {
            UserEvent::UserRegistered(account) => self.account = Some(account),
        }
    }
}
