use crate::UserId;

/// What can be asked of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailCommand {
    /// Take it. Taking what one has is no error and makes no event.
    Claim {
        /// Who takes it.
        user_id: UserId,
    },
    /// Give it back. Giving back what nobody has is no error and makes no event.
    Release {
        /// Who gives it back.
        user_id: UserId,
    },
}
