//! Whether other processes write the same streams at this time.
//!
//! Deciding on memory costs one round trip, but is in vain when another process was faster. Among two busy processes on the same streams
//! it is in vain nearly always, and each defeat throws away states that are then loaded from their snapshots on. So after a defeat the
//! next batches lock first; after ever more of them, as long as the defeats go on, memory is tried again.

use super::attempt::Trust;

/// Batches after which memory is tried again, at most.
const LONGEST: u32 = 64;

#[derive(Debug, Default)]
pub(super) struct Company {
    /// Batches that lock first after the last defeat.
    batches: u32,
    /// How many of them are left.
    left: u32,
}

impl Company {
    /// How the next batch is to go about it.
    pub(super) fn trust(&mut self) -> Trust {
        if self.left == 0 {
            return Trust::Cached;
        }
        self.left -= 1;
        Trust::Shared
    }

    /// Another process was faster.
    pub(super) fn met(&mut self) {
        self.batches = (self.batches * 2).clamp(1, LONGEST);
        self.left = self.batches;
    }

    /// What was decided on memory stood.
    pub(super) fn alone(&mut self) {
        self.batches = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_tried_ever_more_rarely_while_it_fails_and_at_once_when_it_does_not() {
        let mut company = Company::default();
        let mut locked = Vec::new();
        for _ in 0..8 {
            assert!(company.trust() == Trust::Cached);
            company.met();
            let shared = (0..).take_while(|_| company.left > 0 && company.trust() == Trust::Shared);
            locked.push(shared.count());
        }
        assert_eq!(locked, [1, 2, 4, 8, 16, 32, 64, 64]);
        company.alone();
        company.met();
        assert_eq!(company.left, 1);
    }
}
