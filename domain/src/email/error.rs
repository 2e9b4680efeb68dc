use crate::UserId;

/// Why a command to the claim was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Another user has it.
    #[error("the e-mail address belongs to {owner}")]
    Taken {
        /// Who has it.
        owner: UserId,
    },
    /// Only its owner can give it back.
    #[error("only {owner} can release the e-mail address")]
    NotOwner {
        /// Who has it.
        owner: UserId,
    },
}
