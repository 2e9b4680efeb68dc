//! The lines of an order over the streams that they concern: whether every product may be ordered and is there, and taking it.
//!
//! All products and stocks are looked at, and changed, at once: all lines or none, and no two orders get the same unit.

mod refusal;

use std::collections::BTreeMap;

use domain::{
    CategoryPath, OrderId, Price, ProductId, ProductName, Quantity, Sku,
    order::MAX_LINES,
    product::{Product, ProductError, ProductStatus},
    stock::{Stock, StockCommand, StockError},
};
use eventstore::{Plan, Transaction};
use proto::v1::{self, OrderableProduct, StockLine};
use serde::{Deserialize, Serialize};

pub(crate) use self::refusal::Refusal;
use self::refusal::{Short, Unsellable};
use crate::fields::Fields;

/// The checked lines of an order.
#[derive(Debug)]
pub(crate) struct Basket {
    /// Each product once.
    items: Vec<Item>,
    /// For each line, where its product is in `items`, and how many of it.
    lines: Vec<(usize, Quantity)>,
}

#[derive(Debug)]
struct Item {
    product_id: ProductId,
    stream: String,
    /// Of all lines together.
    quantity: Quantity,
    /// The first line that names the product.
    line: usize,
}

impl Basket {
    /// Reads the lines; `None` when something is wrong, which is noted.
    pub(crate) fn read(fields: &mut Fields, lines: &[StockLine]) -> Option<Self> {
        if lines.is_empty() {
            fields.add("lines", "required", "at least one line is required");
            return None;
        }
        if lines.len() > MAX_LINES {
            fields.add("lines", "too_many", format!("at most {MAX_LINES} lines"));
            return None;
        }
        let mut items: Vec<Item> = Vec::with_capacity(lines.len());
        let mut read = Vec::with_capacity(lines.len());
        let mut known: BTreeMap<ProductId, usize> = BTreeMap::new();
        for (line, StockLine { product_id, quantity }) in lines.iter().enumerate() {
            let id = fields.check(format!("lines[{line}].product_id"), product_id.parse());
            let field = format!("lines[{line}].quantity");
            let quantity = fields.check(field.as_str(), Quantity::new(*quantity));
            let (Some(id), Some(quantity)) = (id, quantity) else {
                continue;
            };
            let place = *known.entry(id).or_insert(items.len());
            read.push((place, quantity));
            match items.get_mut(place) {
                Some(present) => {
                    if let Some(sum) = fields.check(field, present.quantity.checked_add(quantity)) {
                        present.quantity = sum;
                    }
                }
                None => items.push(Item {
                    product_id: id,
                    stream: product_id.clone(),
                    quantity,
                    line,
                }),
            }
        }
        (read.len() == lines.len()).then_some(Self { items, lines: read })
    }

    /// The products, each once.
    pub(crate) fn products(&self) -> impl Iterator<Item = (&str, Quantity)> {
        self.items.iter().map(|item| (item.stream.as_str(), item.quantity))
    }

    /// The quantity of each line, and what `of_products` has for its product.
    pub(crate) fn by_line<'a, T>(&self, of_products: &'a [T]) -> impl Iterator<Item = (&'a T, Quantity)> {
        self.lines
            .iter()
            .filter_map(move |(place, quantity)| Some((of_products.get(*place)?, *quantity)))
    }

    /// Plans to take what is wanted from the products as they are.
    pub(crate) fn plan(&self, plan: Plan) -> Plan {
        self.items.iter().fold(plan, |plan, item| {
            plan.guard::<Product>(item.stream.as_str())
                .write::<Stock>(item.stream.as_str())
        })
    }

    /// Plans to look at the products and their stocks, and to hold nothing.
    pub(crate) fn plan_to_look(&self, plan: Plan) -> Plan {
        self.items.iter().fold(plan, |plan, item| {
            plan.read::<Product>(item.stream.as_str())
                .read::<Stock>(item.stream.as_str())
        })
    }

    /// Whether an order could take every line: the products as it would take them, and how many of each there are, in the order of
    /// [`products`](Self::products).
    pub(crate) fn check(&self, transaction: &Transaction<'_>) -> Result<Vec<(Orderable, i64)>, Refusal> {
        let mut stocks = Vec::with_capacity(self.items.len());
        let products = self.judge(transaction, |item, stock| {
            let (requested, available) = (item.quantity.get(), stock.available());
            if requested > available {
                return Err(StockError::Insufficient { requested, available });
            }
            stocks.push(available);
            Ok(())
        })?;
        Ok(products.into_iter().zip(stocks).collect())
    }

    /// Takes every line for the order, or none. The products are as they were at that moment, in the order of
    /// [`products`](Self::products).
    pub(crate) fn reserve(
        &self,
        transaction: &mut Transaction<'_>,
        order_id: OrderId,
    ) -> Result<Vec<Orderable>, Refusal> {
        let mut reserved = Vec::with_capacity(self.items.len());
        let products = self.judge(transaction, |item, stock| {
            let quantity = item.quantity;
            reserved.push((
                &item.stream,
                stock.decide(&StockCommand::Reserve { order_id, quantity })?,
            ));
            Ok(())
        })?;
        for (stream, events) in reserved {
            transaction.append::<Stock>(stream, events);
        }
        Ok(products)
    }

    /// Collects everything that speaks against the order; `take` judges the stock of what may be sold.
    fn judge<'a>(
        &'a self,
        transaction: &Transaction<'_>,
        mut take: impl FnMut(&'a Item, &Stock) -> Result<(), StockError>,
    ) -> Result<Vec<Orderable>, Refusal> {
        let mut refusal = Refusal::default();
        let mut products = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let live = transaction.state::<Product>(&item.stream).live();
            let (product, price) = match live.map(|product| (product, product.price)) {
                Ok((product, Some(price))) if product.status == ProductStatus::Active => (product, price),
                Ok(_) => {
                    refusal.products.push((item.line, Unsellable::NotActive));
                    continue;
                }
                Err(ProductError::Deleted) => {
                    refusal.products.push((item.line, Unsellable::Deleted));
                    continue;
                }
                Err(_) => {
                    refusal.products.push((item.line, Unsellable::NotFound));
                    continue;
                }
            };
            match take(item, transaction.state::<Stock>(&item.stream)) {
                Ok(()) => {}
                Err(StockError::Insufficient { requested, available }) => refusal.short.push(Short {
                    line: item.line,
                    product_id: item.product_id,
                    sku: product.sku.clone(),
                    requested,
                    available,
                }),
                Err(error) => refusal.stock = Some(error),
            }
            products.push(Orderable {
                product_id: item.product_id,
                sku: product.sku.clone(),
                name: product.name.clone(),
                category: product.category.clone(),
                price,
            });
        }
        if refusal.is_empty() { Ok(products) } else { Err(refusal) }
    }
}

/// A product as an order takes it on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Orderable {
    pub(crate) product_id: ProductId,
    pub(crate) sku: Sku,
    pub(crate) name: ProductName,
    pub(crate) category: CategoryPath,
    pub(crate) price: Price,
}

impl Orderable {
    /// The product as the services answer it.
    pub(crate) fn message(&self) -> OrderableProduct {
        OrderableProduct {
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
