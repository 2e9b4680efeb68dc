//! The first order of each customer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::row::{Arrays, Row, Sink};
use crate::sales::entry::CustomerType;
use crate::table::{Column, Table, Type};

/// When and what a customer ordered first; of two orders at the same time the smaller id.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) first: First,
}

pub(crate) type First = (DateTime<Utc>, String);

impl Row for Customer {
    const TABLE: &'static Table = &Table {
        view: "sales_customer",
        columns: &[
            Column::new("customer_id", Type::Key),
            Column::new("first_at", Type::Time),
            Column::new("first_order", Type::Key),
        ],
        key: "customer_id",
        indexes: &[],
        fillfactor: 90,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.id));
        sink.time(Some(self.first.0));
        sink.text(Some(&self.first.1));
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("customer_id")?,
            first: (row.try_get("first_at")?, row.try_get("first_order")?),
        })
    }
}

/// What is known of the first orders after a batch's orders have been counted in.
#[derive(Default)]
pub(crate) struct Firsts {
    firsts: HashMap<String, First>,
    /// Orders that were taken for the first ones until now.
    pub(crate) overtaken: Vec<String>,
}

impl Firsts {
    /// Whose order it is.
    pub(crate) fn of(&self, customer: &str, order: &str) -> CustomerType {
        match self.firsts.get(customer) {
            _ if customer.is_empty() => CustomerType::Guest,
            Some((_, first)) if first == order => CustomerType::New,
            _ => CustomerType::Returning,
        }
    }
}

/// Counts orders in: `candidates` are the earliest new ones of their customers. A first order only ever moves to an earlier time, so
/// whoever ordered before needs no lock. `held` are customers whose first order must not change until the transaction ends.
pub(crate) async fn count_in(
    version: i32,
    candidates: BTreeMap<String, First>,
    held: &BTreeSet<String>,
    connection: &mut PgConnection,
) -> Result<Firsts, sqlx::Error> {
    let table = Customer::TABLE.name(version);
    let mut known = Firsts::default();
    if !candidates.is_empty() {
        let ids: Vec<&str> = candidates.keys().map(String::as_str).collect();
        let rows = sqlx::query(&Customer::TABLE.select(version))
            .bind(ids)
            .fetch_all(&mut *connection)
            .await?;
        known.take(&rows)?;
    }
    let early: Vec<Customer> = candidates
        .into_iter()
        .filter(|(id, first)| known.firsts.get(id).is_none_or(|present| first < present))
        .map(|(id, first)| Customer { id, first })
        .collect();
    let mut locked: Vec<&str> = held
        .iter()
        .map(String::as_str)
        .chain(early.iter().map(|customer| customer.id.as_str()))
        .collect();
    if locked.is_empty() {
        return Ok(known);
    }
    locked.sort_unstable();
    locked.dedup();
    let mut arrays = Arrays::new(Customer::TABLE);
    for customer in &early {
        arrays.push(customer);
    }
    if !early.is_empty() {
        let statement = format!("{} ON CONFLICT DO NOTHING", Customer::TABLE.insert(version));
        arrays.execute(&statement, connection).await?;
    }
    // The rows are locked in the order of `locked`, which is sorted.
    let statement = format!("{} FOR UPDATE", Customer::TABLE.select(version));
    let rows = sqlx::query(&statement).bind(locked).fetch_all(&mut *connection).await?;
    known.take(&rows)?;
    let mut moved = Vec::new();
    for customer in early {
        if let Some(present) = known.firsts.get_mut(&customer.id)
            && customer.first < *present
        {
            known
                .overtaken
                .push(std::mem::replace(present, customer.first.clone()).1);
            moved.push(customer);
        }
    }
    if !moved.is_empty() {
        sqlx::query(&format!(
            "UPDATE {table} t SET first_at = u.at, first_order = u.first
             FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS u (id, at, first)
             CROSS JOIN LATERAL (
                 SELECT ctid FROM {table} WHERE customer_id BETWEEN u.id AND u.id ORDER BY customer_id FOR UPDATE) k
             WHERE t.ctid = k.ctid"
        ))
        .bind(moved.iter().map(|customer| customer.id.as_str()).collect::<Vec<_>>())
        .bind(moved.iter().map(|customer| customer.first.0).collect::<Vec<_>>())
        .bind(
            moved
                .iter()
                .map(|customer| customer.first.1.as_str())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await?;
    }
    Ok(known)
}

impl Firsts {
    fn take(&mut self, rows: &[PgRow]) -> Result<(), sqlx::Error> {
        for row in rows {
            let customer = Customer::read(row)?;
            self.firsts.insert(customer.id, customer.first);
        }
        Ok(())
    }
}
