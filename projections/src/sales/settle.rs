//! A batch into the tables.
//!
//! Two things about an entry depend on other streams: whether its order was the customer's first, and when an order was placed that a
//! credit undoes. Streams of other lanes may be read earlier or later, so what was booked is booked again when more is known; in the
//! end it does not matter in which order lanes were read. Locks are taken in one order: customers, links, then sums.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rows::{ReadRow as _, Row as _};
use sqlx::{PgConnection, Row as _};

use crate::arrays::Arrays;
use crate::sales::bucket::{self, CustomerYear, Fine, Month, Year};
use crate::sales::customer::{self, FirstOrder, FirstOrders};
use crate::sales::delta::{Deltas, Sign};
use crate::sales::entry::{CustomerType, Entry, Kind};
use crate::sales::fold::BatchEntries;
use crate::sales::label;
use crate::sales::link::{self, CreditedOrder, Pair};

/// Who placed an order, and when.
#[derive(Clone)]
struct Sale {
    customer: String,
    at: DateTime<Utc>,
}

pub(crate) async fn settle(
    version: i32,
    batch: BatchEntries,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let BatchEntries {
        mut entries,
        credited,
        labels,
    } = batch;
    let sales = sales(version, &entries, &credited, connection).await?;
    let first_orders = first_orders(version, &entries, &credited, &sales, connection).await?;
    let credited_order = |order: &str| {
        sales.get(order).map(|sale| CreditedOrder {
            ordered_at: sale.at,
            customer_type: first_orders.of(&sale.customer, order),
        })
    };

    let mut deltas = Deltas::default();
    if !first_orders.no_longer_first.is_empty() {
        mark_returning(version, &first_orders.no_longer_first, &mut deltas, connection).await?;
    }
    let mut links: BTreeMap<Pair, Option<CreditedOrder>> = BTreeMap::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.kind == Kind::Credit && !entry.order_id.is_empty())
    {
        links
            .entry((entry.order_id.clone(), entry.document.clone()))
            .or_default();
    }
    let new_credits: BTreeSet<Pair> = links.keys().cloned().collect();
    for (order, credit) in credited {
        let known = credited_order(&order);
        links.insert((order, credit), known);
    }
    let older: Vec<Pair> = links
        .keys()
        .filter(|pair| !new_credits.contains(*pair))
        .cloned()
        .collect();
    let linked = link::exchange(version, links, connection).await?;
    update_credits(version, &older, &linked, &mut deltas, connection).await?;

    for entry in &mut entries {
        let known = match entry.kind {
            Kind::Sale | Kind::Cancellation => credited_order(&entry.order_id),
            Kind::Credit => linked.get(&(entry.order_id.clone(), entry.document.clone())).copied(),
        };
        if let Some(known) = known {
            entry.ordered_at = known.ordered_at;
            entry.customer_type = known.customer_type;
        }
    }
    deltas.add_all(&entries, Sign::Plus);
    insert(version, &entries, connection).await?;
    bucket::add::<Fine>(version, deltas.fine, connection).await?;
    bucket::add::<Month>(version, deltas.months, connection).await?;
    bucket::add::<Year>(version, deltas.years, connection).await?;
    bucket::add::<CustomerYear>(version, deltas.customers, connection).await?;
    label::store(version, labels, connection).await
}

/// The sales of the orders that the batch is about.
async fn sales(
    version: i32,
    entries: &[Entry],
    credited: &[(String, String)],
    connection: &mut PgConnection,
) -> Result<HashMap<String, Sale>, sqlx::Error> {
    let mut sales = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Sale) {
        sales.entry(entry.order_id.clone()).or_insert_with(|| Sale {
            customer: entry.customer.clone(),
            at: entry.happened_at,
        });
    }
    let cancelled = entries.iter().filter(|entry| entry.kind == Kind::Cancellation);
    let asked = cancelled
        .map(|entry| &entry.order_id)
        .chain(credited.iter().map(|(order, _)| order));
    let missing: BTreeSet<&String> = asked.filter(|order| !sales.contains_key(*order)).collect();
    if missing.is_empty() {
        return Ok(sales);
    }
    let rows = sqlx::query(&format!(
        "SELECT order_id, customer, happened_at FROM {}
         WHERE order_id = ANY ($1) AND document = '' AND kind = 'sale' AND line = 0",
        Entry::TABLE.name(version)
    ))
    .bind(missing.into_iter().map(String::as_str).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    for row in rows {
        let sale = Sale {
            customer: row.try_get("customer")?,
            at: row.try_get("happened_at")?,
        };
        sales.insert(row.try_get("order_id")?, sale);
    }
    Ok(sales)
}

