use crate::user::{Role, User, UserCommand, UserError, UserEvent};

impl User {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &UserCommand) -> Result<Vec<UserEvent>, UserError> {
        let account = match (self.account(), command) {
            (None, UserCommand::Register(account)) => return Ok(vec![UserEvent::UserRegistered(account.clone())]),
            (Some(_), UserCommand::Register(_)) => return Err(UserError::AlreadyExists),
            (None, _) => return Err(UserError::NotFound),
            (Some(account), _) => account,
        };
        match command {
            UserCommand::Register(_) => Err(UserError::AlreadyExists),
            UserCommand::Disable { .. } if self.is_disabled() => Ok(Vec::new()),
            UserCommand::Disable { another_administrator } => {
                self.keep_an_administrator(*another_administrator)?;
                Ok(vec![UserEvent::UserDisabled {}])
            }
            UserCommand::Enable if self.is_disabled() => Ok(vec![UserEvent::UserEnabled {}]),
            UserCommand::Enable => Ok(Vec::new()),
            UserCommand::ChangeRole { role, .. } if *role == account.role => Ok(Vec::new()),
            UserCommand::ChangeRole {
                role,
                another_administrator,
            } => {
                self.keep_an_administrator(*another_administrator)?;
                Ok(vec![UserEvent::UserRoleChanged { role: *role }])
            }
            UserCommand::RecordPasswordChange => Ok(vec![UserEvent::PasswordChanged {}]),
        }
    }

    /// Whether this user can log in and may do everything.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        !self.is_disabled() && self.account().is_some_and(|account| account.role == Role::Admin)
    }

    /// Refuses what would leave the shop without anybody who may do everything.
    fn keep_an_administrator(&self, another: bool) -> Result<(), UserError> {
        if self.is_administrator() && !another {
            return Err(UserError::LastAdministrator);
        }
        Ok(())
    }
}
