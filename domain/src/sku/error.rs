use crate::ProductId;

/// Why a command to the claim was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkuError {
    /// Another product has it.
    #[error("the SKU belongs to {owner}")]
    Taken {
        /// Who has it.
        owner: ProductId,
    },
    /// Only its owner can give it back.
    #[error("only {owner} can release the SKU")]
    NotOwner {
        /// Who has it.
        owner: ProductId,
    },
}