async fn first_orders(
    version: i32,
    entries: &[Entry],
    credited: &[(String, String)],
    sales: &HashMap<String, Sale>,
    connection: &mut PgConnection,
) -> Result<FirstOrders, sqlx::Error> {
    let mut candidates: BTreeMap<String, FirstOrder> = BTreeMap::new();
    let mut held = BTreeSet::new();
    for entry in entries {
        match (entry.kind, sales.get(&entry.order_id)) {
            (Kind::Sale, Some(sale)) if !sale.customer.is_empty() => {
                let first = (sale.at, entry.order_id.clone());
                let present = candidates.entry(sale.customer.clone()).or_insert_with(|| first.clone());
                if first < *present {
                    *present = first;
                }
            }
            (Kind::Cancellation, Some(sale)) if !sale.customer.is_empty() => {
                held.insert(sale.customer.clone());
            }
            _ => {}
        }
    }
    let of_credits = credited.iter().filter_map(|(order, _)| sales.get(order));
    held.extend(
        of_credits
            .filter(|sale| !sale.customer.is_empty())
            .map(|sale| sale.customer.clone()),
    );
    customer::count_in(version, candidates, &held, connection).await
}

/// Books orders again whose customers turned out to have ordered before.
async fn mark_returning(
    version: i32,
    orders: &[String],
    deltas: &mut Deltas,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    link::mark_returning(version, orders, connection).await?;
    // Of credits those whose link the order has come by.
    let condition = format!(
        "t.order_id = ANY ($1) AND (t.kind <> 'credit' OR EXISTS (
             SELECT FROM {} l WHERE l.order_id = t.order_id AND l.credit_id = t.document AND l.ordered_at IS NOT NULL OFFSET 0))",
        link::Link::TABLE.name(version)
    );
    let rows = sqlx::query(&format!(
        "SELECT {} FROM {} t WHERE {condition} ORDER BY order_id, document, kind, line",
        Entry::TABLE.column_list(),
        Entry::TABLE.name(version)
    ))
    .bind(orders)
    .fetch_all(&mut *connection)
    .await?;
    replace_in_sums(&rows, deltas, |entry| entry.customer_type = CustomerType::Returning)?;
    sqlx::query(&format!(
        "UPDATE {} t SET customer_type = 'returning' WHERE {condition}",
        Entry::TABLE.name(version)
    ))
    .bind(orders)
    .execute(connection)
    .await?;
    Ok(())
}

/// Books credits again whose orders have come by.
async fn update_credits(
    version: i32,
    pairs: &[Pair],
    linked: &BTreeMap<Pair, CreditedOrder>,
    deltas: &mut Deltas,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let known: Vec<(&Pair, &CreditedOrder)> = pairs
        .iter()
        .filter_map(|pair| Some((pair, linked.get(pair)?)))
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    let orders: Vec<&str> = known.iter().map(|((order, _), _)| order.as_str()).collect();
    let credits: Vec<&str> = known.iter().map(|((_, credit), _)| credit.as_str()).collect();
    let table = Entry::TABLE.name(version);
    let rows = sqlx::query(&format!(
        "SELECT t.* FROM unnest($1::text[], $2::text[]) AS u (order_id, credit_id)
         CROSS JOIN LATERAL (
             SELECT {} FROM {table} WHERE order_id = u.order_id AND document = u.credit_id AND kind = 'credit' ORDER BY line) t",
        Entry::TABLE.column_list()
    ))
    .bind(&orders)
    .bind(&credits)
    .fetch_all(&mut *connection)
    .await?;
    replace_in_sums(&rows, deltas, |entry| {
        if let Some(credited_order) = linked.get(&(entry.order_id.clone(), entry.document.clone())) {
            entry.ordered_at = credited_order.ordered_at;
            entry.customer_type = credited_order.customer_type;
        }
    })?;
    sqlx::query(&format!(
        "UPDATE {table} t SET ordered_at = u.at, customer_type = u.customer_type
         FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) AS u (order_id, credit_id, at, customer_type)
         CROSS JOIN LATERAL (
             SELECT ctid FROM {table} WHERE order_id = u.order_id AND document = u.credit_id AND kind = 'credit'
             ORDER BY line FOR UPDATE) k
         WHERE t.ctid = k.ctid"
    ))
    .bind(&orders)
    .bind(&credits)
    .bind(known.iter().map(|(_, credited_order)| credited_order.ordered_at).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, credited_order)| credited_order.customer_type.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

fn replace_in_sums(
    rows: &[sqlx::postgres::PgRow],
    deltas: &mut Deltas,
    change: impl Fn(&mut Entry),
) -> Result<(), sqlx::Error> {
    let mut entries = rows.iter().map(Entry::whole).collect::<Result<Vec<_>, _>>()?;
    deltas.add_all(&entries, Sign::Minus);
    entries.iter_mut().for_each(change);
    deltas.add_all(&entries, Sign::Plus);
    Ok(())
}

async fn insert(version: i32, entries: &[Entry], connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut arrays = Arrays::new(Entry::TABLE);
    for entry in entries {
        arrays.push(entry);
    }
    arrays.execute(&Entry::TABLE.insert(version), connection).await
}
