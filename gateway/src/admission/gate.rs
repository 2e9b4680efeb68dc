//! The places of one class, and the queue for them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{Gauge, Histogram, gauge, histogram};
use tokio::{sync::oneshot, time::Instant};

use super::{
    limit::Limit,
    share::{Held, Party, Shares},
};

/// A queue that has not been empty for this long is no burst any more: those in it only make each other late.
const BURST: Duration = Duration::from_millis(100);
/// The shortest queue.
const MIN_QUEUE: usize = 16;

/// Why a request got no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shed {
    QueueFull,
    Waited,
}

impl Shed {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Waited => "waited",
        }
    }
}

/// The places of one class. A request that finds none queues, first come first served, for at most `wait`; for a tenth of it when the queue is
/// a standing one ("controlled delay"): then waiting longer helps nobody. Who has its share of the places already is passed over by
/// those who have not.
pub(super) struct Gate(Arc<Shared>);

struct Shared {
    name: &'static str,
    wait: Duration,
    /// Most that may wait.
    queue: usize,
    state: Mutex<State>,
    in_flight: Gauge,
    places: Gauge,
    queued: Gauge,
    waited: Histogram,
}

/// While there is a free place, all who wait have their share.
struct State {
    limit: Limit,
    in_flight: usize,
    queue: VecDeque<Waiter>,
    /// Since when there has been no free place and somebody waiting.
    crowded_since: Option<Instant>,
    shares: Shares,
}

struct Waiter {
    since: Instant,
    held: Held,
    place: oneshot::Sender<Permit>,
}

/// A place, until it is dropped.
pub(crate) struct Permit {
    /// None once the place went to somebody else.
    gate: Option<Arc<Shared>>,
    since: Instant,
    held: Held,
}

impl Gate {
    /// One client has at most `share` percent of the places.
    pub(super) fn new(name: &'static str, limit: Limit, wait: Duration, share: u8) -> Self {
        let places = gauge!("http_admission_limit", "class" => name);
        places.set(whole(limit.places()));
        Self(Arc::new(Shared {
            name,
            wait,
            queue: limit.places().max(MIN_QUEUE),
            state: Mutex::new(State {
                limit,
                in_flight: 0,
                queue: VecDeque::new(),
                crowded_since: None,
                shares: Shares::new(share),
            }),
            in_flight: gauge!("http_admission_in_flight", "class" => name),
            places,
            queued: gauge!("http_admission_queued", "class" => name),
            waited: histogram!("http_admission_wait_seconds", "class" => name),
        }))
    }

