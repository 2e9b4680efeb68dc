//! What is parked, and what was skipped.

use chrono::{DateTime, Utc};
use rows::Cell as _;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};

use super::{ParkedEvent, ParkedState, SkippedBy};
use crate::cursor::{from_columns, lane_column, position_column};
use crate::error::Error;
use crate::parked_id::ParkedId;

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this projection only.
    pub projection: Option<String>,
    /// In this state only.
    pub state: Option<ParkedState>,
    /// Of the stream of this id only.
    pub aggregate_id: Option<String>,
}

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParkedKey {
    /// The ids: read model, lane, position.
    #[default]
    Id,
    /// The times when they were parked, then the ids.
    ParkedAt,
}

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParkedOrder {
    /// By this.
    pub key: ParkedKey,
    /// The other way round.
    pub descending: bool,
}

/// The place of an event in the list, whatever its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedPlace {
    /// When it was parked.
    pub parked_at: DateTime<Utc>,
    /// Which one.
    pub id: ParkedId,
}

impl From<&ParkedEvent> for ParkedPlace {
    fn from(event: &ParkedEvent) -> Self {
        Self {
            parked_at: event.parked_at,
            id: event.id.clone(),
        }
    }
}

/// Where a page begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// At the first one.
    First,
    /// Behind this one.
    After(ParkedPlace),
    /// Before this one: the page ends there.
    Before(ParkedPlace),
}

/// A page of at most `limit` events that the active versions do not show.
pub async fn parked(
    pool: &PgPool,
    filter: &Filter,
    order: ParkedOrder,
    start: &Start,
    limit: usize,
) -> Result<Vec<ParkedEvent>, Error> {
    let (place, backwards) = match start {
        Start::First => (None, false),
        Start::After(place) => (Some(place), false),
        Start::Before(place) => (Some(place), true),
    };
    let (comparison, direction) = if order.descending == backwards {
        (">", "ASC")
    } else {
        ("<", "DESC")
    };
    let (column, value, sorted) = match order.key {
        ParkedKey::Id => ("", "", String::new()),
        ParkedKey::ParkedAt => ("x.parked_at, ", "$8, ", format!("x.parked_at {direction}, ")),
    };
    let statement = format!(
        "SELECT x.name, x.lane, x.position, x.state, x.aggregate_type, x.aggregate_id, e.sequence, x.event_id, e.event_type,
                x.error, x.attempts, x.parked_at, x.tried_at, x.skipped_by, x.reason, x.skipped_at
         FROM (SELECT d.name, d.lane, d.position, CASE WHEN d.error IS NULL THEN 'waiting' ELSE 'failed' END AS state,
                      d.aggregate_type, d.aggregate_id, d.event_id, d.error,
                      CASE WHEN d.error IS NULL THEN 0 ELSE d.attempts END AS attempts, d.parked_at, d.tried_at,
                      NULL AS skipped_by, NULL AS reason, NULL::timestamptz AS skipped_at
               FROM projection_dead_letter d JOIN projections p USING (name, version) WHERE p.state = 'active'
               UNION ALL
               SELECT s.name, s.lane, s.position, 'skipped', s.aggregate_type, s.aggregate_id, s.event_id, s.error, s.attempts,
                      s.parked_at, s.skipped_at, s.skipped_by, s.reason, s.skipped_at
               FROM projection_skip s) x
         JOIN events e ON e.lane = x.lane AND e.position = x.position
         WHERE ($1::text IS NULL OR x.name = $1) AND ($2::text IS NULL OR x.state = $2)
             AND ($3::text IS NULL OR x.aggregate_id = $3)
             AND ($8::timestamptz IS NULL OR ({column}x.name, x.lane, x.position) {comparison} ({value}$4::text COLLATE \"C\", $5, $6))
         ORDER BY {sorted}x.name COLLATE \"C\" {direction}, x.lane {direction}, x.position {direction} LIMIT $7"
    );
    let rows = sqlx::query(&statement)
        .bind(&filter.projection)
        .bind(filter.state.map(ParkedState::as_str))
        .bind(&filter.aggregate_id)
        .bind(place.map(|place| place.id.projection.as_str()))
        .bind(place.map_or(0, |place| lane_column(place.id.lane)))
        .bind(place.map_or(0, |place| position_column(place.id.position)))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(place.map(|place| place.parked_at))
        .fetch_all(pool)
        .await?;
    let mut events: Vec<ParkedEvent> = rows.iter().map(read).collect::<Result<_, _>>()?;
    if backwards {
        events.reverse();
    }
    Ok(events)
}

fn read(row: &PgRow) -> Result<ParkedEvent, sqlx::Error> {
    let (lane, position) = from_columns(row.try_get(1)?, row.try_get(2)?);
    let skipped = match (row.try_get(13)?, row.try_get(14)?, row.try_get(15)?) {
        (Some(actor), Some(reason), Some(at)) => Some(SkippedBy { actor, reason, at }),
        _ => None,
    };
    Ok(ParkedEvent {
        id: ParkedId {
            projection: row.try_get(0)?,
            lane,
            position,
        },
        state: ParkedState::get(row, 3)?,
        aggregate_type: row.try_get(4)?,
        aggregate_id: row.try_get(5)?,
        sequence: row.try_get::<i64, _>(6)?.unsigned_abs(),
        event_id: row.try_get(7)?,
        event_type: row.try_get(8)?,
        error: row.try_get(9)?,
        attempts: row.try_get::<i32, _>(10)?.unsigned_abs(),
        parked_at: row.try_get(11)?,
        tried_at: row.try_get(12)?,
        skipped,
    })
}
