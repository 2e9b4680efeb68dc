//! The table `stream_skip`: events that streams go on without.

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, Row};

use crate::StreamKey;
use crate::fold::Stream;

/// By stream, the numbers of the events to pass over.
pub(crate) type Skips = HashMap<StreamKey, HashSet<u64>>;

/// What is to be passed over in streams that cannot be read otherwise.
pub(crate) async fn skips(db: &mut PgConnection, streams: &[&Stream]) -> Result<Skips, sqlx::Error> {
    let types: Vec<&str> = streams.iter().map(|stream| &*stream.key.aggregate_type).collect();
    let ids: Vec<&str> = streams.iter().map(|stream| &*stream.key.aggregate_id).collect();
    let lanes: Vec<i32> = streams.iter().map(|stream| stream.lane.cast_signed()).collect();
    let rows = sqlx::query(
        "SELECT s.aggregate_type, s.aggregate_id, s.sequence
         FROM unnest($1::text[], $2::text[], $3::integer[]) AS a (type, id, lane)
         JOIN stream_skip s ON s.aggregate_type = a.type AND s.aggregate_id = a.id AND s.lane = a.lane",
    )
    .bind(types)
    .bind(ids)
    .bind(lanes)
    .fetch_all(db)
    .await?;
    let mut skips = Skips::new();
    for row in &rows {
        let (kind, id): (String, String) = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
        let sequence: i64 = row.try_get("sequence")?;
        skips
            .entry(StreamKey::new(kind, id))
            .or_default()
            .insert(sequence.cast_unsigned());
    }
    Ok(skips)
}
