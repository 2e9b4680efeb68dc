//! Who has how many of the places of a class: one client must not have them all.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::client::Client;

/// Whom a request is counted against: its caller, if known, and its address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Party([Option<Client>; 2]);

/// What the clients of a party have. Changed under the lock of the class only.
#[derive(Clone, Debug, Default)]
pub(super) struct Held([Option<Arc<Count>>; 2]);

#[derive(Debug)]
struct Count {
    client: Client,
    places: AtomicUsize,
    waiting: AtomicUsize,
}

/// Of all clients that have any place of a class, or wait for one.
#[derive(Debug)]
pub(super) struct Shares {
    percent: u8,
    counts: HashMap<Client, Arc<Count>>,
}

impl Party {
    pub(crate) fn new(user: Option<Arc<str>>, address: Client) -> Self {
        let address = Some(address).filter(|address| *address != Client::Unknown);
        Self([user.map(Client::User), address])
    }

    pub(crate) fn address(&self) -> Option<&Client> {
        self.0[1].as_ref()
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.0.iter().flatten()
    }
}

/// Nobody in particular.
#[cfg(test)]
pub(super) static NOBODY: Party = Party([None, None]);

impl Shares {
    /// At most `percent` of the places for each client.
    pub(super) fn new(percent: u8) -> Self {
        Self {
            percent,
            counts: HashMap::new(),
        }
    }

    /// What a party has.
    pub(super) fn of(&mut self, party: &Party) -> Held {
        if self.percent >= 100 {
            return Held::default();
        }
        let counts = &mut self.counts;
        Held(party.0.each_ref().map(|client| {
            let client = client.as_ref()?;
            if let Some(count) = counts.get(client) {
                return Some(Arc::clone(count));
            }
            let count = Arc::new(Count {
                client: client.clone(),
                places: AtomicUsize::new(0),
                waiting: AtomicUsize::new(0),
            });
            counts.insert(client.clone(), Arc::clone(&count));
            Some(count)
        }))
    }

    /// Forgets clients of a party that have nothing.
    pub(super) fn forget(&mut self, held: &Held) {
        for count in held.counts() {
            if count.places.load(Ordering::Relaxed) + count.waiting.load(Ordering::Relaxed) == 0 {
                self.counts.remove(&count.client);
            }
        }
    }

    /// Whether a party may have one more of so many places.
    pub(super) fn allow(&self, held: &Held, places: usize) -> bool {
        held.counts()
            .all(|count| count.places.load(Ordering::Relaxed) < self.share(places))
    }

    /// Whether one more of a party may wait in a queue of this length.
    pub(super) fn allow_waiting(&self, held: &Held, queue: usize) -> bool {
        held.counts()
            .all(|count| count.waiting.load(Ordering::Relaxed) < self.share(queue))
    }

    fn share(&self, places: usize) -> usize {
        (places.saturating_mul(self.percent.into()) / 100).max(1)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Held {
    fn counts(&self) -> impl Iterator<Item = &Count> {
        self.0.iter().flatten().map(AsRef::as_ref)
    }

    pub(super) fn enter(&self) {
        self.counts().for_each(|count| add(&count.places));
    }

    pub(super) fn leave(&self) {
        self.counts().for_each(|count| subtract(&count.places));
    }

    pub(super) fn wait(&self) {
        self.counts().for_each(|count| add(&count.waiting));
    }

    pub(super) fn stop_waiting(&self) {
        self.counts().for_each(|count| subtract(&count.waiting));
    }
}

fn add(number: &AtomicUsize) {
    number.fetch_add(1, Ordering::Relaxed);
}

fn subtract(number: &AtomicUsize) {
    number.fetch_sub(1, Ordering::Relaxed);
}
