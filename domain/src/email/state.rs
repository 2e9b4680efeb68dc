use serde::{Deserialize, Serialize};

use crate::{
    UserId,
    aggregate::aggregate,
    email::{EmailCommand, EmailError, EmailEvent},
};

/// Who has the e-mail address; by default nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailClaim {
    owner: Option<UserId>,
}

aggregate!(EmailClaim, EmailCommand, EmailEvent, EmailError);

impl EmailClaim {
    /// Who has it.
    #[must_use]
    pub const fn owner(&self) -> Option<UserId> {
        self.owner
    }

    pub(crate) fn evolve(&mut self, event: EmailEvent) {
        self.owner = match event {
            EmailEvent::EmailClaimed { user_id } => Some(user_id),
            EmailEvent::EmailReleased { .. } => None,
        };
    }
}
