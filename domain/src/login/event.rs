use serde::{Deserialize, Serialize};

use crate::{UserId, aggregate::domain_event};

/// What happened at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginEvent {
    /// Somebody got in.
    LoggedIn {
        /// Who.
        user_id: UserId,
    },
    /// Somebody did not.
    LogInFailed(FailedLogIns),
}

/// Attempts to log in that failed within a short time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLogIns {
    /// The account that they were for; none: there is no such account, or they were for many.
    pub user_id: Option<UserId>,
    /// A keyed hash of what was given as the e-mail address of an account that does not exist. It tells whether two
    /// attempts named the same one, and not which. None: they were for many.
    pub email_hash: Option<String>,
    /// How many.
    pub attempts: u64,
}

domain_event!(LoginEvent { LoggedIn, LogInFailed });
