use crate::user::RegisteredUser;

/// What can be asked of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserCommand {
    /// Open an account; that nobody else has the address is the matter of the address's own stream.
    Register(RegisteredUser),
}
