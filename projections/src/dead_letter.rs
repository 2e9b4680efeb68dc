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
        "SELECT DISTINCT batch.aggregate_type, batch.aggregate_id
         FROM unnest($3::text[], $4::text[]) AS batch (aggregate_type, aggregate_id)
         CROSS JOIN LATERAL (
             SELECT FROM projection_dead_letter
             WHERE name = $1 AND version = $2 AND aggregate_type = batch.aggregate_type
                 AND aggregate_id BETWEEN batch.aggregate_id AND batch.aggregate_id
             ORDER BY aggregate_id LIMIT 1) d",
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
    .bind(error.map(without_nul))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes events out of the parking.
pub(crate) async fn remove(
    name: &str,
    version: i32,
    places: &[(u32, u64)],
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM projection_dead_letter WHERE ctid = ANY (ARRAY(
             SELECT d.ctid FROM unnest($3::integer[], $4::bigint[]) AS place (lane, position)
             CROSS JOIN LATERAL (
                 SELECT ctid FROM projection_dead_letter
                 WHERE name = $1 AND version = $2 AND lane = place.lane AND position BETWEEN place.position AND place.position
                 ORDER BY position FOR UPDATE) d))",
    )
    .bind(name)
    .bind(version)
    .bind(places.iter().map(|(lane, _)| lane_column(*lane)).collect::<Vec<_>>())
    .bind(
        places
            .iter()
            .map(|(_, position)| position_column(*position))
            .collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that parked events were tried once more in vain.
pub(crate) async fn record_failure(
    name: &str,
    version: i32,
    places: &[(u32, u64)],
    error: &str,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    for (lane, position) in places {
        sqlx::query(
            "UPDATE projection_dead_letter
             SET attempts = CASE WHEN error IS NULL THEN 1 ELSE attempts + 1 END, error = $5, tried_at = clock_timestamp()
             WHERE name = $1 AND version = $2 AND lane = $3 AND position = $4",
        )
        .bind(name)
        .bind(version)
        .bind(lane_column(*lane))
        .bind(position_column(*position))
        .bind(without_nul(error))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// PostgreSQL stores no NUL.
fn without_nul(error: &str) -> String {
    error.replace('\0', "\u{fffd}")
}
