use proptest::prelude::*;

use super::*;
use crate::Frontier;
use crate::tile::TileWriter;

fn leaf(index: u64) -> Hash {
    Hash::leaf(&index.to_be_bytes())
}

fn stored(size: u64) -> Tiles {
    let mut writer = TileWriter::default();
    (0..size).for_each(|index| writer.push(leaf(index)));
    let mut tiles = Tiles::new();
    for (id, bytes) in writer.into_tiles() {
        tiles.insert(id, &bytes).unwrap();
    }
    tiles
}

/// Only the tiles that the proof says it needs.
fn only(tiles: &Tiles, ids: BTreeSet<TileId>) -> Tiles {
    let mut some = Tiles::new();
    for id in ids {
        let bytes: Vec<u8> = tiles.get(id).unwrap().iter().flat_map(|hash| hash.0).collect();
        some.insert(id, &bytes).unwrap();
    }
    some
}

fn roots(most: u64) -> Vec<Hash> {
    let mut tree = Frontier::new();
    let mut roots = vec![tree.root()];
    for index in 0..most {
        tree.push(leaf(index));
        roots.push(tree.root());
    }
    roots
}

const MOST: u64 = 70;

#[test]
fn every_leaf_of_every_tree_is_proven_and_nothing_else() {
    let (tiles, roots) = (stored(MOST), roots(MOST));
    for size in 1..=MOST {
        let root = &roots[usize::try_from(size).unwrap()];
        for index in 0..size {
            let path = inclusion_path(&only(&tiles, inclusion_tiles(index, size)), index, size).unwrap();
            assert_eq!(verify_inclusion(&leaf(index), index, size, &path, root), Ok(()));
            assert_eq!(
                verify_inclusion(&leaf(index + 1), index, size, &path, root),
                Err(ProofError::Root)
            );
            for other in (0..=size).filter(|other| *other != index) {
                assert!(verify_inclusion(&leaf(index), other, size, &path, root).is_err());
            }
            for (place, hash) in path.iter().enumerate() {
                let mut wrong = path.clone();
                wrong[place].0[31] ^= 1;
                assert!(verify_inclusion(&leaf(index), index, size, &wrong, root).is_err());
                wrong.remove(place);
                assert!(verify_inclusion(&leaf(index), index, size, &wrong, root).is_err());
                wrong = path.clone();
                wrong.insert(place, *hash);
                assert!(verify_inclusion(&leaf(index), index, size, &wrong, root).is_err());
            }
        }
        assert!(inclusion_path(&tiles, size, size).is_none());
    }
}

#[test]
fn every_tree_goes_on_from_every_smaller_one_and_from_no_other() {
    let (tiles, roots) = (stored(MOST), roots(MOST));
    let root = |size: u64| &roots[usize::try_from(size).unwrap()];
    let other = Hash::of(b"another history");
    for to in 0..=MOST {
        for from in 0..=to {
            let path = consistency_path(&only(&tiles, consistency_tiles(from, to)), from, to).unwrap();
            let check = |path: &[Hash]| verify_consistency(from, root(from), to, root(to), path);
            assert_eq!(check(&path), Ok(()), "{from} {to}");
            assert!(verify_consistency(from, &other, to, root(to), &path).is_err());
            if from > 0 {
                assert!(verify_consistency(from, root(from), to, &other, &path).is_err());
            }
            let mut longer = path.clone();
            longer.push(other);
            assert!(check(&longer).is_err());
            for place in 0..path.len() {
                let mut wrong = path.clone();
                wrong[place].0[0] ^= 1;
                assert!(check(&wrong).is_err(), "{from} {to} {place}");
                wrong.remove(place);
                assert!(check(&wrong).is_err());
            }
        }
        assert!(consistency_path(&tiles, to + 1, to).is_none());
    }
    assert!(verify_consistency(2, root(2), 1, root(1), &[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn proofs_hold_across_tiles(size in 1_u64..140_000, part in 0.0..1.0_f64) {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any place will do")]
        let index = ((size as f64 * part) as u64).min(size - 1);
        let tiles = stored(size);
        let root = (0..size).map(leaf).collect::<Frontier>().root();
        let path = inclusion_path(&only(&tiles, inclusion_tiles(index, size)), index, size).unwrap();
        prop_assert!(inclusion_tiles(index, size).len() <= 8);
        prop_assert_eq!(verify_inclusion(&leaf(index), index, size, &path, &root), Ok(()));
        let from = index + 1;
        let old = (0..from).map(leaf).collect::<Frontier>().root();
        let path = consistency_path(&only(&tiles, consistency_tiles(from, size)), from, size).unwrap();
        prop_assert_eq!(verify_consistency(from, &old, size, &root, &path), Ok(()));
    }

    #[test]
    fn nonsense_is_refused_without_a_panic(index: u64, size: u64, from: u64, bytes in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let path: Vec<Hash> = bytes.into_iter().map(Hash).collect();
        let hash = Hash::empty();
        prop_assert!(verify_inclusion(&hash, index, size, &path, &hash).is_err());
        let nontrivial = from != 0 && from != size;
        prop_assert!(!nontrivial || verify_consistency(from, &hash, size, &hash, &path).is_err());
    }
}
