//! The catalogue, filtered, sorted and page by page.

use std::collections::BTreeMap;

use proto::v1::{ListProductsReply, ListProductsRequest, PageInfo, Product, ProductStatus};
use reads::Reads;
use serde::Serialize;
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::MODELS;
use super::row::{ProductRow, SELECT, SELECT_WITH_SALES};
use crate::error::Error;
use crate::like;
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::{Amounts, currency, push_equal};
use crate::row::Word as _;

/// The read models of a list in the order of sales.
const MODELS_WITH_SALES: &[&str] = &["products", "stock", "product_sales"];
/// The order by units sold, which needs more than the product and its stock.
const SOLD: &str = "sold";
const PRICE: &str = "price";

static LIST: List<ProductRow> = List {
    name: "products",
    sorts: &[
        Sort {
            name: "name",
            column: column("p.name_key", Kind::Text, |row| {
                Value::Text(search::sort_key(row.name()))
            }),
        },
        // Its pages are those of `BY_PRICE`.
        Sort {
            name: PRICE,
            column: column("p.price_amount", Kind::Integer, |row| Value::Integer(row.price())),
        },
        Sort {
            name: "created_at",
            column: column("p.created_at", Kind::Time, |row| Value::Time(row.created_at)),
        },
        Sort {
            name: "updated_at",
            column: column("p.updated_at", Kind::Time, |row| Value::Time(row.updated_at)),
        },
        Sort {
            name: "sku",
            column: column("p.sku", Kind::Text, |row| Value::Text(row.sku().to_owned())),
        },
        Sort {
            name: SOLD,
            column: column("coalesce(u.sold - u.taken_back, 0)", Kind::Integer, |row| {
                Value::Integer(row.units_sold)
            }),
        },
    ],
    default_sort: "-created_at",
    ties: &[column("p.id", Kind::Text, |row| Value::Text(row.id().to_owned()))],
};

/// By currency, in each by amount: those of different currencies are not compared.
static BY_PRICE: List<ProductRow> = List {
    name: "products by price",
    sorts: &[Sort {
        name: PRICE,
        column: column("p.currency", Kind::Text, |row| Value::Text(row.currency().to_owned())),
    }],
    default_sort: PRICE,
    ties: &[
        column("p.price_amount", Kind::Integer, |row| Value::Integer(row.price())),
        column("p.id", Kind::Text, |row| Value::Text(row.id().to_owned())),
    ],
};

const fn column(sql: &'static str, kind: Kind, value: fn(&ProductRow) -> Value) -> Column<ProductRow> {
    Column {
        sql,
        kind,
        nullable: false,
        value,
    }
}

/// What the attribute of a key is to be: one of the values, or a number of one of the ranges.
#[derive(Default, Serialize)]
struct Wanted {
    values: Vec<String>,
    ranges: Vec<(Option<f64>, Option<f64>)>,
}

/// Which products the list has.
#[derive(Serialize)]
pub(crate) struct Filter {
    search: Vec<String>,
    categories: Vec<String>,
    statuses: Vec<String>,
    sku: String,
    price: Amounts,
    currency: String,
    in_stock: Option<bool>,
    attributes: BTreeMap<String, Wanted>,
    ids: Vec<String>,
    include_hidden: bool,
    deleted: bool,
}

pub(super) async fn list(query: &Reads, request: ListProductsRequest) -> Result<ListProductsReply, Error> {
    let filter = Filter::new(&request)?;
    check_sort(&request.sort)?;
    let (asked, chosen) = (&request, &filter);
    let read = |pool: PgPool| async move { page(&pool, asked, chosen, 0).await };
    let ((products, page), freshness) = query
        .read(request.context.as_ref(), models(&request.sort), read)
        .await?;
    Ok(ListProductsReply {
        products,
        page: Some(page),
        freshness: Some(freshness),
    })
}

/// What a list in this order is answered from.
fn models(sort: &str) -> &'static [&'static str] {
    if is_by_sales(sort) { MODELS_WITH_SALES } else { MODELS }
}

fn is_by_sales(sort: &str) -> bool {
    sort.trim_start_matches('-') == SOLD
}

