//! Events that cannot be applied. They are set aside with their key: later events of the same stream wait behind them.

use std::collections::HashSet;

use eventstore::Recorded;
use sqlx::PgConnection;

use crate::cursor::{lane_column, position_column};

/// A stream: aggregate type and id.
type Key = (String, String);

/// Which streams of the batch have events set aside.
pub(crate) async fn parked(
    name: &str,
    version: i32,
    batch: &[&Recorded],
    connection: &mut PgConnection,
) -> Result<HashSet<Key>, sqlx::Error> {
    let rows: Vec<Key> = sqlx::query_as(
        "SELECT DISTINCT d.aggregate_type, d.aggregate_id
         FROM unnest($3::text[], $4::text[]) AS batch (aggregate_type, aggregate_id)
         JOIN projection_dead_letter d
             ON d.name = $1 AND d.version = $2
             AND d.aggregate_type = batch.aggregate_type AND d.aggregate_id = batch.aggregate_id",
    )
    .bind(name)
    .bind(version)
    .bind(batch.iter().map(|event| &*event.aggregate_type).collect::<Vec<_>>())
    .bind(batch.iter().map(|event| &*event.aggregate_id).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Sets events aside; without an error they only wait behind an earlier one.
pub(crate) async fn park(
    name: &str,
    version: i32,
    events: &[&Recorded],
    error: Option<&str>,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO projection_dead_letter
             (name, version, lane, position, aggregate_type, aggregate_id, event_id, error, parked_at)
         SELECT $1, $2, e.lane, e.position, e.aggregate_type, e.aggregate_id, e.event_id, $8, clock_timestamp()
         FROM unnest($3::integer[], $4::bigint[], $5::text[], $6::text[], $7::uuid[])
             AS e (lane, position, aggregate_type, aggregate_id, event_id)
         ON CONFLICT DO NOTHING",
    )
    .bind(name)
    .bind(version)
    .bind(events.iter().map(|event| lane_column(event.lane)).collect::<Vec<_>>())
    .bind(
        events
            .iter()
            .map(|event| position_column(event.position))
            .collect::<Vec<_>>(),
    )
    .bind(events.iter().map(|event| &*event.aggregate_type).collect::<Vec<_>>())
    .bind(events.iter().map(|event| &*event.aggregate_id).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.event_id).collect::<Vec<_>>())
    .bind(error.map(|error| error.replace('\0', "\u{fffd}")))
    .execute(connection)
    .await?;
    Ok(())
}
