use crate::ProductId;

/// What can be asked of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkuCommand {
    /// Take it. Taking what one has is no error and makes no event.
    Claim {
        /// Who takes it.
        product_id: ProductId,
    },
    /// Give it back. Giving back what nobody has is no error and makes no event.
    Release {
        /// Who gives it back.
        product_id: ProductId,
    },
}
