//! Whether an order could be placed now.
//!
//! Placing decides again, on the very state that it follows. So the answer is advice, and what was seen a moment ago will do for a yes;
//! a no is always looked up, by the store's writer, which has the states at hand.

use std::{sync::Arc, time::Duration};

use domain::Quantity;
use eventstore::Plan;
use proto::{
    failure::Failure,
    v1::{CheckStockReply, CheckStockRequest},
};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::{
    basket::{Basket, Orderable},
    core::Core,
    failure,
    fields::Fields,
};

/// How long what was seen does for a yes.
const KEPT: Duration = Duration::from_secs(10);
/// Products kept.
const PRODUCTS: usize = 4_096;

/// What was seen of products a moment ago, and how many of each there were.
pub(super) struct Lately(Cache<String, Seen>);

#[derive(Clone)]
struct Seen {
    product: Orderable,
    available: i64,
    until: Instant,
}

impl Default for Lately {
    fn default() -> Self {
        Self(Cache::new(PRODUCTS))
    }
}

impl Lately {
    /// The products, if so many of each could be ordered.
    fn orderable(&self, basket: &Basket) -> Option<Vec<Orderable>> {
        let now = Instant::now();
        let seen = |(stream, quantity): (&str, Quantity)| {
            let seen = self.0.get(stream)?;
            (seen.until > now && seen.available >= quantity.get()).then_some(seen.product)
        };
        basket.products().map(seen).collect()
    }

    fn keep(&self, stream: &str, product: &Orderable, available: i64, until: Instant) {
        let product = product.clone();
        self.0.insert(
            stream.to_owned(),
            Seen {
                product,
                available,
                until,
            },
        );
    }
}

pub(super) async fn check_stock(
    core: &Core,
    lately: &Lately,
    request: CheckStockRequest,
) -> Result<CheckStockReply, Failure> {
    let mut fields = Fields::default();
    let basket = Basket::read(&mut fields, &request.lines);
    fields.into_result()?;
    let Some(basket) = basket.map(Arc::new) else {
        return Err(Fields::default().into_failure());
    };
    let products = match lately.orderable(&basket) {
        Some(products) => products,
        None => look(core, lately, &basket).await?,
    };
    Ok(CheckStockReply {
        products: basket
            .by_line(&products)
            .map(|(product, _)| product.message())
            .collect(),
    })
}

async fn look(core: &Core, lately: &Lately, basket: &Arc<Basket>) -> Result<Vec<Orderable>, Failure> {
    let until = Instant::now() + KEPT;
    let plan = basket.plan_to_look(Plan::default());
    let wanted = Arc::clone(basket);
    let looked = core
        .store
        .transact(plan, move |transaction| wanted.check(transaction))
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    for ((product, available), (stream, _)) in looked.value.iter().zip(basket.products()) {
        lately.keep(stream, product, *available, until);
    }
    Ok(looked.value.into_iter().map(|(product, _)| product).collect())
}
