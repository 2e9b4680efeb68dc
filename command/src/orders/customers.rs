//! Whether there is a customer.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use domain::{UserId, user::User};
use proto::failure::Failure;

use crate::{context::Context, core::Core};

/// How many customers are remembered.
const REMEMBERED: usize = 1 << 16;

/// The customers that were found before; an account is never closed.
#[derive(Default)]
pub(super) struct Customers(Mutex<HashSet<UserId>>);

impl Customers {
    /// Refuses an order for nobody. Who orders for oneself has logged in; who orders for somebody else may be mistaken.
    pub(super) async fn check(&self, core: &Core, context: &Context, customer_id: UserId) -> Result<(), Failure> {
        let id = customer_id.to_string();
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if id == context.metadata.actor || known().contains(&customer_id) {
            return Ok(());
        }
        let user = core.load::<User>(&id).await?;
        if user.aggregate.account().is_none() {
            return Err(Failure::invalid("customer_id", "unknown", "there is no such user"));
        }
        let mut known = known();
        if known.len() == REMEMBERED {
            known.clear();
        }
        known.insert(customer_id);
        Ok(())
    }
}
