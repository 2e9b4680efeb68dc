//! How a tree is stored: in tiles of 256 hashes, after C2SP's tlog-tiles.
//!
//! A tile of level 0 holds leaves; one of level n holds the roots of full tiles of level n - 1. What lies between is computed. The last
//! tile of a level may be shorter.

use std::collections::{BTreeSet, HashMap};

use crate::{Frontier, Hash};

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;
/// Levels of the tree that a tile spans.
const TILE_HEIGHT: u32 = 8;
const HASH_BYTES: usize = 32;

/// Which tile of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// 0: leaves.
    pub level: u8,
    /// From left to right, from 0.
    pub index: u64,
}

/// The bytes are no tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tile is 1 to 256 hashes of 32 bytes")]
pub struct TileError;

/// Some tiles of one tree.
#[derive(Clone, Debug, Default)]
pub struct Tiles(HashMap<TileId, Vec<Hash>>);

impl Tiles {
    /// No tiles.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile as it is stored.
    pub fn insert(&mut self, id: TileId, bytes: &[u8]) -> Result<(), TileError> {
        let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
        if hashes.is_empty() || hashes.len() as u64 > TILE_WIDTH || !rest.is_empty() {
            return Err(TileError);
        }
        self.0.insert(id, hashes.iter().copied().map(Hash).collect());
        Ok(())
    }

    /// The hashes of a tile.
    #[must_use]
    pub fn get(&self, id: TileId) -> Option<&[Hash]> {
        self.0.get(&id).map(Vec::as_slice)
    }

    /// The leaf at `index`.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        let (id, place, _) = place(0, index);
        self.0.get(&id)?.get(place).copied()
    }

    /// The root of the perfect subtree at `index` among those of `level`; `None` when the tile is missing or too short.
    #[must_use]
    pub fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let (id, first, count) = place(level, index);
        let tile = self.0.get(&id)?;
        let part = tile.get(first..first + count)?;
        Some(part.iter().copied().collect::<Frontier>().root())
    }

    /// The right edge of the tree at `size` leaves.
    #[must_use]
    pub fn frontier(&self, size: u64) -> Option<Frontier> {
        let peaks = peaks(size)
            .map(|(level, index)| self.node(level, index))
            .collect::<Option<_>>()?;
        Frontier::from_peaks(size, peaks)
    }
}

/// The tile that holds a node, where it begins there and how many hashes it spans.
fn place(level: u32, index: u64) -> (TileId, usize, usize) {
    let within = level % TILE_HEIGHT;
    let first = index << within;
    let id = TileId {
        level: u8::try_from(level / TILE_HEIGHT).unwrap_or(u8::MAX),
        index: first >> TILE_HEIGHT,
    };
    let first = usize::try_from(first % TILE_WIDTH).unwrap_or_default();
    (id, first, 1 << within)
}

/// The tile that holds a node.
pub(crate) fn tile_of(level: u32, index: u64) -> TileId {
    place(level, index).0
}

/// The perfect subtrees that a tree of `size` leaves consists of, biggest first, as level and index.
pub(crate) fn peaks(size: u64) -> impl Iterator<Item = (u32, u64)> {
    (0..u64::BITS)
        .rev()
        .filter(move |level| size >> level & 1 == 1)
        .map(move |level| (level, (size >> level) - 1))
}

/// The tiles that are needed to go on from `size` leaves: the last one of each level that is not full.
#[must_use]
pub fn edge_tiles(size: u64) -> BTreeSet<TileId> {
    peaks(size).map(|(level, index)| tile_of(level, index)).collect()
}

/// Writes the tiles of a growing tree.
#[derive(Clone, Debug, Default)]
pub struct TileWriter {
    frontier: Frontier,
    /// The tile under way of each level, from level 0.
    open: Vec<Vec<Hash>>,
    full: Vec<(TileId, Vec<Hash>)>,
}

