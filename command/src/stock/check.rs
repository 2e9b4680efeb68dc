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
    fields::Fields,
};

/// How long what was seen does for a yes.
const KEPT: Duration = Duration::from_secs(10);
/// Products kept.
const PRODUCTS: usize = 4_096;

/// What was seen of products a moment ago, and how many of each there were.
pub(super) struct RecentStock(Cache<String, Entry>);

#[derive(Clone)]
struct Entry {
    product: Orderable,
    available: i64,
    until: Instant,
}

impl Default for RecentStock {
    fn default() -> Self {
        Self(Cache::new(PRODUCTS))
    }
}

impl RecentStock {
    /// The products, if so many of each could be ordered.
    fn orderable(&self, basket: &Basket) -> Option<Vec<Orderable>> {
        let now = Instant::now();
        let product = |(stream, quantity): (&str, Quantity)| {
            let entry = self.0.get(stream)?;
            (entry.until > now && entry.available >= quantity.get()).then_some(entry.product)
        };
        basket.products().map(product).collect()
    }

    fn keep(&self, stream: &str, product: &Orderable, available: i64, until: Instant) {
        let product = product.clone();
        self.0.insert(
            stream.to_owned(),
            Entry {
                product,
                available,
                until,
            },
        );
    }
}

pub(super) async fn check_stock(
    core: &Core,
    recent: &RecentStock,
    request: CheckStockRequest,
) -> Result<CheckStockReply, Failure> {
    let basket = Fields::read(|fields| Basket::read(fields, &request.lines)).map(Arc::new)?;
    let products = match recent.orderable(&basket) {
        Some(products) => products,
        None => look_up(core, recent, &basket).await?,
    };
    Ok(CheckStockReply {
        products: basket
            .by_line(&products)
            .map(|(product, _)| product.message())
            .collect(),
    })
}

async fn look_up(core: &Core, recent: &RecentStock, basket: &Arc<Basket>) -> Result<Vec<Orderable>, Failure> {
    let until = Instant::now() + KEPT;
    let plan = basket.plan_to_look(Plan::default());
    let checked = Arc::clone(basket);
    let found = core
        .commit(plan, move |transaction| checked.check(transaction))
        .await?
        .value;
    for ((product, available), (stream, _)) in found.iter().zip(basket.products()) {
        recent.keep(stream, product, *available, until);
    }
    Ok(found.into_iter().map(|(product, _)| product).collect())
}
