use chrono::{DateTime, Utc};

use crate::{
    CategoryPath, Country, CountryCode, CreditId, Currency, CustomerReference, ExternalId, Money, OrderId, Price,
    ProductId, ProductName, Quantity, Reason, Sku, Source, UserId, order::ImportedLine,
};

/// What can be asked of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderCommand {
    /// Place it.
    Place(PlaceOrder),
    /// Call it off. Again is no error and makes no event.
    Cancel {
        /// Why.
        reason: Reason,
    },
    /// Give it up before it was placed: it can no longer be placed then. Again is no error and makes no
    /// event.
    Abandon {
        /// Why.
        reason: Reason,
    },
    /// Record an order of another system as a fact. The same again is no error and makes no event.
    Import(ImportOrder),
    /// Record that a credit took back part of it. The same again is no error and makes no event.
    Credit {
        /// The credit.
        credit_id: CreditId,
        /// How much it took back, in minor units of the order's currency.
        amount: i64,
        /// How many units of products it took back.
        units: i64,
    },
}

/// An order to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOrder {
    /// Its id.
    pub order_id: OrderId,
    /// Its number, for people.
    pub number: u64,
    /// Who orders.
    pub customer_id: UserId,
    /// Where to.
    pub country: Option<CountryCode>,
    /// What it is paid in; every line must be priced in it.
    pub currency: Currency,
    /// What is ordered: 1 to [`crate::order::MAX_LINES`] lines.
    pub lines: Vec<PlaceLine>,
    /// What the customer was shown; another total is refused.
    pub expected_total: Option<Money>,
    /// When; recorded in microseconds.
    pub placed_at: DateTime<Utc>,
}

/// A product and how many of it, priced by the product and not by the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceLine {
    /// The product.
    pub product_id: ProductId,
    /// Its SKU.
    pub sku: Sku,
    /// Its name.
    pub name: ProductName,
    /// Where it stands in the catalogue.
    pub category: CategoryPath,
    /// How many.
    pub quantity: Quantity,
    /// What one costs.
    pub unit_price: Price,
}

/// An order of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOrder {
    /// Its id, [`OrderId::imported`].
    pub order_id: OrderId,
    /// Where it comes from.
    pub source: Source,
    /// Its id there.
    pub external_id: ExternalId,
    /// Who ordered, [`UserId::imported`], if known.
    pub customer_id: Option<UserId>,
    /// What the customer is called there, if known.
    pub customer_reference: Option<CustomerReference>,
    /// Where to, if known.
    pub country: Option<Country>,
    /// What it was paid in.
    pub currency: Currency,
    /// What was ordered: 1 to [`crate::order::MAX_IMPORTED_LINES`] lines.
    pub lines: Vec<ImportedLine>,
}
