/// Why a command to a user was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The id is in use.
    #[error("the user exists already")]
    AlreadyExists,
}
