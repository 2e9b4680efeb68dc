use std::collections::BTreeSet;

use crate::{
    AttributeKey, Attributes, CategoryPath, Currency, Description, Price, ProductId, ProductName, Sku,
    product::ProductStatus,
};

/// What can be asked of a product. Asking for what is already so is no error and makes no event.
#[derive(Clone, Debug, PartialEq)]
pub enum ProductCommand {
    /// Begin a product.
    Create(CreateProduct),
    /// Change some fields.
    Update(UpdateProduct),
    /// Change the price.
    ChangePrice {
        /// The new price.
        price: Price,
    },
    /// Change one half of the price; the other half stays.
    AmendPrice {
        /// The new amount, in minor units.
        amount: Option<i64>,
        /// The new currency.
        currency: Option<Currency>,
    },
    /// Change the price within its currency: a list in another one is another list, not a new price.
    Reprice {
        /// The new price.
        price: Price,
    },
    /// Sell it: draft or archived becomes active.
    Publish,
    /// Stop selling it: draft or active becomes archived.
    Archive,
    /// Put it away; [`ProductCommand::Restore`] brings it back.
    Delete,
    /// Bring a deleted product back, as it was.
    Restore,
}

/// A new product.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateProduct {
    /// Its id.
    pub product_id: ProductId,
    /// Its SKU; that no other product has it is the matter of the SKU's own stream.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// What it is.
    pub description: Description,
    /// What a unit costs; `None`: not known yet, so it is not sold.
    pub price: Option<Price>,
    /// Where it stands in the catalogue.
    pub category: CategoryPath,
    /// Free attributes, at most [`crate::MAX_ATTRIBUTES`].
    pub attributes: Attributes,
    /// Where its life begins.
    pub status: ProductStatus,
}

/// Changes to a product; what is `None` or empty stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateProduct {
    /// A new SKU.
    pub sku: Option<Sku>,
    /// A new name.
    pub name: Option<ProductName>,
    /// A new description.
    pub description: Option<Description>,
    /// A new category.
    pub category: Option<CategoryPath>,
    /// Attributes to set. Wins over `remove_attributes`.
    pub set_attributes: Attributes,
    /// Attributes to remove; absent ones are no matter.
    pub remove_attributes: BTreeSet<AttributeKey>,
    /// Remove all attributes but those to set.
    pub clear_attributes: bool,
}
