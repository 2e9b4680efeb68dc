//! The trees' tiles, as many as a proof needs.

use std::collections::{BTreeMap, BTreeSet};

use reads::Reads;
use seal::{SELECT_TILES, TileId, TileKeys, Tiles, tiles_of};

use crate::error::Error;

/// The wanted tiles of each lane. One that is missing or none is left out; the proof then says that it cannot be made.
pub(super) async fn load(
    query: &Reads,
    wanted: &BTreeMap<u32, BTreeSet<TileId>>,
) -> Result<BTreeMap<u32, Tiles>, Error> {
    let keys = TileKeys::of(wanted);
    let rows = sqlx::query_as(SELECT_TILES)
        .bind(keys.lanes)
        .bind(keys.levels)
        .bind(keys.tiles);
    Ok(tiles_of(rows.fetch_all(query.pool()).await?))
}
