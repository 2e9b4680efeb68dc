//! Whether there is what a filter names. Asked when nothing was found: an empty list must not hide a mistyped id.

use sqlx::PgPool;

use crate::error::Error;

/// What an id is one of.
#[derive(Clone, Copy)]
pub enum Thing {
    /// A user, or a customer of imported orders, who has no account.
    Customer,
    /// A product, or the SKU of what was sold without one.
    Product,
}

impl Thing {
    async fn is_there(self, pool: &PgPool, id: &str) -> Result<bool, sqlx::Error> {
        let sql = match self {
            Self::Customer => {
                "SELECT EXISTS (SELECT FROM users WHERE id = $1) OR EXISTS (SELECT FROM orders WHERE customer_id = $1)"
            }
            Self::Product => {
                "SELECT EXISTS (SELECT FROM products WHERE id = $1) OR EXISTS (SELECT FROM sales_entry WHERE product = $1)"
            }
        };
        sqlx::query_scalar(sql).bind(id).fetch_one(pool).await
    }

    fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Product => "product",
        }
    }
}

/// Refuses a filter by a thing that is not there. Empty ids are no filter.
pub async fn check(pool: &PgPool, filters: &[(&'static str, Thing, &str)]) -> Result<(), Error> {
    for &(field, thing, id) in filters {
        if !id.is_empty() && !thing.is_there(pool, id).await? {
            return Err(Error::invalid(
                field,
                "unknown",
                format!("there is no such {}", thing.name()),
            ));
        }
    }
    Ok(())
}
