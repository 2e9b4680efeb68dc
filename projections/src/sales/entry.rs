//! The finest grain: what an order or a credit adds, product by product.

use chrono::{DateTime, Utc};
use domain::Currency;
use domain::order::Discount;
use rows::{Code, row, words};

words! {
    /// What kind of document an entry is of.
    pub(crate) enum Kind {
        Cancellation = "cancellation",
        Credit = "credit",
        Sale = "sale",
    }
}

words! {
    /// Whose order it is.
    pub(crate) enum CustomerType {
        /// Nobody known.
        Guest = "guest",
        /// The first one of the customer.
        New = "new",
        /// A later one.
        Returning = "returning",
    }
}

impl CustomerType {
    /// That of money given back for no order that is known: whoever is known bought before.
    pub(crate) fn without_order(customer: &str) -> Self {
        if customer.is_empty() {
            Self::Guest
        } else {
            Self::Returning
        }
    }
}

/// What took something off; what is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Promotion {
    pub(crate) code: String,
    pub(crate) campaign: String,
    pub(crate) kind: String,
}

impl From<&Discount> for Promotion {
    fn from(discount: &Discount) -> Self {
        Self {
            code: discount.code.as_ref().map(ToString::to_string).unwrap_or_default(),
            campaign: discount.campaign.as_ref().map(ToString::to_string).unwrap_or_default(),
            kind: discount.kind.as_str().to_owned(),
        }
    }
}

row! {
    /// The lines of a document with one product and one promotion, and of a credit with one order.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Entry {
        /// The order that is sold or undone; empty: not known.
        pub(crate) order_id: String,
        /// Of a credit its id, else empty.
        pub(crate) document: String,
        pub(crate) kind: Kind,
        /// Counted from 0 within the document's part of the order.
        pub(crate) line: i64,
        pub(crate) happened_at: DateTime<Utc>,
        /// When the order was placed that is undone; as far as that is known.
        pub(crate) ordered_at: DateTime<Utc>,
        pub(crate) currency: Code<Currency>,
        pub(crate) country: String,
        pub(crate) customer: String,
        pub(crate) customer_type: CustomerType,
        /// Empty: nothing was traded, as in an order of nothing but adjustments.
        pub(crate) product: String,
        pub(crate) category: String,
        pub(crate) units: i64,
        /// Before tax; of a sale before the discount too, of what is taken back after it.
        pub(crate) amount: i64,
        /// Of a sale.
        pub(crate) discounts: i64,
        /// The [`Promotion`].
        pub(crate) discount_code: String,
        pub(crate) discount_campaign: String,
        pub(crate) discount_kind: String,
        pub(crate) tax: i64,
    }
    table "sales_entry", key "order_id, document, kind, line", fill 95;
    index happened "(happened_at)";
    index undone "(ordered_at) WHERE kind <> 'sale'";
    index product "(product, happened_at)";
    index customer "(customer, happened_at)";
}

impl Entry {
    /// Entries of the same part have it in common.
    pub(crate) fn part(&self) -> (&str, &str, Kind) {
        (&self.order_id, &self.document, self.kind)
    }
}
