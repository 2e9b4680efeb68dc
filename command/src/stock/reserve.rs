//! Stock for every line of an order, or for none.
//!
//! All products and stocks are looked at and changed in one commit, so that prices and units are of one moment and no two
//! orders get the same unit.

use std::collections::BTreeMap;

use domain::{
    CategoryPath, OrderId, Price, ProductId, ProductName, Quantity, Sku,
    order::MAX_LINES,
    product::{Product, ProductError, ProductStatus},
    stock::{Stock, StockCommand, StockError},
};
use eventstore::Transaction;
use proto::{
    failure::{Failure, FailureKind},
    v1::{self, ReserveStockReply, ReserveStockRequest, ReservedProduct, StockLine},
};
use serde::{Deserialize, Serialize};

use super::refusal::of_stock;
use crate::{context::Context, core::Core, failure, fields::Fields, reply};

pub(super) async fn reserve_stock(core: &Core, request: ReserveStockRequest) -> Result<ReserveStockReply, Failure> {
    let context = Context::new(core, "reserve_stock", request.context)?;
    let mut fields = Fields::default();
    let order_id: Option<OrderId> = fields.check("order_id", request.order_id.parse());
    let basket = Basket::read(&mut fields, &request.lines);
    fields.into_result()?;
    let (Some(order_id), Some(basket)) = (order_id, basket) else {
        return Err(Fields::default().into_failure());
    };

    let places = basket.places;
    let wanted = basket.wanted;
    let plan = wanted.iter().fold(context.plan(), |plan, wanted| {
        plan.guard::<Product>(wanted.stream.as_str())
            .write::<Stock>(wanted.stream.as_str())
    });
    let committed = core
        .store
        .transact(plan, move |transaction| reserve(transaction, order_id, &wanted))
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    let products = places
        .iter()
        .filter_map(|place| committed.value.get(*place))
        .map(Snapshot::message)
        .collect();
    Ok(ReserveStockReply {
        products,
        committed: Some(reply::committed(&committed, 0)),
    })
}

/// What is wanted: each product once.
struct Basket {
    wanted: Vec<Wanted>,
    /// For each line, where its product is in `wanted`.
    places: Vec<usize>,
}

struct Wanted {
    product_id: ProductId,
    stream: String,
    quantity: Quantity,
    /// The first line that names the product.
    line: usize,
}

impl Basket {
    fn read(fields: &mut Fields, lines: &[StockLine]) -> Option<Self> {
        if lines.is_empty() {
            fields.add("lines", "required", "at least one line is required");
            return None;
        }
        if lines.len() > MAX_LINES {
            fields.add("lines", "too_many", format!("at most {MAX_LINES} lines"));
            return None;
        }
        let mut wanted: Vec<Wanted> = Vec::with_capacity(lines.len());
        let mut places = Vec::with_capacity(lines.len());
        let mut known: BTreeMap<ProductId, usize> = BTreeMap::new();
        for (line, StockLine { product_id, quantity }) in lines.iter().enumerate() {
            let id = fields.check(format!("lines[{line}].product_id"), product_id.parse());
            let field = format!("lines[{line}].quantity");
            let quantity = fields.check(field.as_str(), Quantity::new(*quantity));
            let (Some(id), Some(quantity)) = (id, quantity) else {
                continue;
            };
            let place = *known.entry(id).or_insert(wanted.len());
            places.push(place);
            match wanted.get_mut(place) {
                Some(present) => {
                    if let Some(sum) = fields.check(field, present.quantity.checked_add(quantity)) {
                        present.quantity = sum;
                    }
                }
                None => wanted.push(Wanted {
                    product_id: id,
                    stream: product_id.clone(),
                    quantity,
                    line,
                }),
            }
        }
        Some(Self { wanted, places })
    }
}

/// A product as it stood when its stock was reserved.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Snapshot {
    product_id: ProductId,
    sku: Sku,
    name: ProductName,
    category: CategoryPath,
    price: Price,
}

impl Snapshot {
    fn message(&self) -> ReservedProduct {
        ReservedProduct {
            product_id: self.product_id.to_string(),
            sku: self.sku.to_string(),
            name: self.name.to_string(),
            category: self.category.to_string(),
            price: Some(v1::Money {
                amount: self.price.amount(),
                currency: self.price.currency().to_string(),
            }),
        }
    }
}

