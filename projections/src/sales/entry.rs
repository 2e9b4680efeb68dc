//! The finest grain: what an order or a credit adds, product by product.

use chrono::{DateTime, Utc};
use domain::Currency;
use domain::order::Discount;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::row::{Row, Sink};
use crate::table::{Column, Index, Table, Type};

/// What kind of document an entry is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Cancellation,
    Credit,
    Sale,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cancellation => "cancellation",
            Self::Credit => "credit",
            Self::Sale => "sale",
        }
    }
}

/// Whose order it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum CustomerType {
    /// Nobody known.
    Guest,
    /// The first one of the customer.
    New,
    /// A later one.
    Returning,
}

impl CustomerType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::New => "new",
            Self::Returning => "returning",
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        match text {
            "new" => Self::New,
            "returning" => Self::Returning,
            _ => Self::Guest,
        }
    }

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
    pub(crate) currency: Currency,
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
    pub(crate) promotion: Promotion,
    pub(crate) tax: i64,
}

impl Entry {
    /// Entries of the same part have it in common.
    pub(crate) fn part(&self) -> (&str, &str, Kind) {
        (&self.order_id, &self.document, self.kind)
    }
}

impl Row for Entry {
    const TABLE: &'static Table = &Table {
        view: "sales_entry",
        columns: &[
            Column::new("order_id", Type::Key),
            Column::new("document", Type::Key),
            Column::new("kind", Type::Key),
            Column::new("line", Type::BigInt),
            Column::new("happened_at", Type::Time),
            Column::new("ordered_at", Type::Time),
            Column::new("currency", Type::Key),
            Column::new("country", Type::Key),
            Column::new("customer", Type::Key),
            Column::new("customer_type", Type::Key),
            Column::new("product", Type::Key),
            Column::new("category", Type::Key),
            Column::new("units", Type::BigInt),
            Column::new("amount", Type::BigInt),
            Column::new("discounts", Type::BigInt),
            Column::new("discount_code", Type::Key),
            Column::new("discount_campaign", Type::Key),
            Column::new("discount_kind", Type::Key),
            Column::new("tax", Type::BigInt),
        ],
        key: "order_id, document, kind, line",
        indexes: &[
            Index {
                suffix: "happened",
                definition: "(happened_at)",
            },
            Index {
                suffix: "undone",
                definition: "(ordered_at) WHERE kind <> 'sale'",
            },
            Index {
                suffix: "product",
                definition: "(product, happened_at)",
            },
            Index {
                suffix: "customer",
                definition: "(customer, happened_at)",
            },
        ],
        fillfactor: 95,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.order_id));
        sink.text(Some(&self.document));
        sink.text(Some(self.kind.as_str()));
        sink.bigint(Some(self.line));
        sink.time(Some(self.happened_at));
        sink.time(Some(self.ordered_at));
        sink.text(Some(self.currency.as_str()));
        sink.text(Some(&self.country));
        sink.text(Some(&self.customer));
        sink.text(Some(self.customer_type.as_str()));
        sink.text(Some(&self.product));
        sink.text(Some(&self.category));
        sink.bigint(Some(self.units));
        sink.bigint(Some(self.amount));
        sink.bigint(Some(self.discounts));
        sink.text(Some(&self.promotion.code));
        sink.text(Some(&self.promotion.campaign));
        sink.text(Some(&self.promotion.kind));
        sink.bigint(Some(self.tax));
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let currency = Currency::new(row.try_get::<&str, _>("currency")?);
        Ok(Self {
            order_id: row.try_get("order_id")?,
            document: row.try_get("document")?,
            kind: match row.try_get("kind")? {
                "sale" => Kind::Sale,
                "cancellation" => Kind::Cancellation,
                _ => Kind::Credit,
            },
            line: row.try_get("line")?,
            happened_at: row.try_get("happened_at")?,
            ordered_at: row.try_get("ordered_at")?,
            currency: currency.map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            country: row.try_get("country")?,
            customer: row.try_get("customer")?,
            customer_type: CustomerType::read(row.try_get("customer_type")?),
            product: row.try_get("product")?,
            category: row.try_get("category")?,
            units: row.try_get("units")?,
            amount: row.try_get("amount")?,
            discounts: row.try_get("discounts")?,
            promotion: Promotion {
                code: row.try_get("discount_code")?,
                campaign: row.try_get("discount_campaign")?,
                kind: row.try_get("discount_kind")?,
            },
            tax: row.try_get("tax")?,
        })
    }
}
