use crate::{UserId, login::FailedLogIns};

/// What can be put on record. By then it has happened, so nothing is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginCommand {
    /// A user logged in.
    RecordLogIn {
        /// Who.
        user_id: UserId,
    },
    /// Somebody tried to.
    RecordFailures(FailedLogIns),
}