/// A page of the list, `skip` products further.
pub(crate) async fn page(
    pool: &PgPool,
    request: &ListProductsRequest,
    filter: &Filter,
    skip: usize,
) -> Result<(Vec<Product>, PageInfo), Error> {
    let sort = order(&request.sort);
    let page = walk(sort).page(request.page.clone(), sort, filter)?;
    let mut sql = QueryBuilder::new(select(sort));
    filter.push(&mut sql);
    page.push(&mut sql);
    if skip > 0 {
        sql.push(" OFFSET ").push_bind(i64::try_from(skip).unwrap_or(i64::MAX));
    }
    let rows = sql.build().fetch_all(pool).await?;
    let rows = rows.iter().map(ProductRow::read).collect::<Result<_, _>>()?;
    Ok(page.finish(rows, Into::into))
}

/// A page of those of the products that are still to be shown, in the list's order. Who chose them has applied the filter.
pub(crate) async fn among(
    pool: &PgPool,
    request: &ListProductsRequest,
    filter: &Filter,
    ids: &[String],
) -> Result<(Vec<Product>, PageInfo), Error> {
    let sort = order(&request.sort);
    let page = walk(sort).page(request.page.clone(), sort, filter)?;
    let mut sql = QueryBuilder::new(select(sort));
    sql.push(visible(filter.deleted, filter.include_hidden));
    sql.push(" AND p.id = ANY(").push_bind(ids).push(")");
    page.push(&mut sql);
    let rows = sql.build().fetch_all(pool).await?;
    let rows = rows.iter().map(ProductRow::read).collect::<Result<_, _>>()?;
    Ok(page.finish(rows, Into::into))
}

/// Those of the products that are still to be shown, in any order.
pub(crate) async fn of_ids(pool: &PgPool, ids: &[String], include_hidden: bool) -> Result<Vec<Product>, Error> {
    let mut sql = QueryBuilder::new(SELECT.as_str());
    sql.push(visible(false, include_hidden));
    sql.push(" AND p.id = ANY(").push_bind(ids).push(")");
    let rows = sql.build().fetch_all(pool).await?;
    let products = rows.iter().map(|row| ProductRow::read(row).map(Product::from));
    products.collect()
}

/// The product of a SKU; none: nothing has it.
pub(crate) async fn ids_of_sku(pool: &PgPool, sku: &str) -> Result<Vec<String>, Error> {
    Ok(
        sqlx::query_scalar("SELECT id FROM products WHERE sku = $1 AND deleted_at IS NULL")
            .bind(sku)
            .fetch_all(pool)
            .await?,
    )
}

/// Refuses an order that the list does not know.
pub(crate) fn check_sort(sort: &str) -> Result<(), Error> {
    LIST.check_sort(order(sort))
}

/// Relevance is for words, and the list has none of it: its own order then.
fn order(sort: &str) -> &str {
    if sort == "relevance" { "" } else { sort }
}

/// The list that is walked in an order.
fn walk(sort: &str) -> &'static List<ProductRow> {
    if sort.trim_start_matches('-') == PRICE {
        &BY_PRICE
    } else {
        &LIST
    }
}

fn select(sort: &str) -> &'static str {
    if is_by_sales(sort) { &SELECT_WITH_SALES } else { &SELECT }
}

/// The condition that leaves out what is not for everybody's eyes.
fn visible(deleted: bool, include_hidden: bool) -> &'static str {
    match (deleted, include_hidden) {
        (false, false) => "p.deleted_at IS NULL AND p.status = 'active'",
        (false, true) => "p.deleted_at IS NULL",
        (true, true) => "p.deleted_at IS NOT NULL",
        // What is deleted is hidden.
        (true, false) => "FALSE",
    }
}

