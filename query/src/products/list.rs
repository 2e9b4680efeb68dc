//! The catalogue, filtered, sorted and page by page.

use std::collections::BTreeMap;

use proto::v1::{ListProductsReply, ListProductsRequest, ProductStatus};
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};

use super::row::{ProductRow, SELECT, status_name};
use super::{MODELS, search};
use crate::Query;
use crate::error::Error;
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::{Amounts, currency, push_equal};

static LIST: List<ProductRow> = List {
    name: "products",
    sorts: &[
        Sort {
            name: "name",
            column: column("p.name", Kind::Text, |row| Value::Text(row.name().to_owned())),
        },
        Sort {
            name: "price",
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
    ],
    default_sort: "-created_at",
    ties: &[column("p.id", Kind::Text, |row| Value::Text(row.id().to_owned()))],
};

const fn column(sql: &'static str, kind: Kind, value: fn(&ProductRow) -> Value) -> Column<ProductRow> {
    Column {
        sql,
        kind,
        nullable: false,
        value,
    }
}

/// Which products the list has.
#[derive(Serialize)]
struct Filter {
    search: Vec<String>,
    category: String,
    statuses: Vec<&'static str>,
    sku: String,
    price: Amounts,
    currency: String,
    in_stock: Option<bool>,
    attributes: BTreeMap<String, String>,
    include_hidden: bool,
    deleted: bool,
}

pub(super) async fn list(query: &Query, request: ListProductsRequest) -> Result<ListProductsReply, Error> {
    let filter = Filter {
        search: search::words(&request.search)?,
        category: request.category,
        statuses: statuses(&request.statuses)?,
        sku: request.sku,
        price: Amounts::new(request.price),
        currency: currency(request.currency)?,
        in_stock: request.in_stock,
        attributes: request.attributes.into_iter().collect(),
        include_hidden: request.include_hidden,
        deleted: request.deleted,
    };
    let page = LIST.page(request.page, &request.sort, &filter)?;
    let (filter, beside) = (&filter, &page);
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new(SELECT);
        filter.push(&mut sql);
        beside.push(&mut sql);
        let rows = sql.build().fetch_all(&pool).await?;
        rows.iter().map(ProductRow::read).collect::<Result<Vec<_>, _>>()
    };
    let (rows, freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    let (products, page) = page.finish(rows, Into::into);
    Ok(ListProductsReply {
        products,
        page: Some(page),
        freshness: Some(freshness),
    })
}

fn statuses(asked: &[i32]) -> Result<Vec<&'static str>, Error> {
    let name = |number: &i32| ProductStatus::try_from(*number).ok().and_then(status_name);
    let names: Option<Vec<_>> = asked.iter().map(name).collect();
    let mut names = names.ok_or_else(|| Error::invalid("status", "unknown", "must be draft, active or archived"))?;
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

impl Filter {
    fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push(match (self.deleted, self.include_hidden) {
            (false, false) => "p.deleted_at IS NULL AND p.status = 'active'",
            (false, true) => "p.deleted_at IS NULL",
            (true, true) => "p.deleted_at IS NOT NULL",
            // What is deleted is hidden.
            (true, false) => "FALSE",
        });
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
        if !self.category.is_empty() {
            sql.push(" AND (p.category = ")
                .push_bind(self.category.clone())
                .push(" OR p.category LIKE ")
                .push_bind(search::below(&self.category))
                .push(")");
        }
        push_equal(sql, "p.sku", &self.sku);
        push_equal(sql, "p.currency", &self.currency);
        self.price.push(sql, "p.price_amount");
        match self.in_stock {
            Some(true) => sql.push(" AND s.on_hand > s.reserved"),
            Some(false) => sql.push(" AND coalesce(s.on_hand <= s.reserved, true)"),
            None => sql,
        };
        for (key, text) in &self.attributes {
            let objects: Vec<_> = search::meanings(text)
                .into_iter()
                .map(|value| serde_json::Value::Object([(key.clone(), value)].into_iter().collect()))
                .collect();
            sql.push(" AND p.attributes @> ANY(").push_bind(objects).push(")");
        }
    }
}
