use crate::user::{User, UserCommand, UserError, UserEvent};

impl User {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &UserCommand) -> Result<Vec<UserEvent>, UserError> {
        match command {
            UserCommand::Register(_) if self.account().is_some() => Err(UserError::AlreadyExists),
            UserCommand::Register(account) => Ok(vec![UserEvent::UserRegistered(account.clone())]),
        }
    }
}