    pub(super) fn name(&self) -> &'static str {
        self.0.name
    }

    /// Takes a place for a client. A dropped future takes none.
    pub(super) async fn enter(&self, party: &Party) -> Result<Permit, Shed> {
        let now = Instant::now();
        let receiver = {
            let mut state = self.0.state();
            let held = state.shares.of(party);
            let free = state.in_flight < state.limit.places();
            if free && state.shares.allow(&held, state.limit.places()) {
                return Ok(self.0.take(&mut state, held, now));
            }
            // Those whose client has gone, or whose time is over, are no reason to send others away.
            state.forget_gone();
            if state.queue.len() >= self.0.queue || !state.shares.allow_waiting(&held, self.0.queue) {
                state.shares.forget(&held);
                return Err(Shed::QueueFull);
            }
            if !free {
                state.crowded_since.get_or_insert(now);
            }
            let (place, receiver) = oneshot::channel();
            held.wait();
            state.queue.push_back(Waiter {
                since: now,
                held,
                place,
            });
            self.0.queued.set(whole(state.queue.len()));
            receiver
        };
        let place = tokio::time::timeout(self.0.wait, receiver).await;
        self.0.waited.record(now.elapsed());
        match place {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Shed::Waited),
        }
    }

    #[cfg(test)]
    fn in_flight(&self) -> usize {
        self.0.state().in_flight
    }

    #[cfg(test)]
    fn queued(&self) -> usize {
        self.0.state().queue.len()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, state: &mut State, held: Held, now: Instant) -> Permit {
        state.in_flight += 1;
        held.enter();
        self.in_flight.set(whole(state.in_flight));
        Permit {
            gate: Some(Arc::clone(self)),
            since: now,
            held,
        }
    }

    /// Gives free places to those who wait.
    fn hand_out(self: &Arc<Self>, state: &mut State, now: Instant) {
        if state.queue.is_empty() {
            return;
        }
        let standing = state
            .crowded_since
            .is_some_and(|since| now.saturating_duration_since(since) > BURST);
        let patience = if standing { self.wait / 10 } else { self.wait };
        let mut next = 0;
        while state.in_flight < state.limit.places() {
            let Some(waiter) = state.queue.get(next) else { break };
            let late = now.saturating_duration_since(waiter.since) > patience;
            if !late && !state.shares.allow(&waiter.held, state.limit.places()) {
                next += 1;
                continue;
            }
            let Some(waiter) = state.queue.remove(next) else { break };
            waiter.held.stop_waiting();
            if late {
                // Dropping the sender notifies it.
                state.shares.forget(&waiter.held);
                continue;
            }
            let permit = self.take(state, waiter.held, now);
            if let Err(mut unwanted) = waiter.place.send(permit) {
                // Given back here: dropping it would want the lock that is held.
                unwanted.gate = None;
                state.give_back(&unwanted.held);
            }
        }
        if state.queue.is_empty() || state.in_flight < state.limit.places() {
            state.crowded_since = None;
        }
        self.queued.set(whole(state.queue.len()));
        self.in_flight.set(whole(state.in_flight));
    }
}

impl State {
    fn give_back(&mut self, held: &Held) {
        self.in_flight -= 1;
        held.leave();
        self.shares.forget(held);
    }

