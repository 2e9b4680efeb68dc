//! Which product has which SKU, for rows that name products by SKU.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{CategoryPath, ProductId, ProductName, Sku, product::Product, sku::SkuClaim};
use futures::{StreamExt, TryStreamExt};
use proto::failure::Failure;
use tokio::time::Instant;

use crate::core::Core;

/// How long a product is remembered. Long enough for an import of many requests, short enough for a SKU that changes hands.
const REMEMBERED_FOR: Duration = Duration::from_mins(1);
/// How many products are remembered.
const REMEMBERED: usize = 1 << 16;
/// Look-ups under way at once.
const IN_FLIGHT: usize = 8;

/// What lines of history take from a product.
#[derive(Clone, Debug)]
pub(super) struct KnownProduct {
    pub(super) product_id: ProductId,
    pub(super) name: ProductName,
    pub(super) category: CategoryPath,
}

/// The products of a request, by SKU.
pub(super) type Products = HashMap<String, KnownProduct>;

#[derive(Default)]
pub(super) struct Catalogue {
    known: Mutex<HashMap<String, (KnownProduct, Instant)>>,
}

impl Catalogue {
    /// The products that have one of these SKUs. SKUs that nobody has are left out.
    pub(super) async fn find(&self, core: &Core, skus: impl Iterator<Item = &str>) -> Result<Products, Failure> {
        let now = Instant::now();
        let mut found = Products::new();
        let mut missing = Vec::new();
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let mut seen = HashSet::new();
            for sku in skus.filter(|sku| seen.insert(*sku)) {
                match known.get(sku) {
                    Some((product, at)) if now.duration_since(*at) < REMEMBERED_FOR => {
                        found.insert(sku.to_owned(), product.clone());
                    }
                    _ => missing.push(sku.to_owned()),
                }
            }
        }
        let loaded: Vec<(String, Option<KnownProduct>)> = futures::stream::iter(missing)
            .map(|sku| async move { Ok::<_, Failure>((sku.clone(), load(core, &sku).await?)) })
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + loaded.len() > REMEMBERED {
            known.clear();
        }
        for (sku, product) in loaded {
            if let Some(product) = product {
                known.insert(sku.clone(), (product.clone(), now));
                found.insert(sku, product);
            }
        }
        Ok(found)
    }
}

async fn load(core: &Core, sku: &str) -> Result<Option<KnownProduct>, Failure> {
    // A text that is no SKU is refused where the row is read.
    let Ok(sku) = Sku::new(sku) else { return Ok(None) };
    let claim = core.load::<SkuClaim>(&sku.stream_id()).await?;
    let Some(product_id) = claim.aggregate.owner() else {
        return Ok(None);
    };
    let product = core.load::<Product>(&product_id.to_string()).await?;
    Ok(product.aggregate.details().map(|details| KnownProduct {
        product_id,
        name: details.name.clone(),
        category: details.category.clone(),
    }))
}
