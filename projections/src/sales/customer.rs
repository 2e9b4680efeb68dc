//! The first order of each customer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rows::{ReadRow as _, Row as _, row};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use crate::arrays::Arrays;
use crate::sales::entry::CustomerType;

row! {
    /// When and what a customer ordered first; of two orders at the same time the smaller id.
    #[derive(Clone, Debug)]
    #[expect(clippy::struct_field_names, reason = "columns have the names that reports know")]
    pub(crate) struct Customer {
        customer_id: String,
        first_at: DateTime<Utc>,
        first_order: String,
    }
    table "sales_customer", key "customer_id", fill 90;
}

pub(crate) type FirstOrder = (DateTime<Utc>, String);

/// What is known of the first orders after a batch's orders have been counted in.
#[derive(Default)]
pub(crate) struct FirstOrders {
    first_orders: HashMap<String, FirstOrder>,
    /// Orders that were taken for the first ones until now.
    pub(crate) no_longer_first: Vec<String>,
}

impl FirstOrders {
    /// Whose order it is.
    pub(crate) fn of(&self, customer: &str, order: &str) -> CustomerType {
        match self.first_orders.get(customer) {
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
    candidates: BTreeMap<String, FirstOrder>,
    held: &BTreeSet<String>,
    connection: &mut PgConnection,
) -> Result<FirstOrders, sqlx::Error> {
    let table = Customer::TABLE.name(version);
    let mut known = FirstOrders::default();
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
        .filter(|(id, first)| known.first_orders.get(id).is_none_or(|present| first < present))
        .map(|(customer_id, (first_at, first_order))| Customer {
            customer_id,
            first_at,
            first_order,
        })
        .collect();
    let mut locked: Vec<&str> = held
        .iter()
        .map(String::as_str)
        .chain(early.iter().map(|customer| customer.customer_id.as_str()))
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
        if let Some(present) = known.first_orders.get_mut(&customer.customer_id)
            && (customer.first_at, &customer.first_order) < (present.0, &present.1)
        {
            known
                .no_longer_first
                .push(std::mem::replace(present, (customer.first_at, customer.first_order.clone())).1);
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
        .bind(
            moved
                .iter()
                .map(|customer| customer.customer_id.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(moved.iter().map(|customer| customer.first_at).collect::<Vec<_>>())
        .bind(
            moved
                .iter()
                .map(|customer| customer.first_order.as_str())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await?;
    }
    Ok(known)
}

impl FirstOrders {
    fn take(&mut self, rows: &[PgRow]) -> Result<(), sqlx::Error> {
        for row in rows {
            let customer = Customer::whole(row)?;
            self.first_orders
                .insert(customer.customer_id, (customer.first_at, customer.first_order));
        }
        Ok(())
    }
}
