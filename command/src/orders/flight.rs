//! One run at a time per idempotency key in this process, and a memory of the keys that came by.
//!
//! Neither is needed for correctness, which is the store's matter: they spare the store a commit in vain.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use eventstore::IdempotencyKey;
use tokio::sync::OwnedMutexGuard;

/// Keys remembered per generation; two generations are kept.
const REMEMBERED: usize = 1 << 16;

#[derive(Default)]
pub(super) struct Flights {
    state: Mutex<State>,
    hasher: RandomState,
}

#[derive(Default)]
struct State {
    running: HashMap<u64, Arc<tokio::sync::Mutex<()>>>,
    recent: HashSet<u64>,
    earlier: HashSet<u64>,
}

/// The right to run under a key.
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    key: u64,
    /// The key has come by before, so that there may be an outcome.
    pub(super) seen: bool,
    /// `None` only while it is dropped.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Flights {
    /// Waits until nobody else runs under the key.
    pub(super) async fn enter(&self, key: &IdempotencyKey) -> Flight<'_> {
        // Two keys with one hash merely wait for each other, and look for an outcome in vain.
        let hash = self.hasher.hash_one((&key.scope, &key.key));
        let (lock, seen) = {
            let mut state = self.state();
            let seen = state.remember(hash);
            (Arc::clone(state.running.entry(hash).or_default()), seen)
        };
        let turn = lock.lock_owned().await;
        Flight {
            flights: self,
            key: hash,
            seen,
            turn: Some(turn),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the key was known.
    fn remember(&mut self, key: u64) -> bool {
        if self.recent.len() >= REMEMBERED {
            self.earlier = std::mem::take(&mut self.recent);
        }
        !self.recent.insert(key) || self.earlier.contains(&key)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut state = self.flights.state();
        self.turn = None;
        // Who waits holds the lock too.
        if state
            .running
            .get(&self.key)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            state.running.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> IdempotencyKey {
        IdempotencyKey {
            scope: "usr".to_owned(),
            key: key.to_owned(),
            request_hash: vec![1],
        }
    }

    #[tokio::test]
    async fn the_second_waits_for_the_first_and_knows_that_it_is_second() {
        let flights = Flights::default();
        let first = flights.enter(&key("a")).await;
        assert!(!first.seen);
        assert!(!flights.enter(&key("b")).await.seen);
        let again = key("a");
        let mut second = Box::pin(flights.enter(&again));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await.seen);
        assert!(flights.state().running.is_empty());
    }
}
