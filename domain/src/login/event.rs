use registry::Touched;
use serde::{Deserialize, Serialize};

use crate::{UserId, aggregate::events};

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

events!(
    "login",
    LoginEvent {
        LoggedIn: 1,
        LogInFailed: 1,
    }
);

impl LoginEvent {
    fn touched(&self) -> Touched {
        match self {
            // They are counted, and nobody is shown the count.
            Self::LoggedIn { .. } | Self::LogInFailed(_) => Touched::new(),
        }
    }
}