impl TileWriter {
    /// Goes on from `size` leaves; `None` when the tiles of its edge ([`edge_tiles`]) are not all there.
    #[must_use]
    pub fn resume(size: u64, tiles: &Tiles) -> Option<Self> {
        let frontier = tiles.frontier(size)?;
        let mut open = Vec::new();
        let mut hashes = size;
        while hashes > 0 {
            let level = u8::try_from(open.len()).unwrap_or(u8::MAX);
            let count = usize::try_from(hashes % TILE_WIDTH).unwrap_or_default();
            let index = hashes >> TILE_HEIGHT;
            let part = match count {
                0 => Vec::new(),
                _ => tiles.get(TileId { level, index })?.get(..count)?.to_vec(),
            };
            open.push(part);
            hashes >>= TILE_HEIGHT;
        }
        Some(Self {
            frontier,
            open,
            full: Vec::new(),
        })
    }

    /// The tree.
    #[must_use]
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let Self { frontier, open, full } = self;
        let size = frontier.size() + 1;
        frontier.push_and_tell(leaf, |node_level, hash| {
            if node_level % TILE_HEIGHT != 0 {
                return;
            }
            let level = (node_level / TILE_HEIGHT) as usize;
            if open.len() <= level {
                open.push(Vec::new());
            }
            let Some(tile) = open.get_mut(level) else { return };
            tile.push(hash);
            if tile.len() as u64 == TILE_WIDTH {
                let id = TileId {
                    level: u8::try_from(level).unwrap_or(u8::MAX),
                    index: (size >> node_level >> TILE_HEIGHT) - 1,
                };
                full.push((id, std::mem::take(tile)));
            }
        });
    }

    /// The tiles that were begun or went on since it resumed, as they are to be stored.
    #[must_use]
    pub fn into_tiles(self) -> Vec<(TileId, Vec<u8>)> {
        let size = self.frontier.size();
        let open = self.open.into_iter().enumerate().filter_map(|(level, tile)| {
            let shift = u32::try_from(level).ok()? * TILE_HEIGHT;
            let id = TileId {
                level: u8::try_from(level).ok()?,
                index: size >> shift >> TILE_HEIGHT,
            };
            (!tile.is_empty()).then_some((id, tile))
        });
        let bytes = |tile: Vec<Hash>| tile.iter().flat_map(|hash| hash.0).collect();
        let full = self.full.into_iter();
        full.chain(open).map(|(id, tile)| (id, bytes(tile))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(index: u64) -> Hash {
        Hash::leaf(&index.to_be_bytes())
    }

    /// Grows a tree in steps, through storage, and compares it with one that grew at once.
    fn grow(steps: &[u64]) -> Tiles {
        let mut stored = Tiles::new();
        let mut whole = Frontier::new();
        let mut size = 0;
        for step in steps {
            let mut edge = Tiles::new();
            for id in edge_tiles(size) {
                let bytes: Vec<u8> = stored.get(id).unwrap().iter().flat_map(|hash| hash.0).collect();
                edge.insert(id, &bytes).unwrap();
            }
            let mut writer = TileWriter::resume(size, &edge).unwrap();
            assert_eq!(*writer.frontier(), whole);
            for index in size..size + step {
                writer.push(leaf(index));
                whole.push(leaf(index));
            }
            size += step;
            assert_eq!(writer.frontier().root(), whole.root());
            for (id, bytes) in writer.into_tiles() {
                stored.insert(id, &bytes).unwrap();
            }
        }
        assert_eq!(stored.frontier(size).unwrap(), whole);
        stored
    }

    #[test]
    fn a_tree_grows_through_its_tiles() {
        let tiles = grow(&[1, 0, 254, 1, 1, 255, 1000, 65_536 - 1512, 1, 300, 70_000]);
        assert_eq!(tiles.get(TileId { level: 1, index: 0 }).unwrap().len(), 256);
        assert_eq!(tiles.get(TileId { level: 2, index: 0 }).unwrap().len(), 2);
        assert_eq!(tiles.leaf(70_000), Some(leaf(70_000)));
        assert_eq!(tiles.leaf(10_000_000), None);
        let expected: Hash = (512..1024).map(leaf).collect::<Frontier>().root();
        assert_eq!(tiles.node(9, 1), Some(expected));
    }

    #[test]
    fn only_tiles_are_tiles() {
        let mut tiles = Tiles::new();
        let id = TileId { level: 0, index: 0 };
        for bytes in [0, 1, 31, 33, 257 * 32] {
            assert_eq!(tiles.insert(id, &vec![0; bytes]), Err(TileError), "{bytes}");
        }
        assert!(TileWriter::resume(300, &tiles).is_none());
        assert!(TileWriter::resume(0, &tiles).is_some());
    }
}
