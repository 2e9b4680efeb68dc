//! The catalogue, filtered, sorted and page by page.

use proto::v1::{ListProductsReply, ListProductsRequest, PageInfo, Product};
use reads::Reads;
use sqlx::{PgPool, QueryBuilder};

use super::MODELS;
use super::filter::{Filter, visible};
use super::row::{ProductRow, SELECT, SELECT_WITH_SALES};
use crate::error::Error;
use crate::list::{Column, Kind, List, Sort, Value};

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
