use std::collections::BTreeMap;

use registry::{Touched, fields};
use serde::{Deserialize, Serialize};

use crate::{
    AttributeKey, Attributes, CategoryPath, Description, Price, ProductId, ProductName, Sku,
    aggregate::{events, present},
    product::ProductStatus,
};

/// What happened to a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProductEvent {
    /// It entered the catalogue.
    ProductCreated(CreatedProduct),
    /// Some fields changed.
    ProductUpdated(UpdatedProduct),
    /// It costs something else.
    ProductPriceChanged {
        /// The price before; `None`: there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Price>,
        /// The price since.
        to: Price,
    },
    /// It is sold.
    ProductPublished {},
    /// It is no longer sold.
    ProductArchived {},
    /// It was put away.
    ProductDeleted {},
    /// It was brought back.
    ProductRestored {},
}

events!(
    "product",
    ProductEvent {
        ProductCreated: 1,
        ProductUpdated: 1,
        ProductPriceChanged: 1,
        ProductPublished: 1,
        ProductArchived: 1,
        ProductDeleted: 1,
        ProductRestored: 1,
    }
);

impl ProductEvent {
    fn touched(&self) -> Touched {
        match self {
            Self::ProductCreated(created) => {
                let mut touched = fields(&["sku", "name", "description"]);
                touched.extend(created.price.map(|_| "price".into()));
                touched.extend(fields(&["category", "status"]));
                touched.extend(attributes(created.attributes.keys()));
                touched
            }
            Self::ProductUpdated(updated) => {
                let mut touched = present(&[
                    ("sku", updated.sku.is_some()),
                    ("name", updated.name.is_some()),
                    ("description", updated.description.is_some()),
                    ("category", updated.category.is_some()),
                ]);
                touched.extend(attributes(
                    updated.set_attributes.keys().chain(&updated.removed_attributes),
                ));
                touched
            }
            Self::ProductPriceChanged { .. } => fields(&["price"]),
            Self::ProductPublished {} | Self::ProductArchived {} => fields(&["status"]),
            Self::ProductDeleted {} | Self::ProductRestored {} => fields(&["deleted_at"]),
        }
    }
}

/// `attributes` and each of them, when there are any.
fn attributes<'a>(keys: impl Iterator<Item = &'a AttributeKey>) -> Touched {
    let mut touched = fields(&["attributes"]);
    touched.extend(keys.map(|key| format!("attributes.{}", key.as_str()).into()));
    if touched.len() > 1 { touched } else { Touched::new() }
}

/// A product as it entered the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreatedProduct {
    /// Its id.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// What it is.
    pub description: Description,
    /// What a unit costs; `None`: not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Where it stands in the catalogue.
    pub category: CategoryPath,
    /// Free attributes.
    pub attributes: Attributes,
    /// Where its life began.
    pub status: ProductStatus,
}

/// The fields that changed; the others are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdatedProduct {
    /// The new SKU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// The SKU before, when it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_sku: Option<Sku>,
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ProductName>,
    /// The new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
    /// The new category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryPath>,
    /// Attributes that are new or have another value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_attributes: Attributes,
    /// Attributes that are gone, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_attributes: Vec<AttributeKey>,
}
