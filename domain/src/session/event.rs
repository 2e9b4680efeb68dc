use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{UserId, aggregate::events, session::EndReason};

/// What happened to a session. Device and address are in the events' metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEvent {
    /// It began.
    SessionOpened {
        /// Whose it is.
        user_id: UserId,
    },
    /// It ended.
    SessionEnded {
        /// Why.
        reason: EndReason,
    },
    /// A refresh token was used that had been replaced long before: somebody has a copy.
    RefreshTokenReused {},
}

events!(
    "session",
    SessionEvent {
        SessionOpened: 1,
        SessionEnded: 1,
        RefreshTokenReused: 1,
    }
);

impl SessionEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::SessionOpened { .. } => fields(&["user_id"]),
            Self::SessionEnded { .. } => fields(&["ended"]),
            Self::RefreshTokenReused {} => Touched::new(),
        }
    }
}
