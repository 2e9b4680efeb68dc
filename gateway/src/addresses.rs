//! How much is under way from each address.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::client::Client;

type Counts = HashMap<Client, usize>;

/// Counts connections, or requests, by the address that they come from.
#[derive(Debug)]
pub(crate) struct Addresses {
    most: usize,
    counts: Arc<Mutex<Counts>>,
}

/// One of an address, until it is dropped.
#[derive(Debug)]
pub(crate) struct Present {
    client: Client,
    counts: Arc<Mutex<Counts>>,
}

impl Addresses {
    /// Each address is to have this many at most.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            counts: Arc::default(),
        }
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Counts one more; how many others there are already. It counts also if it is one too many.
    pub(crate) fn enter(&self, client: Client) -> (usize, Present) {
        let mut counts = locked(&self.counts);
        let count = counts.entry(client.clone()).or_default();
        let others = *count;
        *count += 1;
        drop(counts);
        let counts = Arc::clone(&self.counts);
        (others, Present { client, counts })
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut counts = locked(&self.counts);
        if let Entry::Occupied(mut count) = counts.entry(self.client.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

fn locked(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_while_it_is_there() {
        let addresses = Addresses::new(2);
        let enter = |last| addresses.enter(Client::V4([10, 0, 0, last]));
        let (first, second) = (enter(1), enter(1));
        assert_eq!((first.0, second.0, enter(2).0), (0, 1, 0));
        drop(first);
        assert_eq!(enter(1).0, 1);
        drop(second);
        assert!(locked(&addresses.counts).is_empty());
    }
}
