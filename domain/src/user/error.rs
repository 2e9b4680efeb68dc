/// Why a command to a user was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The id is in use.
    #[error("the user exists already")]
    AlreadyExists,
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// Nobody else could log in and do everything.
    #[error("this is the last administrator who can log in")]
    LastAdministrator,
}
