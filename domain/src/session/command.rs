use crate::{UserId, session::EndReason};

/// What can be asked of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionCommand {
    /// Begin it.
    Open {
        /// Whose it is.
        user_id: UserId,
    },
    /// End it. Ending what has ended is no error and makes no event.
    End {
        /// Why.
        reason: EndReason,
    },
    /// Record that a refresh token was used that had been replaced long before, and end the session: somebody has a copy.
    ReportReuse,
}
