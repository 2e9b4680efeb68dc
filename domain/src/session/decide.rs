use crate::session::{EndReason, Session, SessionCommand, SessionError, SessionEvent};

impl Session {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &SessionCommand) -> Result<Vec<SessionEvent>, SessionError> {
        match (*command, self.user_id()) {
            (SessionCommand::Open { user_id }, None) => Ok(vec![SessionEvent::SessionOpened { user_id }]),
            (SessionCommand::Open { .. }, Some(_)) => Err(SessionError::AlreadyOpen),
            (_, None) => Err(SessionError::NotFound),
            (_, Some(_)) if self.has_ended() => Ok(Vec::new()),
            (SessionCommand::End { reason }, Some(_)) => Ok(vec![SessionEvent::SessionEnded { reason }]),
            (SessionCommand::ReportReuse, Some(_)) => Ok(vec![
                SessionEvent::RefreshTokenReused {},
                SessionEvent::SessionEnded {
                    reason: EndReason::TokenReused,
                },
            ]),
        }
    }
}
