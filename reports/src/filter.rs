//! What a report is restricted to.

use proto::v1::SalesFilter;
use reads::error::Error;
use reads::known::{self, Thing};
use reads::ranges::currency;
use sqlx::PgPool;

/// In bytes: a category of 400 characters, each of four.
const MAX_KEY: usize = 1600;

/// Which entries count.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Filter {
    pub(super) product: Option<String>,
    pub(super) category: Option<String>,
    pub(super) direct: bool,
    pub(super) country: Option<String>,
    pub(super) customer: Option<String>,
    pub(super) discount_code: Option<String>,
    pub(super) discount_campaign: Option<String>,
    pub(super) discount_kind: Option<String>,
    /// Empty: any.
    pub(super) customer_type: String,
    /// Empty: any.
    pub(super) currency: String,
}

impl Filter {
    pub(super) fn new(asked: Option<&SalesFilter>, code: &str) -> Result<Self, Error> {
        let asked = asked.cloned().unwrap_or_default();
        for (field, value) in [
            ("product", &asked.product),
            ("category", &asked.category),
            ("country", &asked.country),
            ("customer", &asked.customer),
            ("discount_code", &asked.discount_code),
            ("discount_campaign", &asked.discount_campaign),
            ("discount_kind", &asked.discount_kind),
        ] {
            check_key(field, value.as_deref().unwrap_or_default())?;
        }
        if asked.direct && asked.category.is_none() {
            return Err(Error::invalid("direct", "contradiction", "needs a category"));
        }
        if !["", "new", "returning", "guest"].contains(&asked.customer_type.as_str()) {
            return Err(Error::invalid(
                "customer_type",
                "unknown",
                "must be new, returning or guest",
            ));
        }
        let kinds = ["", "line", "order", "loyalty", "coupon"];
        if asked
            .discount_kind
            .as_deref()
            .is_some_and(|kind| !kinds.contains(&kind))
        {
            return Err(Error::invalid(
                "discount_kind",
                "unknown",
                "must be line, order, loyalty or coupon",
            ));
        }
        if asked.customer.as_deref() == Some("") && !["", "guest"].contains(&asked.customer_type.as_str()) {
            let message = "orders of nobody known are always those of guests";
            return Err(Error::invalid("customer_type", "contradiction", message));
        }
        Ok(Self {
            product: asked.product,
            category: asked.category,
            direct: asked.direct,
            country: asked.country,
            customer: asked.customer,
            discount_code: asked.discount_code,
            discount_campaign: asked.discount_campaign,
            discount_kind: asked.discount_kind,
            customer_type: asked.customer_type,
            currency: currency(code.to_owned())?,
        })
    }

    /// Refuses a customer or a product that is not there.
    pub(super) async fn check(&self, pool: &PgPool) -> Result<(), Error> {
        let customer = self.customer.as_deref().unwrap_or_default();
        let product = self.product.as_deref().unwrap_or_default();
        known::check(
            pool,
            &[
                ("customer", Thing::Customer, customer),
                ("product", Thing::Product, product),
            ],
        )
        .await
    }

    /// Whether goods can be told apart by it.
    pub(super) fn of_goods(&self) -> bool {
        self.product.is_some() || self.category.is_some()
    }

    /// Whether it is about what took something off.
    pub(super) fn of_discounts(&self) -> bool {
        self.discount_code.is_some() || self.discount_campaign.is_some() || self.discount_kind.is_some()
    }
}

pub(super) fn check_key(field: &'static str, text: &str) -> Result<(), Error> {
    if text.len() > MAX_KEY || text.contains('\0') {
        return Err(Error::invalid(field, "malformed", "is no key of a report"));
    }
    Ok(())
}

/// How many names a category's path has.
pub(super) fn depth(path: &str) -> i32 {
    if path.is_empty() {
        return 0;
    }
    i32::try_from(path.split('/').count()).unwrap_or(i32::MAX)
}
