//! What a single answer was read at, so that caches notice when it is out of date.

use proto::v1::ReadAt;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder};

use crate::cells::Cells;
use crate::error::Error;

/// Ends a statement that begins with [`begin`]. One statement, one snapshot: the row and the cursors belong together. While events of the
/// aggregate are parked, its row may change without a cursor that moves.
const READ_AT: &str = ") row CROSS JOIN LATERAL (
    SELECT min(c.position) AS read_at_position, sum(m.version)::bigint AS read_at_generation, count(*) AS read_at_models,
        coalesce(bool_or(EXISTS (
            SELECT FROM projection_dead_letter d WHERE d.name = m.name AND d.version = m.version AND d.aggregate_id = ";

/// Begins a statement that reads one row together with what it was read at; the row's own statement follows.
pub(crate) fn begin<'q>() -> QueryBuilder<'q, Postgres> {
    QueryBuilder::new("SELECT * FROM (")
}

/// Ends it.
pub(crate) fn end<'q>(sql: &mut QueryBuilder<'q, Postgres>, id: &'q str, lane: i32, models: &'q [&'q str]) {
    sql.push(READ_AT)
        .push_bind(id)
        .push(")), false) AS read_at_parked FROM projections m JOIN projection_cursor c ON c.name = m.name AND c.version = m.version AND c.lane = ")
        .push_bind(lane)
        .push(" WHERE m.state = 'active' AND m.name = ANY(")
        .push_bind(models)
        .push(")) read_at");
}

/// What the row was read at; `None` when the answer is not to be kept.
pub(crate) fn read(table: &'static str, row: &PgRow, lane: i32, models: &[&str]) -> Result<Option<ReadAt>, Error> {
    let cells = Cells::new(table, row, "id");
    let whole = i64::try_from(models.len()) == Ok(cells.get::<i64>("read_at_models")?);
    if !whole || cells.get("read_at_parked")? {
        return Ok(None);
    }
    Ok(Some(ReadAt {
        lane: u32::try_from(lane).unwrap_or_default(),
        position: cells.count("read_at_position")?,
        generation: cells.count("read_at_generation")?,
    }))
}
