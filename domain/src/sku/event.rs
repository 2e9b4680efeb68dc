use serde::{Deserialize, Serialize};

use crate::{ProductId, aggregate::domain_event};

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

domain_event!(SkuEvent {
    SkuClaimed,
    SkuReleased,
});
