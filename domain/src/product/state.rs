use serde::{Deserialize, Serialize};

use crate::{
    Attributes, CategoryPath, Description, Price, ProductId, ProductName, Sku,
    aggregate::aggregate,
    product::{ProductCommand, ProductError, ProductEvent, ProductStatus, UpdatedProduct},
};

/// A product, or by default none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    details: Option<ProductDetails>,
}

/// All there is to know of a product that exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProductDetails {
    /// Its id.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// What it is.
    pub description: Description,
    /// What a unit costs; `None`: not known yet, so it is not sold.
    pub price: Option<Price>,
    /// Where it stands in the catalogue.
    pub category: CategoryPath,
    /// Free attributes.
    pub attributes: Attributes,
    /// Where it is in its life.
    pub status: ProductStatus,
    /// Whether it was put away.
    pub deleted: bool,
}

aggregate!(Product, ProductCommand, ProductEvent, ProductError);

impl Product {
    /// The product, deleted or not; `None`: it never existed.
    #[must_use]
    pub const fn details(&self) -> Option<&ProductDetails> {
        self.details.as_ref()
    }

    /// The product if it can be changed and sold, else why not.
    pub const fn live(&self) -> Result<&ProductDetails, ProductError> {
        match &self.details {
            None => Err(ProductError::NotFound),
            Some(details) if details.deleted => Err(ProductError::Deleted),
            Some(details) => Ok(details),
        }
    }

    pub(crate) fn evolve(&mut self, event: ProductEvent) {
        if let ProductEvent::ProductCreated(created) = event {
            self.details = Some(ProductDetails {
                product_id: created.product_id,
                sku: created.sku,
                name: created.name,
                description: created.description,
                price: created.price,
                category: created.category,
                attributes: created.attributes,
                status: created.status,
                deleted: false,
            });
            return;
        }
        let Some(details) = &mut self.details else {
            return;
        };
        match event {
            ProductEvent::ProductCreated(_) => {}
            ProductEvent::ProductUpdated(updated) => details.update(updated),
            ProductEvent::ProductPriceChanged { to, .. } => details.price = Some(to),
            ProductEvent::ProductPublished {} => details.status = ProductStatus::Active,
            ProductEvent::ProductArchived {} => details.status = ProductStatus::Archived,
            ProductEvent::ProductDeleted {} => details.deleted = true,
            ProductEvent::ProductRestored {} => details.deleted = false,
        }
    }
}

impl ProductDetails {
    fn update(&mut self, updated: UpdatedProduct) {
        if let Some(sku) = updated.sku {
            self.sku = sku;
        }
        if let Some(name) = updated.name {
            self.name = name;
        }
        if let Some(description) = updated.description {
            self.description = description;
        }
        if let Some(category) = updated.category {
            self.category = category;
        }
        for key in &updated.removed_attributes {
            self.attributes.remove(key);
        }
        self.attributes.extend(updated.set_attributes);
    }
}
