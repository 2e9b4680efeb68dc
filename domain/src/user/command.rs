use crate::user::{RegisteredUser, Role};

/// What can be asked of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserCommand {
    /// Open an account; that nobody else has the address is the matter of the address's own stream.
    Register(RegisteredUser),
    /// Shut the user out. Shutting out twice is no error and makes no event.
    Disable {
        /// Whether the shop has another administrator who can log in.
        another_administrator: bool,
    },
    /// Let the user in again. No error and no event for one who may log in.
    Enable,
    /// Give the user another role. Giving the same is no error and makes no event.
    ChangeRole {
        /// What the user may do from now on.
        role: Role,
        /// Whether the shop has another administrator who can log in.
        another_administrator: bool,
    },
    /// Record that the user has another password. The password itself is kept elsewhere.
    RecordPasswordChange,
}