    fn forget_gone(&mut self) {
        let shares = &mut self.shares;
        self.queue.retain(|waiter| {
            let gone = waiter.place.is_closed();
            if gone {
                waiter.held.stop_waiting();
                shares.forget(&waiter.held);
            }
            !gone
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(gate) = self.gate.take() else { return };
        let now = Instant::now();
        let mut state = gate.state();
        let (under_way, waiting) = (state.in_flight, state.queue.len());
        state
            .limit
            .answered(now.saturating_duration_since(self.since), under_way, waiting, now);
        state.give_back(&self.held);
        gate.in_flight.set(whole(state.in_flight));
        gate.places.set(whole(state.limit.places()));
        gate.hand_out(&mut state, now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
pub(super) fn whole(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::{admission::share::NOBODY, client::Client};

    fn gate(places: usize, wait: u64) -> Gate {
        Gate::new("test", Limit::fixed(places), Duration::from_millis(wait), 100)
    }

    fn address(last: u8) -> Party {
        Party::new(None, Client::V4([10, 0, 0, last]))
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_and_is_then_sent_away() {
        let gate = gate(1, 500);
        let first = gate.enter(&NOBODY).await.unwrap_or_else(|_| panic!("free"));
        let began = Instant::now();
        assert_eq!(gate.enter(&NOBODY).await.err(), Some(Shed::Waited));
        assert_eq!(began.elapsed(), Duration::from_millis(500));
        drop(first);
        assert!(
            gate.enter(&NOBODY)
                .now_or_never()
                .is_some_and(|entered| entered.is_ok()),
            "at once"
        );
        assert_eq!(gate.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn places_go_to_those_who_wait_in_their_order_and_not_to_those_who_left() {
        let gate = gate(1, 500);
        let first = gate.enter(&NOBODY).await.unwrap_or_else(|_| panic!("free"));
        let (mut gone, mut second, mut third) = (
            Box::pin(gate.enter(&NOBODY)),
            Box::pin(gate.enter(&NOBODY)),
            Box::pin(gate.enter(&NOBODY)),
        );
        for waiting in [&mut gone, &mut second, &mut third] {
            assert!(waiting.now_or_never().is_none());
        }
        assert_eq!(gate.queued(), 3);
        drop(gone);
        drop(first);
        assert!((&mut third).now_or_never().is_none(), "not its turn");
        let second = second.now_or_never().and_then(Result::ok);
        assert!(second.is_some());
        // A place that was handed over and not taken any more is not lost.
        drop(second);
        drop(third);
        assert_eq!((gate.in_flight(), gate.queued()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_is_bounded() {
        let gate = gate(1, 500);
        let _first = gate.enter(&NOBODY).await;
        let mut waiting: Vec<_> = (0..MIN_QUEUE).map(|_| Box::pin(gate.enter(&NOBODY))).collect();
        for future in &mut waiting {
            assert!(future.now_or_never().is_none());
        }
        assert_eq!(
            gate.enter(&NOBODY).now_or_never().and_then(Result::err),
            Some(Shed::QueueFull)
        );
        waiting.pop();
        assert!(
            gate.enter(&NOBODY).now_or_never().is_none(),
            "the one who left made room"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_standing_queue_makes_nobody_wait_for_long() {
        let gate = gate(1, 500);
        let first = gate.enter(&NOBODY).await.unwrap_or_else(|_| panic!("free"));
        let mut early = Box::pin(gate.enter(&NOBODY));
        assert!((&mut early).now_or_never().is_none());
        tokio::time::advance(BURST + Duration::from_millis(1)).await;
        let mut late = Box::pin(gate.enter(&NOBODY));
        assert!((&mut late).now_or_never().is_none());
        drop(first);
        assert_eq!(early.now_or_never().and_then(Result::err), Some(Shed::Waited));
        assert!(late.now_or_never().is_some_and(|entered| entered.is_ok()));
    }

    #[tokio::test(start_paused = true)]
    async fn one_client_has_its_share_and_others_pass_it_by() {
        let gate = Gate::new("test", Limit::fixed(4), Duration::from_millis(500), 50);
        let enter = |party: &Party| gate.enter(party).now_or_never().and_then(Result::ok);
        let (greedy, other) = (address(1), address(2));
        let mut held: Vec<_> = (0..2).map(|_| enter(&greedy).unwrap()).collect();
        let mut third = Box::pin(gate.enter(&greedy));
        assert!((&mut third).now_or_never().is_none(), "two places are free, for others");
        let others = enter(&other).unwrap();
        held.pop();
        assert!(
            third.now_or_never().is_some_and(|entered| entered.is_ok()),
            "its own place came free"
        );
        drop((held, others));
        assert_eq!((gate.in_flight(), gate.queued()), (0, 0));
        assert!(gate.0.state().shares.is_empty(), "nobody is remembered for nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_user_with_many_addresses_and_an_address_with_many_users_are_one_client_each() {
        let gate = Gate::new("test", Limit::fixed(2), Duration::ZERO, 50);
        let party = |user: &str, last| Party::new(Some(user.into()), Client::V4([10, 0, 0, last]));
        let _first = gate.enter(&party("ann", 1)).await;
        assert_eq!(gate.enter(&party("ann", 2)).await.err(), Some(Shed::Waited));
        assert_eq!(gate.enter(&party("bob", 1)).await.err(), Some(Shed::Waited));
        assert!(gate.enter(&party("bob", 2)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_client_fills_its_share_of_the_queue_alone() {
        let gate = Gate::new("test", Limit::fixed(1), Duration::from_millis(500), 50);
        let _first = gate.enter(&NOBODY).await;
        let (greedy, other) = (address(1), address(2));
        let mut waiting: Vec<_> = (0..MIN_QUEUE / 2).map(|_| Box::pin(gate.enter(&greedy))).collect();
        for future in &mut waiting {
            assert!(future.now_or_never().is_none());
        }
        assert_eq!(
            gate.enter(&greedy).now_or_never().and_then(Result::err),
            Some(Shed::QueueFull)
        );
        assert!(gate.enter(&other).now_or_never().is_none(), "the other one waits");
    }
}
