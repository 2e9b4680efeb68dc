use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    login::{LoginCommand, LoginError, LoginEvent},
};

/// The log-ins of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logins {
    succeeded: u64,
    failed: u64,
}

aggregate!(Logins, LoginCommand, LoginEvent, LoginError);

impl Logins {
    /// Id of the stream of a day.
    #[must_use]
    pub fn stream_id(day: NaiveDate) -> String {
        format!("logins_{day}")
    }

    /// How many got in.
    #[must_use]
    pub const fn succeeded(&self) -> u64 {
        self.succeeded
    }

    /// How many attempts failed.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.failed
    }

    pub(crate) fn evolve(&mut self, event: LoginEvent) {
        match event {
            LoginEvent::LoggedIn { .. } => self.succeeded = self.succeeded.saturating_add(1),
            LoginEvent::LogInFailed(failed) => self.failed = self.failed.saturating_add(failed.attempts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{UserId, login::FailedLogIns};

    #[test]
    fn a_day_counts_what_is_recorded() {
        let user_id: UserId = "usr_0198c0de-0000-7000-8000-000000000001".parse().unwrap();
        let failures = FailedLogIns {
            user_id: None,
            email_hash: None,
            attempts: 7,
        };
        let mut day = Logins::default();
        for command in [
            LoginCommand::RecordLogIn { user_id },
            LoginCommand::RecordFailures(failures),
        ] {
            for event in day.decide(&command).unwrap() {
                day.evolve(event);
            }
        }
        assert_eq!((day.succeeded(), day.failed()), (1, 7));
        assert_eq!(
            Logins::stream_id(NaiveDate::from_ymd_opt(2026, 3, 1).unwrap()),
            "logins_2026-03-01"
        );
    }
}
