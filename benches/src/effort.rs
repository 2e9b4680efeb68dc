//! How long and how often things are measured.

use std::sync::atomic::{AtomicBool, Ordering};

/// Concurrent callers, connections or buyers.
pub(crate) const CALLERS: u32 = 64;
/// The word for runs that are too short to measure anything, and show that every part runs to its end.
const QUICK: &str = "--quick";
static IS_QUICK: AtomicBool = AtomicBool::new(false);

/// Takes [`QUICK`] out of the arguments.
pub(crate) fn choose(arguments: &mut Vec<String>) {
    IS_QUICK.store(arguments.iter().any(|word| word == QUICK), Ordering::Relaxed);
    arguments.retain(|word| word != QUICK);
}

/// A figure, or a small one in quick runs.
pub(crate) fn unless_quick<T>(figure: T, small: T) -> T {
    if IS_QUICK.load(Ordering::Relaxed) {
        small
    } else {
        figure
    }
}

/// Seconds of one run.
pub(crate) fn seconds() -> u32 {
    unless_quick(8, 1)
}

/// Runs of each, in turn with the peer's, so that a drifting machine drifts for both.
pub(crate) fn rounds() -> usize {
    unless_quick(3, 1)
}
