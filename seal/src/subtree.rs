//! Merkle paths: who needs which hashes, and what they prove (RFC 9162, section 2.1).

use std::collections::BTreeSet;

use crate::tile::{TileId, Tiles, tile_of};
use crate::{Hash, ProofError};

/// A run of leaves: the first one, and the one after the last.
type Run = (u64, u64);

/// The tiles that [`inclusion_path`] needs.
#[must_use]
pub fn inclusion_tiles(index: u64, size: u64) -> BTreeSet<TileId> {
    let mut runs = inclusion_runs(index, size);
    runs.push((index, index + 1));
    tiles(&runs)
}

/// The audit path of the leaf at `index` in the tree of `size` leaves; `None` when there is no such leaf or a tile is missing.
#[must_use]
pub fn inclusion_path(tiles: &Tiles, index: u64, size: u64) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    hashes(tiles, &inclusion_runs(index, size))
}

/// The tiles that [`consistency_path`] needs.
#[must_use]
pub fn consistency_tiles(from: u64, to: u64) -> BTreeSet<TileId> {
    tiles(&consistency_runs(from, to))
}

/// The proof that the tree of `to` leaves goes on from that of `from`; `None` when it cannot or a tile is missing. Empty when the sizes
/// are equal or `from` is 0.
#[must_use]
pub fn consistency_path(tiles: &Tiles, from: u64, to: u64) -> Option<Vec<Hash>> {
    if from > to {
        return None;
    }
    hashes(tiles, &consistency_runs(from, to))
}

fn tiles(runs: &[Run]) -> BTreeSet<TileId> {
    let mut nodes = Vec::new();
    for run in runs {
        perfect_subtrees(*run, &mut nodes);
    }
    nodes.into_iter().map(|(level, index)| tile_of(level, index)).collect()
}

fn hashes(tiles: &Tiles, runs: &[Run]) -> Option<Vec<Hash>> {
    runs.iter().map(|run| hash(tiles, *run)).collect()
}

/// The largest power of two that is smaller than `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// `PATH` of RFC 9162, section 2.1.3.1, nearest to the leaf first.
fn inclusion_runs(index: u64, size: u64) -> Vec<Run> {
    let (mut first, mut end) = (0, size);
    let mut runs = Vec::new();
    while end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            runs.push((middle, end));
            end = middle;
        } else {
            runs.push((first, middle));
            first = middle;
        }
    }
    runs.reverse();
    runs
}

/// `PROOF` of RFC 9162, section 2.1.4.1.
fn consistency_runs(from: u64, to: u64) -> Vec<Run> {
    if from == 0 || from == to {
        return Vec::new();
    }
    let (mut first, mut end) = (0, to);
    let mut whole = true; // the run that is looked at begins where the old tree does
    let mut runs = Vec::new();
    while from != end {
        let middle = first + split(end - first);
        if from <= middle {
            runs.push((middle, end));
            end = middle;
        } else {
            runs.push((first, middle));
            first = middle;
            whole = false;
        }
    }
    if !whole {
        runs.push((first, end));
    }
    runs.reverse();
    runs
}

/// The perfect subtrees that a run consists of, as level and index. Runs of a proof begin at a multiple of their longest subtree.
fn perfect_subtrees((first, end): Run, nodes: &mut Vec<(u32, u64)>) {
    let mut first = first;
    while first < end {
        let level = (end - first).ilog2();
        nodes.push((level, first >> level));
        first += 1 << level;
    }
}

fn hash(tiles: &Tiles, run: Run) -> Option<Hash> {
    let mut nodes = Vec::new();
    perfect_subtrees(run, &mut nodes);
    let mut right: Option<Hash> = None;
    for (level, index) in nodes.into_iter().rev() {
        let node = tiles.node(level, index)?;
        right = Some(match right {
            None => node,
            Some(right) => Hash::node(&node, &right),
        });
    }
    right
}

/// Checks that `leaf` stands at `index` in the tree of `size` leaves with `root` (RFC 9162, section 2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Malformed("the leaf lies outside of the tree"));
    }
    let (mut index, mut last) = (index, size - 1);
    let mut node = *leaf;
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Malformed("the path is too long"));
        }
        if index & 1 == 1 || index == last {
            node = Hash::node(sibling, &node);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            node = Hash::node(&node, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Malformed("the path is too short"));
    }
    if node == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `to` leaves with `to_root` goes on from that of `from` leaves with `from_root` (RFC 9162, section 2.1.4.2).
pub fn verify_consistency(
    from: u64,
    from_root: &Hash,
    to: u64,
    to_root: &Hash,
    path: &[Hash],
) -> Result<(), ProofError> {
    if from > to {
        return Err(ProofError::Malformed("the later tree is smaller"));
    }
    if from == 0 || from == to {
        if !path.is_empty() {
            return Err(ProofError::Malformed("the path is too long"));
        }
        let same = if from == 0 {
            *from_root == Hash::empty()
        } else {
            from_root == to_root
        };
        return if same { Ok(()) } else { Err(ProofError::Root) };
    }
    let (mut index, mut last) = (from - 1, to - 1);
    while index & 1 == 1 {
        index >>= 1;
        last >>= 1;
    }
    let mut path = path.iter();
    // An old tree that is perfect is a node of the new one: its root is not repeated in the path.
    let start = if from.is_power_of_two() {
        Some(from_root)
    } else {
        path.next()
    };
    let start = start.ok_or(ProofError::Malformed("the path is too short"))?;
    let (mut old, mut new) = (*start, *start);
    for node in path {
        if last == 0 {
            return Err(ProofError::Malformed("the path is too long"));
        }
        if index & 1 == 1 || index == last {
            old = Hash::node(node, &old);
            new = Hash::node(node, &new);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            new = Hash::node(&new, node);
        }
        index >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Malformed("the path is too short"));
    }
    if old == *from_root && new == *to_root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

#[cfg(test)]
mod tests;