impl Filter {
    /// Checks which products are asked for.
    pub(crate) fn new(request: &ListProductsRequest) -> Result<Self, Error> {
        let one = (!request.category.is_empty()).then(|| request.category.clone());
        let mut attributes: BTreeMap<String, Wanted> = BTreeMap::new();
        for (key, value) in &request.attributes {
            attributes.entry(key.clone()).or_default().values.push(value.clone());
        }
        for any in &request.any_of {
            let wanted = attributes.entry(any.key.clone()).or_default();
            wanted.values.extend(any.values.iter().cloned());
        }
        for range in &request.ranges {
            let wanted = attributes.entry(range.key.clone()).or_default();
            wanted.ranges.push((range.min, range.max));
        }
        Ok(Self {
            search: like::words(&request.search)?,
            categories: request.categories.iter().cloned().chain(one).collect(),
            statuses: ProductStatus::asked(&request.statuses)?,
            sku: request.sku.clone(),
            price: Amounts::new(request.price),
            currency: currency(request.currency.clone())?,
            in_stock: request.in_stock,
            attributes,
            ids: request.ids.clone(),
            include_hidden: request.include_hidden,
            deleted: request.deleted,
        })
    }

    pub(crate) fn sku(&self) -> &str {
        &self.sku
    }

    pub(crate) fn include_hidden(&self) -> bool {
        self.include_hidden
    }

    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push(visible(self.deleted, self.include_hidden));
        if !self.statuses.is_empty() {
            sql.push(" AND p.status = ANY(")
                .push_bind(self.statuses.clone())
                .push(")");
        }
        for word in &self.search {
            // One expression, for one trigram index to serve it. A word has no spaces, so it matches in one column. The
            // collation is said because that of the SKU, which would win, knows the case of ASCII letters only.
            sql.push(" AND (p.name || ' ' || p.sku || ' ' || p.description) COLLATE \"default\" ILIKE ")
                .push_bind(word.clone());
        }
        if !self.categories.is_empty() {
            let below: Vec<_> = self.categories.iter().map(|path| like::below(path)).collect();
            sql.push(" AND (p.category = ANY(")
                .push_bind(self.categories.clone())
                .push(") OR p.category LIKE ANY(")
                .push_bind(below)
                .push("))");
        }
        if !self.ids.is_empty() {
            sql.push(" AND p.id = ANY(").push_bind(self.ids.clone()).push(")");
        }
        push_equal(sql, "p.sku", &self.sku);
        push_equal(sql, "p.currency", &self.currency);
        self.price.push(sql, "p.price_amount");
        match self.in_stock {
            Some(true) => sql.push(" AND s.on_hand > s.reserved"),
            Some(false) => sql.push(" AND coalesce(s.on_hand <= s.reserved, true)"),
            None => sql,
        };
        for (key, wanted) in &self.attributes {
            let values = wanted.values.iter();
            let objects: Vec<_> = values
                .flat_map(|text| like::meanings(text))
                .map(|value| serde_json::Value::Object([(key.clone(), value)].into_iter().collect()))
                .collect();
            sql.push(" AND (p.attributes @> ANY(").push_bind(objects).push(")");
            for (min, max) in &wanted.ranges {
                push_range(sql, key, *min, *max);
            }
            sql.push(")");
        }
    }
}

/// Or the attribute is a number, or a text that reads as one, of a range. What is too large for the engine to know it as a number is
/// none here either.
fn push_range(sql: &mut QueryBuilder<'_, Postgres>, key: &str, min: Option<f64>, max: Option<f64>) {
    // In this order: what is no number must not be taken for one. As numeric, of which no such text is too large.
    sql.push(" OR CASE WHEN length(p.attributes ->> ")
        .push_bind(key.to_owned());
    sql.push(") < 1000 AND p.attributes ->> ").push_bind(key.to_owned());
    sql.push(r" ~ '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$' THEN (p.attributes ->> ")
        .push_bind(key.to_owned());
    sql.push(")::numeric BETWEEN ");
    push_number(sql, min.unwrap_or(f64::MIN));
    sql.push(" AND ");
    push_number(sql, max.unwrap_or(f64::MAX));
    sql.push(" ELSE false END");
}

/// A number with all of its digits: the cast from double precision to numeric keeps 15.
fn push_number(sql: &mut QueryBuilder<'_, Postgres>, number: f64) {
    sql.push_bind(number.to_string()).push("::numeric");
}
