//! What a single answer was read at, so that it can be kept and be told when it is out of date.

use proto::v1::AsOf;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use crate::cells::Cells;
use crate::error::Error;

/// Ends a statement that begins with [`begin`]. One statement, one snapshot: the row and the cursors belong together. While events of the
/// aggregate are parked, its row may change without a cursor that moves.
const AS_OF: &str = ") row CROSS JOIN LATERAL (
    SELECT min(c.position) AS as_of_position, sum(m.version)::bigint AS as_of_generation, count(*) AS as_of_models,
        coalesce(bool_or(EXISTS (
            SELECT FROM projection_dead_letter d WHERE d.name = m.name AND d.version = m.version AND d.aggregate_id = ";

/// Begins a statement that reads one row together with what it was read at; the row's own statement follows.
pub(crate) fn begin<'q>() -> QueryBuilder<'q, Postgres> {
    QueryBuilder::new("SELECT * FROM (")
}

/// Ends it.
pub(crate) fn end<'q>(sql: &mut QueryBuilder<'q, Postgres>, id: &'q str, lane: i32, models: &'q [&'q str]) {
    sql.push(AS_OF)
        .push_bind(id)
        .push(")), false) AS as_of_parked FROM projections m JOIN projection_cursor c ON c.name = m.name AND c.version = m.version AND c.lane = ")
        .push_bind(lane)
        .push(" WHERE m.state = 'active' AND m.name = ANY(")
        .push_bind(models)
        .push(")) as_of");
}

/// What the row was read at; `None` when the answer is not to be kept.
pub(crate) fn read(table: &'static str, row: &PgRow, lane: i32, models: &[&str]) -> Result<Option<AsOf>, Error> {
    let cells = Cells::new(table, row, "id");
    let whole = i64::try_from(models.len()) == Ok(cells.get::<i64>("as_of_models")?);
    if !whole || cells.get("as_of_parked")? {
        return Ok(None);
    }
    Ok(Some(AsOf {
        lane: u32::try_from(lane).unwrap_or_default(),
        position: cells.count("as_of_position")?,
        generation: cells.count("as_of_generation")?,
    }))
}
