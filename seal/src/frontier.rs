//! A growing tree, of which only the right edge is kept.

use crate::Hash;

/// The roots of the perfect subtrees that a tree of some size consists of, biggest first: all that is needed to go on and to tell the
/// root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of `size` leaves with these peaks, one for each bit of `size` that is set, from the highest; `None` when their number
    /// does not fit.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (size.count_ones() as usize == peaks.len()).then_some(Self { size, peaks })
    }

    /// How many leaves it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_and_tell(leaf, |_, _| ());
    }

    /// Appends a leaf and tells of every perfect subtree that it completes: its level (0: the leaf itself) and its hash.
    pub fn push_and_tell(&mut self, leaf: Hash, mut tell: impl FnMut(u32, Hash)) {
        let mut node = leaf;
        tell(0, node);
        for level in 1..=self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = Hash::node(&left, &node);
            tell(level, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        match self.peaks.split_last() {
            None => Hash::empty(),
            Some((last, before)) => fold(before, *last),
        }
    }

    /// The root of the tree with one more, smaller subtree on its right.
    #[must_use]
    pub fn root_with(&self, right: Hash) -> Hash {
        fold(&self.peaks, right)
    }
}

fn fold(peaks: &[Hash], last: Hash) -> Hash {
    peaks.iter().rev().fold(last, |right, left| Hash::node(left, &right))
}

impl FromIterator<Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut frontier = Self::new();
        leaves.into_iter().for_each(|leaf| frontier.push(leaf));
        frontier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The eight leaves and the roots of their prefixes that the certificate-transparency projects share as test vectors.
    #[test]
    fn roots_are_those_of_rfc_6962() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::new();
        for (leaf, root) in leaves.iter().zip(roots) {
            tree.push(Hash::leaf(leaf));
            assert_eq!(tree.root().0.map(|byte| format!("{byte:02x}")).concat(), root);
        }
    }
}
