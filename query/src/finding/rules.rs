//! The rules for single queries.

use proto::v1::{ListSearchRulesReply, ListSearchRulesRequest, SearchRule};
use reads::Reads;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::settings::MODELS;
use crate::error::Error;
use crate::known::{self, Thing};
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::push_equal;

static LIST: List<Row> = List {
    name: "search_rules",
    sorts: &[
        Sort {
            name: "created_at",
            column: ID,
        },
        Sort {
            name: "query",
            column: Column {
                sql: "(rule ->> 'query')",
                kind: Kind::Text,
                nullable: false,
                value: |row| Value::Text(row.query.clone()),
            },
        },
    ],
    default_sort: "created_at",
    ties: &[ID],
};

/// Ids carry the time of their creation.
const ID: Column<Row> = Column {
    sql: "(rule ->> 'rule_id')",
    kind: Kind::Text,
    nullable: false,
    value: |row| Value::Text(row.id.clone()),
};

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: String,
    query: String,
    pinned: Vec<String>,
    hidden: Vec<String>,
}

pub(super) async fn list(query: &Reads, request: ListSearchRulesRequest) -> Result<ListSearchRulesReply, Error> {
    let page = LIST.page(
        request.page,
        &request.sort,
        &(&request.id, &request.search, &request.product_id),
    )?;
    let freshness = query.fresh(request.context.as_ref(), MODELS).await?;
    let mut sql = QueryBuilder::new(select("search_settings"));
    push_equal(&mut sql, "(rule ->> 'rule_id')", &request.id);
    if !request.search.is_empty() {
        sql.push(" AND strpos(lower(rule ->> 'query'), lower(")
            .push_bind(request.search)
            .push(")) > 0");
    }
    if !request.product_id.is_empty() {
        sql.push(" AND (coalesce(rule -> 'pinned', '[]') || coalesce(rule -> 'hidden', '[]')) ? ")
            .push_bind(request.product_id.clone());
    }
    page.push(&mut sql);
    let rows: Vec<Row> = sql.build_query_as().fetch_all(query.pool()).await?;
    if rows.is_empty() && page.is_first() {
        known::check(query.pool(), &[("product_id", Thing::Product, &request.product_id)]).await?;
    }
    let (rules, page) = page.finish(rows, message);
    Ok(ListSearchRulesReply {
        rules,
        page: Some(page),
        freshness: Some(freshness),
    })
}

/// Reads the rules of the view's one row, or of what has its shape; conditions may follow.
pub(crate) fn select(from: &str) -> String {
    format!(
        "SELECT rule ->> 'rule_id' AS id, rule ->> 'query' AS query,
                ARRAY(SELECT jsonb_array_elements_text(coalesce(rule -> 'pinned', '[]'))) AS pinned,
                ARRAY(SELECT jsonb_array_elements_text(coalesce(rule -> 'hidden', '[]'))) AS hidden
         FROM {from}, jsonb_array_elements(settings -> 'rules') AS rule WHERE TRUE"
    )
}

pub(crate) fn message(row: Row) -> SearchRule {
    SearchRule {
        created_at_micros: created_at_micros(&row.id),
        id: row.id,
        query: row.query,
        pinned: row.pinned,
        hidden: row.hidden,
    }
}

/// The time that the id carries, in microseconds since 1970.
fn created_at_micros(id: &str) -> i64 {
    let uuid = id.split_once('_').and_then(|(_, uuid)| Uuid::try_parse(uuid).ok());
    uuid.and_then(|uuid| uuid.get_timestamp()).map_or(0, |timestamp| {
        let (seconds, nanos) = timestamp.to_unix();
        i64::try_from(seconds * 1_000_000 + u64::from(nanos / 1_000)).unwrap_or_default()
    })
}
