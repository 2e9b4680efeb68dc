use crate::login::{LoginCommand, LoginError, LoginEvent, Logins};

impl Logins {
    /// The events that put the command on record.
    #[must_use = "the events are still to be appended"]
    pub fn decide(&self, command: &LoginCommand) -> Result<Vec<LoginEvent>, LoginError> {
        Ok(vec![match command {
            LoginCommand::RecordLogIn { user_id } => LoginEvent::LoggedIn { user_id: *user_id },
            LoginCommand::RecordFailures(failed) => LoginEvent::LogInFailed(failed.clone()),
        }])
    }
}
