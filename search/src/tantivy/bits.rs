/// A set of the documents of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn none(len: u32) -> Self {
        Self {
            words: vec![0; (len as usize).div_ceil(64)],
        }
    }

    pub(super) fn all(len: u32) -> Self {
        let mut words = vec![u64::MAX; (len as usize).div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !len.is_multiple_of(64)
        {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words }
    }

    pub(super) fn insert(&mut self, document: u32) {
        if let Some(word) = self.words.get_mut(document as usize / 64) {
            *word |= 1 << (document % 64);
        }
    }

    pub(super) fn contains(&self, document: u32) -> bool {
        self.words
            .get(document as usize / 64)
            .is_some_and(|word| word >> (document % 64) & 1 == 1)
    }

    pub(super) fn intersect(&mut self, other: &Self) {
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word &= with;
        }
    }

    pub(super) fn unite(&mut self, other: &Self) {
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word |= with;
        }
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        for (word, without) in self.words.iter_mut().zip(&other.words) {
            *word &= !without;
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The documents, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let mut base = 0;
        self.words.iter().flat_map(move |word| {
            let start = base;
            base += 64;
            Ones(*word).map(move |bit| start + bit)
        })
    }
}

struct Ones(u64);

impl Iterator for Ones {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn behaves_like_a_set() {
        proptest::proptest!(|(len in 1_u32..300, left: BTreeSet<u16>, right: BTreeSet<u16>)| {
            let keep = |set: BTreeSet<u16>| -> BTreeSet<u32> { set.into_iter().map(|item| u32::from(item) % len).collect() };
            let (left, right) = (keep(left), keep(right));
            let bits = |set: &BTreeSet<u32>| { let mut bits = Bits::none(len); for item in set { bits.insert(*item); } bits };
            let check = |change: fn(&mut Bits, &Bits), expected: BTreeSet<u32>| {
                let mut changed = bits(&left);
                change(&mut changed, &bits(&right));
                assert_eq!(changed.iter().collect::<BTreeSet<_>>(), expected);
                assert_eq!(changed.count() as usize, expected.len());
            };
            check(Bits::intersect, &left & &right);
            check(Bits::unite, &left | &right);
            check(Bits::subtract, &left - &right);
            proptest::prop_assert_eq!(Bits::all(len).count(), len);
        });
    }
}
