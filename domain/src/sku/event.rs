use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{ProductId, aggregate::events};

/// What happened to the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SkuEvent {
    /// It was taken.
    SkuClaimed {
        /// Who took it.
        product_id: ProductId,
    },
    /// It was given back.
    SkuReleased {
        /// Who had it.
        product_id: ProductId,
    },
}

events!(
    "sku",
    SkuEvent {
        SkuClaimed: 1,
        SkuReleased: 1,
    }
);

impl SkuEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::SkuClaimed { .. } | Self::SkuReleased { .. } => fields(&["product_id"]),
        }
    }
}
