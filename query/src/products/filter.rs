//! The conditions of a list of products.

use std::collections::BTreeMap;

use proto::v1::{ListProductsRequest, ProductStatus};
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};

use crate::error::Error;
use crate::like;
use crate::ranges::{Amounts, currency, push_equal};
use crate::row::Word as _;

/// The condition on one attribute: one of the values, or a number in one of the ranges.
#[derive(Default, Serialize)]
struct AttributeFilter {
    values: Vec<String>,
    ranges: Vec<(Option<f64>, Option<f64>)>,
}

/// The conditions of a list of products.
#[derive(Serialize)]
pub(crate) struct Filter {
    search: Vec<String>,
    categories: Vec<String>,
    statuses: Vec<String>,
    sku: String,
    price: Amounts,
    currency: String,
    in_stock: Option<bool>,
    attributes: BTreeMap<String, AttributeFilter>,
    ids: Vec<String>,
    pub(super) include_hidden: bool,
    pub(super) deleted: bool,
}

impl Filter {
    /// Checks which products are asked for.
    pub(crate) fn new(request: &ListProductsRequest) -> Result<Self, Error> {
        let one = (!request.category.is_empty()).then(|| request.category.clone());
        let mut attributes: BTreeMap<String, AttributeFilter> = BTreeMap::new();
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

    pub(super) fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
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

/// The condition that leaves out what is not for everybody's eyes.
pub(super) fn visible(deleted: bool, include_hidden: bool) -> &'static str {
    match (deleted, include_hidden) {
        (false, false) => "p.deleted_at IS NULL AND p.status = 'active'",
        (false, true) => "p.deleted_at IS NULL",
        (true, true) => "p.deleted_at IS NOT NULL",
        // What is deleted is hidden.
        (true, false) => "FALSE",
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
