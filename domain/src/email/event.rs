use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{UserId, aggregate::events};

/// What happened to the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EmailEvent {
    /// It was taken.
    EmailClaimed {
        /// Who took it.
        user_id: UserId,
    },
    /// It was given back.
    EmailReleased {
        /// Who had it.
        user_id: UserId,
    },
}

events!(
    "email",
    EmailEvent {
        EmailClaimed: 1,
        EmailReleased: 1,
    }
);

impl EmailEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::EmailClaimed { .. } | Self::EmailReleased { .. } => fields(&["user_id"]),
        }
    }
}
