//! A product as the services answer it.

use chrono::{DateTime, Utc};
use domain::{
    AttributeValue,
    product::{Product, ProductDetails, ProductError, ProductStatus},
    stock::Stock,
};
use eventstore::Committed;
use proto::{
    failure::Failure,
    v1::{self, ProductReply},
};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::{
    core::{Core, created_at_micros},
    reply,
    stock_level::StockLevel,
};

/// A product right after a command: what is stored under an idempotency key and told to the caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    product: ProductDetails,
    version: u64,
    stock: StockLevel,
    /// `None`: the command changed nothing.
    changed_at: Option<DateTime<Utc>>,
}

impl Outcome {
    pub(super) fn new(
        product: Option<&ProductDetails>,
        version: u64,
        stock: &Stock,
        stock_version: u64,
        changed_at: Option<DateTime<Utc>>,
    ) -> Result<Self, Refusal> {
        let product = product.ok_or(Refusal::Product(ProductError::NotFound))?;
        Ok(Self {
            product: product.clone(),
            version,
            stock: StockLevel::of(stock, stock_version),
            changed_at,
        })
    }

    /// Whether the command changed the product.
    pub(super) fn changed(&self) -> bool {
        self.changed_at.is_some()
    }
}

/// The answer to a command.
pub(super) async fn reply(core: &Core, committed: Committed<Outcome>) -> Result<ProductReply, Failure> {
    let outcome = &committed.value;
    let updated_at = match outcome.changed_at {
        Some(at) => at.timestamp_micros(),
        None => {
            core.last_change_micros::<Product>(&outcome.product.product_id.to_string())
                .await?
        }
    };
    Ok(ProductReply {
        committed: Some(reply::committed(&committed, outcome.version)),
        product: Some(message(outcome, updated_at)),
    })
}

fn message(outcome: &Outcome, updated_at_micros: i64) -> v1::Product {
    let product = &outcome.product;
    v1::Product {
        id: product.product_id.to_string(),
        sku: product.sku.to_string(),
        name: product.name.to_string(),
        description: product.description.to_string(),
        price: product.price.map(|price| v1::Money {
            amount: price.amount(),
            currency: price.currency().to_string(),
        }),
        category: product.category.to_string(),
        attributes: product
            .attributes
            .iter()
            .map(|(key, value)| (key.to_string(), attribute(value)))
            .collect(),
        status: match product.status {
            ProductStatus::Draft => v1::ProductStatus::Draft,
            ProductStatus::Active => v1::ProductStatus::Active,
            ProductStatus::Archived => v1::ProductStatus::Archived,
        }
        .into(),
        version: outcome.version,
        stock: Some(outcome.stock.message()),
        created_at_micros: created_at_micros(product.product_id.uuid()),
        updated_at_micros,
        // A deleted product takes no change but its restoration, so its last change is its deletion.
        deleted_at_micros: product.deleted.then_some(updated_at_micros),
    }
}

fn attribute(value: &AttributeValue) -> v1::AttributeValue {
    use v1::attribute_value::Value;
    v1::AttributeValue {
        value: Some(match value {
            AttributeValue::Text(text) => Value::Text(text.to_string()),
            AttributeValue::Integer(integer) => Value::Integer(*integer),
            AttributeValue::Number(number) => Value::Number(*number),
            AttributeValue::Boolean(boolean) => Value::Boolean(*boolean),
        }),
    }
}
