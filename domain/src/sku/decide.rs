use crate::sku::{SkuClaim, SkuCommand, SkuError, SkuEvent};

impl SkuClaim {
    /// The events that the command leads to in this state, or why it is refused.
    pub fn decide(&self, command: &SkuCommand) -> Result<Vec<SkuEvent>, SkuError> {
        match (*command, self.owner()) {
            (SkuCommand::Claim { product_id }, None) => Ok(vec![SkuEvent::SkuClaimed { product_id }]),
            (SkuCommand::Claim { product_id }, Some(owner)) if owner == product_id => Ok(Vec::new()),
            (SkuCommand::Claim { .. }, Some(owner)) => Err(SkuError::Taken { owner }),
            (SkuCommand::Release { .. }, None) => Ok(Vec::new()),
            (SkuCommand::Release { product_id }, Some(owner)) if owner == product_id => {
                Ok(vec![SkuEvent::SkuReleased { product_id }])
            }
            (SkuCommand::Release { .. }, Some(owner)) => Err(SkuError::NotOwner { owner }),
        }
    }
}
