//! Users: who has an account.

use domain::user::UserEvent;
use eventstore::Recorded;
pub(crate) use rows::UserRow;

use crate::keyed::Keyed;

impl Keyed for UserRow {
    const CODE_VERSION: i32 = 1;
    const AGGREGATE_TYPE: &'static str = "user";

    type Event = UserEvent;

    fn evolve(row: Option<Self>, event: UserEvent, recorded: &Recorded) -> Option<Self> {
        match event {
            UserEvent::UserRegistered(user) => Some(Self {
                id: user.user_id.to_string(),
                email: user.email.as_str().to_owned(),
                name: user.name.as_str().to_owned(),
                role: user.role.as_str().to_owned(),
                version: recorded.sequence,
                created_at: recorded.occurred_at,
            }),
            UserEvent::UserRoleChanged { role } => row.map(|row| Self {
                role: role.as_str().to_owned(),
                version: recorded.sequence,
                ..row
            }),
            UserEvent::UserDisabled {} | UserEvent::UserEnabled {} | UserEvent::PasswordChanged {} => {
                row.map(|row| Self {
                    version: recorded.sequence,
                    ..row
                })
            }
        }
    }

    fn version(&self) -> u64 {
        self.version
    }
}
