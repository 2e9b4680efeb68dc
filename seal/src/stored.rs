//! Tiles as a database keeps them: the table `seal_tiles`, read alike by who writes it and by who only reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::{TileId, Tiles};

/// Reads tiles by the columns of [`TileKeys`]; answers with rows for [`tiles_of`].
pub const SELECT_TILES: &str = "SELECT t.lane, t.level, t.tile, t.hashes
    FROM unnest($1::integer[], $2::smallint[], $3::bigint[]) AS w (lane, level, tile)
    JOIN seal_tiles t ON t.lane = w.lane AND t.level = w.level AND t.tile = w.tile";

/// The tiles that are wanted of several lanes' trees, column by column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TileKeys {
    /// The lane of each.
    pub lanes: Vec<i32>,
    /// Its level.
    pub levels: Vec<i16>,
    /// Its place within the level.
    pub tiles: Vec<i64>,
}

impl TileKeys {
    /// The columns of these tiles.
    #[must_use]
    pub fn of(wanted: &BTreeMap<u32, BTreeSet<TileId>>) -> Self {
        let mut keys = Self::default();
        for (lane, id) in wanted
            .iter()
            .flat_map(|(lane, ids)| ids.iter().map(move |id| (lane, id)))
        {
            keys.lanes.push(lane.cast_signed());
            keys.levels.push(i16::from(id.level));
            keys.tiles.push(id.index.cast_signed());
        }
        keys
    }
}

/// The tiles of each lane. What is stored in a tile's place but is none is left out.
#[must_use]
pub fn tiles_of(rows: impl IntoIterator<Item = (i32, i16, i64, Vec<u8>)>) -> BTreeMap<u32, Tiles> {
    let mut found: BTreeMap<u32, Tiles> = BTreeMap::new();
    for (lane, level, index, hashes) in rows {
        let tiles = found.entry(lane.cast_unsigned()).or_default();
        if let (Ok(level), Ok(index)) = (u8::try_from(level), u64::try_from(index)) {
            let _ = tiles.insert(TileId { level, index }, &hashes);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tile_is_left_out() {
        let id = TileId { level: 0, index: 3 };
        let keys = TileKeys::of(&BTreeMap::from([(7, BTreeSet::from([id]))]));
        assert_eq!((keys.lanes, keys.levels, keys.tiles), (vec![7], vec![0], vec![3]));
        let found = tiles_of([(7, 0, 3, vec![1; 32]), (7, -1, 3, vec![1; 32]), (8, 0, 0, vec![1; 31])]);
        assert_eq!(found.len(), 2);
        let mut only = Tiles::new();
        only.insert(id, &[1; 32]).unwrap();
        assert_eq!(format!("{:?}", found[&7]), format!("{only:?}"));
    }
}
