//! The rules for single queries, the oldest first.

use proto::v1::{ListSearchRulesReply, ListSearchRulesRequest, SearchRule};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::settings::MODELS;
use crate::Query;
use crate::error::Error;
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::push_equal;

static LIST: List<Row> = List {
    name: "search_rules",
    sorts: &[Sort { name: "id", column: ID }],
    default_sort: "id",
    ties: &[],
};

/// Ids carry the time of their creation.
const ID: Column<Row> = Column {
    sql: "(rule ->> 'rule_id')",
    kind: Kind::Text,
    nullable: false,
    value: |row| Value::Text(row.id.clone()),
};

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    query: String,
    pinned: Vec<String>,
    hidden: Vec<String>,
}

pub(super) async fn list(query: &Query, request: ListSearchRulesRequest) -> Result<ListSearchRulesReply, Error> {
    let page = LIST.page(request.page, "", &request.id)?;
    let freshness = query.fresh(request.context.as_ref(), MODELS).await?;
    let mut sql = QueryBuilder::new(
        "SELECT rule ->> 'rule_id' AS id, rule ->> 'query' AS query,
                ARRAY(SELECT jsonb_array_elements_text(coalesce(rule -> 'pinned', '[]'))) AS pinned,
                ARRAY(SELECT jsonb_array_elements_text(coalesce(rule -> 'hidden', '[]'))) AS hidden
         FROM search_settings, jsonb_array_elements(settings -> 'rules') AS rule WHERE TRUE",
    );
    push_equal(&mut sql, "(rule ->> 'rule_id')", &request.id);
    page.push(&mut sql);
    let rows: Vec<Row> = sql.build_query_as().fetch_all(query.pool()).await?;
    let (rules, page) = page.finish(rows, message);
    Ok(ListSearchRulesReply {
        rules,
        page: Some(page),
        freshness: Some(freshness),
    })
}

fn message(row: Row) -> SearchRule {
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
