//! The trees' tiles in the database.

use std::collections::{BTreeMap, BTreeSet};

use seal::{SELECT_TILES, TileId, TileKeys, Tiles, tiles_of};
use sqlx::PgConnection;

/// The tiles of several lanes' trees. What is stored in a tile's place but is none is left out.
pub(crate) async fn load(
    connection: &mut PgConnection,
    wanted: &BTreeMap<u32, BTreeSet<TileId>>,
) -> Result<BTreeMap<u32, Tiles>, sqlx::Error> {
    let keys = TileKeys::of(wanted);
    let rows = sqlx::query_as(SELECT_TILES)
        .bind(keys.lanes)
        .bind(keys.levels)
        .bind(keys.tiles);
    Ok(tiles_of(rows.fetch_all(connection).await?))
}

/// How many leaves the lanes' stored trees have.
pub(crate) async fn leaves(connection: &mut PgConnection) -> Result<BTreeMap<u32, u64>, sqlx::Error> {
    let leaves: Vec<(i32, i64)> = sqlx::query_as(
        "SELECT l.lane, t.tile * 256 + octet_length(t.hashes) / 32
         FROM lanes l CROSS JOIN LATERAL (
             SELECT tile, hashes FROM seal_tiles WHERE lane = l.lane AND level = 0 ORDER BY tile DESC LIMIT 1) t",
    )
    .fetch_all(connection)
    .await?;
    let leaf = |(lane, leaves): (i32, i64)| (lane.cast_unsigned(), leaves.cast_unsigned());
    Ok(leaves.into_iter().map(leaf).collect())
}

/// Some neighbouring tiles of one level of a lane's tree.
pub(crate) async fn load_run(
    connection: &mut PgConnection,
    lane: u32,
    level: u8,
    (first, end): (u64, u64),
) -> Result<Tiles, sqlx::Error> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT tile, hashes FROM seal_tiles WHERE lane = $1 AND level = $2 AND tile >= $3 AND tile < $4",
    )
    .bind(lane.cast_signed())
    .bind(i16::from(level))
    .bind(first.cast_signed())
    .bind(end.cast_signed())
    .fetch_all(connection)
    .await?;
    let lane = lane.cast_signed();
    let rows = rows
        .into_iter()
        .map(|(tile, hashes)| (lane, i16::from(level), tile, hashes));
    Ok(tiles_of(rows).into_values().next().unwrap_or_default())
}

/// Stores tiles, new ones and ones that went on.
pub(crate) async fn store(
    connection: &mut PgConnection,
    tiles: Vec<(u32, TileId, Vec<u8>)>,
) -> Result<(), sqlx::Error> {
    let mut lanes = Vec::with_capacity(tiles.len());
    let mut levels = Vec::with_capacity(tiles.len());
    let mut indexes = Vec::with_capacity(tiles.len());
    let mut hashes = Vec::with_capacity(tiles.len());
    for (lane, id, bytes) in tiles {
        lanes.push(lane.cast_signed());
        levels.push(i16::from(id.level));
        indexes.push(id.index.cast_signed());
        hashes.push(bytes);
    }
    sqlx::query(
        "INSERT INTO seal_tiles (lane, level, tile, hashes)
         SELECT * FROM unnest($1::integer[], $2::smallint[], $3::bigint[], $4::bytea[])
         ON CONFLICT (lane, level, tile) DO UPDATE SET hashes = excluded.hashes",
    )
    .bind(lanes)
    .bind(levels)
    .bind(indexes)
    .bind(hashes)
    .execute(connection)
    .await
    .map(|_| ())
}
