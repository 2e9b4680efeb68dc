//! The memory of answers that their clients have not taken yet.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{body::HttpBody, response::Response};
use http::Version;
use metrics::{Gauge, gauge};

use super::{gate::whole, share::Party};
use crate::client::Client;

/// What an answer takes beside its body, in bytes: its request, its headers and what the connection has of it.
const BESIDE: usize = 4 * 1024;
/// Over HTTP/1.1 a connection has one answer, so that connections are what bounds those that are no longer than this, in bytes.
const SHORT: usize = 16 * 1024;

/// How long an answer was before it was compressed. A compressor holds all of what it has not written yet.
#[derive(Clone, Copy)]
struct Length(usize);

/// Answers until they have been taken, against a budget of which each client has its share.
pub(super) struct Unread(Arc<Shared>);

struct Shared {
    budget: usize,
    share: usize,
    held: Mutex<Bytes>,
    gauge: Gauge,
}

#[derive(Default)]
struct Bytes {
    all: usize,
    clients: HashMap<Client, usize>,
}

/// What one answer takes of the budget, until it is dropped.
pub(super) struct Reservation {
    unread: Arc<Shared>,
    party: Party,
    bytes: usize,
}

impl Unread {
    /// Of so many bytes, one client has at most `percent`.
    pub(super) fn new(budget: usize, percent: u8) -> Self {
        Self(Arc::new(Shared {
            budget,
            share: (budget / 100).saturating_mul(percent.into()),
            held: Mutex::default(),
            gauge: gauge!("http_unread_bytes"),
        }))
    }

    /// Counts an answer. One that is longer than a share counts as a share, so that a client gets it if it has no other.
    ///
    /// # Errors
    /// When the budget or the client's share of it would be exceeded, unless it is `owed`: then the answer is counted all the same.
    pub(super) fn take(&self, party: &Party, length: usize, owed: bool) -> Result<Reservation, Full> {
        let shared = &self.0;
        let bytes = length.saturating_add(BESIDE).min(shared.share);
        let mut held = shared.held();
        let fits = |taken: usize, limit: usize| taken.saturating_add(bytes) <= limit;
        let of_client = |client| held.clients.get(client).copied().unwrap_or(0);
        let has_room =
            fits(held.all, shared.budget) && party.clients().all(|client| fits(of_client(client), shared.share));
        if !has_room && !owed {
            return Err(Full);
        }
        held.all = held.all.saturating_add(bytes);
        for client in party.clients() {
            let of_client = held.clients.entry(client.clone()).or_default();
            *of_client = of_client.saturating_add(bytes);
        }
        shared.gauge.set(whole(held.all));
        drop(held);
        Ok(Reservation {
            unread: Arc::clone(shared),
            party: party.clone(),
            bytes,
        })
    }
}

/// There is no room for another answer.
#[derive(Debug)]
pub(super) struct Full;

impl Shared {
    fn held(&self) -> MutexGuard<'_, Bytes> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut held = self.unread.held();
        held.all -= self.bytes;
        for client in self.party.clients() {
            if let Entry::Occupied(mut of_client) = held.clients.entry(client.clone()) {
                *of_client.get_mut() -= self.bytes;
                if *of_client.get() == 0 {
                    of_client.remove();
                }
            }
        }
        self.unread.gauge.set(whole(held.all));
    }
}

/// Notes how long an answer is. To be asked before it is compressed.
pub(crate) fn measured(mut response: Response) -> Response {
    if let Some(length) = exact(&response).filter(|length| *length > 0) {
        response.extensions_mut().insert(Length(length));
    }
    response
}

/// What an answer takes; none: nothing worth counting. One that is made while it is sent takes what its making takes.
pub(super) fn length(version: Version, response: &mut Response) -> Option<usize> {
    let noted = response
        .extensions_mut()
        .remove::<Length>()
        .map(|Length(length)| length);
    let length = noted.max(exact(response)).unwrap_or(0);
    (version >= Version::HTTP_2 || length > SHORT).then_some(length)
}

fn exact(response: &Response) -> Option<usize> {
    let length = response.body().size_hint().exact()?;
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(user: Option<&str>, last: u8) -> Party {
        Party::new(user.map(Into::into), Client::V4([10, 0, 0, last]))
    }

    #[test]
    fn unread_answers_are_bounded_for_all_and_for_each() {
        let unread = Unread::new(1_000_000, 50);
        let take = |party: &Party, length| unread.take(party, length - BESIDE, false).ok();
        let (greedy, other, third) = (party(None, 1), party(None, 2), party(None, 3));
        let mut held: Vec<_> = (0..5).map(|_| take(&greedy, 100_000).unwrap()).collect();
        assert!(take(&greedy, 10_000).is_none(), "its share");
        let others = take(&other, 450_000).unwrap();
        assert!(take(&third, 100_000).is_none(), "there is no more");
        assert!(take(&third, 50_000).is_some());
        held.pop();
        assert!(take(&greedy, 100_000).is_some(), "one was taken");
        drop((held, others));
        let rest = unread.0.held();
        assert_eq!((rest.all, rest.clients.len()), (0, 0));
    }

    #[test]
    fn a_user_with_many_addresses_is_one_client() {
        let unread = Unread::new(1_000_000, 50);
        let _first = unread.take(&party(Some("ann"), 1), 400_000, false).unwrap();
        assert!(unread.take(&party(Some("ann"), 2), 400_000, false).is_err());
        assert!(unread.take(&party(Some("bob"), 2), 400_000, false).is_ok());
    }

    #[test]
    fn an_answer_that_is_longer_than_a_share_is_one_share() {
        let unread = Unread::new(1_000_000, 50);
        let first = unread.take(&party(None, 1), usize::MAX, false).unwrap();
        assert!(unread.take(&party(None, 1), 0, false).is_err());
        let _second = unread.take(&party(None, 2), 5_000_000, false).unwrap();
        assert!(unread.take(&party(None, 3), 0, false).is_err());
        drop(first);
        assert!(unread.take(&party(None, 1), usize::MAX, false).is_ok());
    }

    #[test]
    fn what_has_been_done_is_told_all_the_same() {
        let unread = Unread::new(1_000_000, 50);
        let _first = unread.take(&party(None, 1), 500_000, false).unwrap();
        let second = unread.take(&party(None, 1), 1_000, true).unwrap();
        assert_eq!(unread.0.held().all, 500_000 + 1_000 + BESIDE);
        drop(second);
        assert_eq!(unread.0.held().all, 500_000);
    }
}
