use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AttributeKey, Attributes, CategoryPath, Description, Price, ProductId, ProductName, Sku, aggregate::domain_event,
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

domain_event!(ProductEvent {
    ProductCreated,
    ProductUpdated,
    ProductPriceChanged,
    ProductPublished,
    ProductArchived,
    ProductDeleted,
    ProductRestored,
});

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
