//! The trees' tiles, as many as a proof needs.

use std::collections::{BTreeMap, BTreeSet};

use reads::Reads;
use seal::{TileId, Tiles};

use crate::error::Error;

/// The wanted tiles of each lane. One that is missing or none is left out; the proof then says that it cannot be made.
pub(super) async fn load(
    query: &Reads,
    wanted: &BTreeMap<u32, BTreeSet<TileId>>,
) -> Result<BTreeMap<u32, Tiles>, Error> {
    let (mut lanes, mut levels, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    for (lane, ids) in wanted {
        for id in ids {
            lanes.push(lane.cast_signed());
            levels.push(i16::from(id.level));
            indexes.push(id.index.cast_signed());
        }
    }
    let rows: Vec<(i32, i16, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT t.lane, t.level, t.tile, t.hashes
         FROM unnest($1::integer[], $2::smallint[], $3::bigint[]) AS w (lane, level, tile)
         JOIN seal_tiles t ON t.lane = w.lane AND t.level = w.level AND t.tile = w.tile",
    )
    .bind(lanes)
    .bind(levels)
    .bind(indexes)
    .fetch_all(query.pool())
    .await?;
    let mut found: BTreeMap<u32, Tiles> = BTreeMap::new();
    for (lane, level, index, hashes) in rows {
        if let (Ok(level), Ok(index)) = (u8::try_from(level), u64::try_from(index)) {
            let tiles = found.entry(lane.cast_unsigned()).or_default();
            let _ = tiles.insert(TileId { level, index }, &hashes);
        }
    }
    Ok(found)
}