fn reserve(transaction: &mut Transaction<'_>, order_id: OrderId, wanted: &[Wanted]) -> Result<Vec<Snapshot>, Refusal> {
    let mut refusal = Refusal::default();
    let mut snapshots = Vec::with_capacity(wanted.len());
    let mut reserved = Vec::with_capacity(wanted.len());
    for Wanted {
        product_id,
        stream,
        quantity,
        line,
    } in wanted
    {
        let live = transaction.state::<Product>(stream).live();
        let (product, price) = match live.map(|product| (product, product.price)) {
            Ok((product, Some(price))) if product.status == ProductStatus::Active => (product, price),
            Ok(_) => {
                refusal.products.push((*line, Unsellable::NotActive));
                continue;
            }
            Err(ProductError::Deleted) => {
                refusal.products.push((*line, Unsellable::Deleted));
                continue;
            }
            Err(_) => {
                refusal.products.push((*line, Unsellable::NotFound));
                continue;
            }
        };
        let command = StockCommand::Reserve {
            order_id,
            quantity: *quantity,
        };
        match transaction.state::<Stock>(stream).decide(&command) {
            Ok(events) => reserved.push((stream, events)),
            Err(StockError::Insufficient { requested, available }) => refusal.short.push(Short {
                line: *line,
                product_id: *product_id,
                sku: product.sku.clone(),
                requested,
                available,
            }),
            Err(error) => refusal.stock = Some(error),
        }
        snapshots.push(Snapshot {
            product_id: *product_id,
            sku: product.sku.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            price,
        });
    }
    if !refusal.is_empty() {
        return Err(refusal);
    }
    for (stream, events) in reserved {
        transaction.append::<Stock>(stream, events);
    }
    Ok(snapshots)
}

/// Everything that speaks against the reservation.
#[derive(Debug, Default)]
struct Refusal {
    products: Vec<(usize, Unsellable)>,
    stock: Option<StockError>,
    short: Vec<Short>,
}

impl Refusal {
    fn is_empty(&self) -> bool {
        self.products.is_empty() && self.stock.is_none() && self.short.is_empty()
    }
}

/// Why a product cannot be sold.
#[derive(Clone, Copy, Debug)]
enum Unsellable {
    NotFound,
    Deleted,
    NotActive,
}

/// A line that asks for more than there is.
#[derive(Debug, Serialize)]
struct Short {
    #[serde(skip)]
    line: usize,
    product_id: ProductId,
    sku: Sku,
    requested: i64,
    available: i64,
}

impl Unsellable {
    fn failure(self) -> Failure {
        match self {
            Self::NotFound => crate::products::of_product(&ProductError::NotFound),
            Self::Deleted => crate::products::of_product(&ProductError::Deleted),
            Self::NotActive => Failure::new(
                FailureKind::Conflict,
                "product_not_active",
                "the product is not for sale",
            ),
        }
    }
}

impl From<Refusal> for Failure {
    /// What cannot be sold at all is told before what there is too little of.
    fn from(refusal: Refusal) -> Self {
        if let Some((_, first)) = refusal.products.first() {
            return refusal
                .products
                .iter()
                .fold(first.failure(), |failure, (line, problem)| {
                    let Self { code, message, .. } = problem.failure();
                    failure.with_field(format!("lines[{line}].product_id"), &code, message)
                });
        }
        if let Some(error) = refusal.stock {
            return of_stock(error);
        }
        let message = match refusal.short.as_slice() {
            [only] => format!(
                "{} of {} are wanted and {} are available",
                only.requested, only.sku, only.available
            ),
            lines => format!("there is not enough stock for {} products", lines.len()),
        };
        refusal.short.iter().fold(
            Self::new(FailureKind::Conflict, "insufficient_stock", message)
                .with_data(&serde_json::json!({"lines": refusal.short})),
            |failure, short| {
                failure.with_field(
                    format!("lines[{}].quantity", short.line),
                    "insufficient_stock",
                    format!("{} are available", short.available),
                )
            },
        )
    }
}
