//! Which credit undoes which order.
//!
//! The credit and the order stand in lanes of their own, so either may be read first. Both write this row: the second one finds
//! what the first one left.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rows::{ReadRow as _, Row as _, row};
use sqlx::PgConnection;

use crate::arrays::Arrays;
use crate::sales::entry::CustomerType;

/// Order and credit.
pub(crate) type Pair = (String, String);

/// What the order says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CreditedOrder {
    pub(crate) ordered_at: DateTime<Utc>,
    pub(crate) customer_type: CustomerType,
}

row! {
    /// A credit and an order that it undoes.
    pub(crate) struct Link {
        pub(crate) order_id: String,
        pub(crate) credit_id: String,
        /// `None`: the order was not heard yet.
        pub(crate) ordered_at: Option<DateTime<Utc>>,
        pub(crate) customer_type: Option<CustomerType>,
    }
    table "sales_link", key "order_id, credit_id", fill 90;
}

/// Leaves what this side knows of the links and takes what the other one left.
pub(crate) async fn exchange(
    version: i32,
    links: BTreeMap<Pair, Option<CreditedOrder>>,
    connection: &mut PgConnection,
) -> Result<BTreeMap<Pair, CreditedOrder>, sqlx::Error> {
    if links.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut arrays = Arrays::new(Link::TABLE);
    for ((order_id, credit_id), credited_order) in links {
        arrays.push(&Link {
            order_id,
            credit_id,
            ordered_at: credited_order.map(|credited_order| credited_order.ordered_at),
            customer_type: credited_order.map(|credited_order| credited_order.customer_type),
        });
    }
    let statement = format!(
        "{} ON CONFLICT (order_id, credit_id) DO UPDATE SET
             ordered_at = coalesce(excluded.ordered_at, t.ordered_at),
             customer_type = coalesce(excluded.customer_type, t.customer_type)
         RETURNING order_id, credit_id, ordered_at, customer_type",
        Link::TABLE.insert(version)
    );
    let rows = arrays.fetch(&statement, connection).await?;
    let mut linked = BTreeMap::new();
    for row in &rows {
        let link = Link::whole(row)?;
        if let (Some(ordered_at), Some(customer_type)) = (link.ordered_at, link.customer_type) {
            let credited_order = CreditedOrder {
                ordered_at,
                customer_type,
            };
            linked.insert((link.order_id, link.credit_id), credited_order);
        }
    }
    Ok(linked)
}

/// Orders turned out not to be the first ones of their customers.
pub(crate) async fn mark_returning(
    version: i32,
    orders: &[String],
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(&format!(
        "UPDATE {} SET customer_type = 'returning' WHERE order_id = ANY ($1) AND customer_type IS NOT NULL",
        Link::TABLE.name(version)
    ))
    .bind(orders)
    .execute(connection)
    .await?;
    Ok(())
}
