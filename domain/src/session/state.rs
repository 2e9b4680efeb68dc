use serde::{Deserialize, Serialize};

use crate::{
    UserId,
    aggregate::aggregate,
    session::{SessionCommand, SessionError, SessionEvent},
};

/// A session, or by default none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    user_id: Option<UserId>,
    ended: bool,
}

aggregate!(Session, SessionCommand, SessionEvent, SessionError);

impl Session {
    /// Whose it is; `None`: no such session.
    #[must_use]
    pub const fn user_id(&self) -> Option<UserId> {
        self.user_id
    }

    /// Whether it is over.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn evolve(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::SessionOpened { user_id } => self.user_id = Some(user_id),
            SessionEvent::SessionEnded { .. } => self.ended = true,
            SessionEvent::RefreshTokenReused {} => {}
        }
    }
}
