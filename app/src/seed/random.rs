//! Numbers that look random and are the same on every machine and in every version: `SplitMix64`, written out here because
//! generators of libraries may change what a seed leads to.

/// A stream of numbers.
pub(super) struct Random(u64);

impl Random {
    /// The numbers of one thing, for example `("order", 17)`: what other things draw does not change them.
    pub(super) fn of(kind: &str, index: u64) -> Self {
        let mut state = 0xCBF2_9CE4_8422_2325_u64;
        for byte in kind.bytes().chain(index.to_le_bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        Self(state)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`; 0 when there is none.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low) + 1;
        low.saturating_add_unsigned(self.below(span))
    }

    /// True in so many cases of a hundred.
    pub(super) fn percent(&mut self, cases: u64) -> bool {
        self.below(100) < cases
    }

    /// A number from 0 to `bound - 1`, small ones more often: the least of so many draws.
    pub(super) fn skewed(&mut self, bound: u64, draws: u32) -> u64 {
        (0..draws).map(|_| self.below(bound)).min().unwrap_or_default()
    }

    /// One of a list.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let index = self.below(list.len() as u64);
        list.get(usize::try_from(index).ok()?)
    }

    /// The place in a list of weights, each as likely as it weighs.
    pub(super) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        let mut random = Random::of("order", 17);
        let drawn: Vec<_> = (0..4).map(|_| random.below(1_000_000)).collect();
        assert_eq!(drawn, [305_941, 418_055, 807_661, 34_618]);
    }

    #[test]
    fn numbers_stay_in_their_bounds() {
        let mut random = Random::of("bounds", 0);
        let mut seen = [0; 3];
        for _ in 0..10_000 {
            assert!((-2..=2).contains(&random.between(-2, 2)));
            assert!(random.skewed(7, 3) < 7);
            seen[random.weighted(&[1, 0, 3])] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!(seen[2] > 2 * seen[0]);
        assert_eq!(random.below(0), 0);
        assert_eq!(random.weighted(&[]), 0);
    }
}
