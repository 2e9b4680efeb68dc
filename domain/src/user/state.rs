use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    user::{RegisteredUser, UserCommand, UserError, UserEvent},
};

/// A user, or by default none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    account: Option<RegisteredUser>,
    #[serde(default)]
    disabled: bool,
}

aggregate!(User, UserCommand, UserEvent, UserError);

impl User {
    /// The account; `None`: no such user.
    #[must_use]
    pub const fn account(&self) -> Option<&RegisteredUser> {
        self.account.as_ref()
    }

    /// Whether the user was shut out.
    #[must_use]
    pub const fn is_disabled(&self) -> bool {
        self.disabled
    }

    pub(crate) fn evolve(&mut self, event: UserEvent) {
        match (event, &mut self.account) {
            (UserEvent::UserRegistered(account), _) => self.account = Some(account),
            (UserEvent::UserDisabled {}, _) => self.disabled = true,
            (UserEvent::UserEnabled {}, _) => self.disabled = false,
            (UserEvent::UserRoleChanged { role }, Some(account)) => account.role = role,
            (UserEvent::UserRoleChanged { .. }, None) | (UserEvent::PasswordChanged {}, _) => {}
        }
    }
}
