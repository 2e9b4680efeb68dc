use crate::email::{EmailClaim, EmailCommand, EmailError, EmailEvent};

impl EmailClaim {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &EmailCommand) -> Result<Vec<EmailEvent>, EmailError> {
        match (*command, self.owner()) {
            (EmailCommand::Claim { user_id }, None) => Ok(vec![EmailEvent::EmailClaimed { user_id }]),
            (EmailCommand::Claim { user_id }, Some(owner)) if owner == user_id => Ok(Vec::new()),
            (EmailCommand::Claim { .. }, Some(owner)) => Err(EmailError::Taken { owner }),
            (EmailCommand::Release { .. }, None) => Ok(Vec::new()),
            (EmailCommand::Release { user_id }, Some(owner)) if owner == user_id => {
                Ok(vec![EmailEvent::EmailReleased { user_id }])
            }
            (EmailCommand::Release { .. }, Some(owner)) => Err(EmailError::NotOwner { owner }),
        }
    }
}
