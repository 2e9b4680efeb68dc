//! Whether other processes write the same streams at this time.
//!
//! Deciding on memory costs one round trip, but is in vain when another process was faster. Among two busy processes on the same streams
//! it is in vain nearly always, and each defeat throws away states that are then loaded from their snapshots on. So after a defeat the
//! next batches lock first; after ever more of them, as long as the defeats go on, memory is tried again.

/// Batches after which memory is tried again, at most.
const LONGEST: u32 = 64;

/// How much a try trusts memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Decides on the cached states, which the append checks. One round trip when all streams are cached.
    Cached,
    /// Locks the lanes first and brings the cached states up to what is stored: nobody can be faster. For when other processes write
    /// the same streams all the time.
    Shared,
    /// Locks the lanes first and decides on what is stored, whatever memory says; looks up every idempotency key beforehand.
    Nothing,
}

#[derive(Debug, Default)]
pub(super) struct Contention {
    /// Batches that lock first after the last defeat.
    batches: u32,
    /// How many of them are left.
    left: u32,
}

impl Contention {
    /// How the next batch is to go about it.
    pub(super) fn next_trust(&mut self) -> Trust {
        if self.left == 0 {
            return Trust::Cached;
        }
        self.left -= 1;
        Trust::Shared
    }

    /// Another process was faster.
    pub(super) fn record_conflict(&mut self) {
        self.batches = (self.batches * 2).clamp(1, LONGEST);
        self.left = self.batches;
    }

    /// What was decided on memory stood.
    pub(super) fn record_success(&mut self) {
        self.batches = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_tried_ever_more_rarely_while_it_fails_and_at_once_when_it_does_not() {
        let mut contention = Contention::default();
        let mut locked = Vec::new();
        for _ in 0..8 {
            assert!(contention.next_trust() == Trust::Cached);
            contention.record_conflict();
            let shared = (0..).take_while(|_| contention.left > 0 && contention.next_trust() == Trust::Shared);
            locked.push(shared.count());
        }
        assert_eq!(locked, [1, 2, 4, 8, 16, 32, 64, 64]);
        contention.record_success();
        contention.record_conflict();
        assert_eq!(contention.left, 1);
    }
}
