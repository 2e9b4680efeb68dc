use serde::{Deserialize, Serialize};

use crate::{UserId, aggregate::domain_event};

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

domain_event!(EmailEvent {
    EmailClaimed,
    EmailReleased,
});
