//! Products: the catalogue as it stands.

use domain::product::{ProductEvent, ProductStatus};
use domain::{Attributes, Price};
use eventstore::Recorded;
use futures::future::BoxFuture;
use rows::Json;
use sqlx::PgConnection;

use crate::indexing;
use crate::keyed::{self, Keyed};
use crate::projection::ApplyError;

pub(crate) type ProductRow = rows::ProductRow<Json<Attributes>>;

impl Keyed for ProductRow {
    const CODE_VERSION: i32 = 2;
    const AGGREGATE_TYPE: &'static str = "product";

    type Event = ProductEvent;

    fn evolve(row: Option<Self>, event: ProductEvent, recorded: &Recorded) -> Option<Self> {
        let mut row = match event {
            ProductEvent::ProductCreated(created) => {
                let mut row = Self {
                    id: created.product_id.to_string(),
                    sku: created.sku.as_str().to_owned(),
                    name: created.name.as_str().to_owned(),
                    name_key: search::sort_key(created.name.as_str()),
                    description: created.description.as_str().to_owned(),
                    price_amount: 0,
                    currency: String::new(),
                    category: created.category.as_str().to_owned(),
                    attributes: Json(created.attributes),
                    status: created.status.as_str().to_owned(),
                    version: recorded.sequence,
                    created_at: recorded.occurred_at,
                    updated_at: recorded.occurred_at,
                    deleted_at: None,
                };
                if let Some(price) = created.price {
                    set_price(&mut row, price);
                }
                return Some(row);
            }
            ref later => changed(row?, later, recorded),
        };
        row.version = recorded.sequence;
        row.updated_at = recorded.occurred_at;
        Some(row)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn apply<'a>(
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            keyed::apply::<Self>(version, batch, connection).await?;
            indexing::mark_streams(batch, connection).await?;
            Ok(())
        })
    }
}

fn changed(mut row: ProductRow, event: &ProductEvent, recorded: &Recorded) -> ProductRow {
    match event {
        ProductEvent::ProductCreated(_) => {}
        ProductEvent::ProductUpdated(updated) => {
            replace(&mut row.sku, updated.sku.as_ref().map(domain::Sku::as_str));
            if let Some(name) = &updated.name {
                name.as_str().clone_into(&mut row.name);
                row.name_key = search::sort_key(&row.name);
            }
            replace(
                &mut row.description,
                updated.description.as_ref().map(domain::Description::as_str),
            );
            replace(
                &mut row.category,
                updated.category.as_ref().map(domain::CategoryPath::as_str),
            );
            for key in &updated.removed_attributes {
                row.attributes.0.remove(key);
            }
            row.attributes.0.extend(updated.set_attributes.clone());
        }
        ProductEvent::ProductPriceChanged { to, .. } => set_price(&mut row, *to),
        ProductEvent::ProductPublished {} => set_status(&mut row, ProductStatus::Active),
        ProductEvent::ProductArchived {} => set_status(&mut row, ProductStatus::Archived),
        ProductEvent::ProductDeleted {} => row.deleted_at = Some(recorded.occurred_at),
        ProductEvent::ProductRestored {} => row.deleted_at = None,
    }
    row
}

fn set_price(row: &mut ProductRow, price: Price) {
    row.price_amount = price.amount();
    row.currency = price.currency().to_string();
}

fn set_status(row: &mut ProductRow, status: ProductStatus) {
    status.as_str().clone_into(&mut row.status);
}

fn replace(field: &mut String, value: Option<&str>) {
    if let Some(value) = value {
        value.clone_into(field);
    }
}
