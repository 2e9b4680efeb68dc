//! Which credit undoes which order.
//!
//! The credit and the order stand in lanes of their own, so either may be read first. Both come by this row: whoever comes second finds
//! what the first one left.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::row::{Arrays, Row, Sink};
use crate::sales::entry::CustomerType;
use crate::table::{Column, Table, Type};

/// Order and credit.
pub(crate) type Pair = (String, String);

/// What the order says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undone {
    pub(crate) ordered_at: DateTime<Utc>,
    pub(crate) customer_type: CustomerType,
}

/// A credit and an order that it undoes.
pub(crate) struct Link {
    pub(crate) pair: Pair,
    /// `None`: the order was not heard yet.
    pub(crate) ordered_at: Option<DateTime<Utc>>,
    pub(crate) customer_type: Option<CustomerType>,
}

impl Row for Link {
    const TABLE: &'static Table = &Table {
        view: "sales_link",
        columns: &[
            Column::new("order_id", Type::Key),
            Column::new("credit_id", Type::Key),
            Column::new("ordered_at", Type::Time).nullable(),
            Column::new("customer_type", Type::Key).nullable(),
        ],
        key: "order_id, credit_id",
        indexes: &[],
        fillfactor: 90,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.pair.0));
        sink.text(Some(&self.pair.1));
        sink.time(self.ordered_at);
        sink.text(self.customer_type.map(CustomerType::as_str));
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            pair: (row.try_get("order_id")?, row.try_get("credit_id")?),
            ordered_at: row.try_get("ordered_at")?,
            customer_type: row.try_get::<Option<&str>, _>("customer_type")?.map(CustomerType::read),
        })
    }
}

/// Leaves what this side knows of the links and takes what the other one left.
pub(crate) async fn meet(
    version: i32,
    links: BTreeMap<Pair, Option<Undone>>,
    connection: &mut PgConnection,
) -> Result<BTreeMap<Pair, Undone>, sqlx::Error> {
    if links.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut arrays = Arrays::new(Link::TABLE);
    for (pair, undone) in links {
        arrays.push(&Link {
            pair,
            ordered_at: undone.map(|undone| undone.ordered_at),
            customer_type: undone.map(|undone| undone.customer_type),
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
    let mut met = BTreeMap::new();
    for row in &rows {
        let link = Link::read(row)?;
        if let (Some(ordered_at), Some(customer_type)) = (link.ordered_at, link.customer_type) {
            let undone = Undone {
                ordered_at,
                customer_type,
            };
            met.insert(link.pair, undone);
        }
    }
    Ok(met)
}

/// Orders turned out not to be the first ones of their customers.
pub(crate) async fn overtake(
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
