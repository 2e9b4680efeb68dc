/// Why a command to a session was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The id is in use.
    #[error("the session exists already")]
    AlreadyOpen,
    /// There is no such session.
    #[error("there is no such session")]
    NotFound,
}
