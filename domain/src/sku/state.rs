use serde::{Deserialize, Serialize};

use crate::{
    ProductId,
    aggregate::aggregate,
    sku::{SkuCommand, SkuError, SkuEvent},
};

/// Who has the SKU; by default nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuClaim {
    owner: Option<ProductId>,
}

aggregate!(SkuClaim, SkuCommand, SkuEvent, SkuError);

impl SkuClaim {
    /// Who has it.
    #[must_use]
    pub const fn owner(&self) -> Option<ProductId> {
        self.owner
    }

    pub(crate) fn evolve(&mut self, event: SkuEvent) {
        self.owner = match event {
            SkuEvent::SkuClaimed { product_id } => Some(product_id),
            SkuEvent::SkuReleased { .. } => None,
        };
    }
}
