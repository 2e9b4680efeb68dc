use crate::words::words;

words! {
    /// Why a session ended.
    EndReason {
        /// The user logged out of it.
        LoggedOut = "logged_out",
        /// The user logged out of all sessions.
        LoggedOutEverywhere = "logged_out_everywhere",
        /// The user ended it from another one.
        EndedByUser = "ended_by_user",
        /// The user has another password since.
        PasswordChanged = "password_changed",
        /// The user was shut out.
        UserDisabled = "user_disabled",
        /// A refresh token was used again that had been replaced long before.
        TokenReused = "token_reused",
    }
}
