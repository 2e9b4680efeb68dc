//! The places of one class, and the queue for them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{Gauge, Histogram, gauge, histogram};
use tokio::{sync::oneshot, time::Instant};

use super::limit::Limit;

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

/// The places of one class. Whoever finds none queues, first come first served, for at most `wait`; for a tenth of it when the queue is
/// a standing one ("controlled delay"): then waiting longer helps nobody.
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

struct State {
    limit: Limit,
    in_flight: usize,
    queue: VecDeque<Waiter>,
    /// Since when somebody has been waiting all the time.
    crowded_since: Option<Instant>,
}

struct Waiter {
    since: Instant,
    place: oneshot::Sender<Permit>,
}

/// A place, until it is dropped.
pub(crate) struct Permit {
    /// None once the place went to somebody else.
    gate: Option<Arc<Shared>>,
    since: Instant,
}

impl Gate {
    pub(super) fn new(name: &'static str, limit: Limit, wait: Duration) -> Self {
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

    /// Takes a place. A dropped future takes none.
    pub(super) async fn enter(&self) -> Result<Permit, Shed> {
        let now = Instant::now();
        let receiver = {
            let mut state = self.0.state();
            if state.in_flight < state.limit.places() && state.queue.is_empty() {
                return Ok(self.0.take(&mut state, now));
            }
            // Those whose client has gone, or whose time is over, are no reason to send others away.
            state.queue.retain(|waiter| !waiter.place.is_closed());
            if state.queue.len() >= self.0.queue {
                return Err(Shed::QueueFull);
            }
            if state.queue.is_empty() {
                state.crowded_since = Some(now);
            }
            let (place, receiver) = oneshot::channel();
            state.queue.push_back(Waiter { since: now, place });
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

    fn take(self: &Arc<Self>, state: &mut State, now: Instant) -> Permit {
        state.in_flight += 1;
        self.in_flight.set(whole(state.in_flight));
        Permit {
            gate: Some(Arc::clone(self)),
            since: now,
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
        while state.in_flight < state.limit.places() {
            let Some(waiter) = state.queue.pop_front() else { break };
            if now.saturating_duration_since(waiter.since) > patience {
                // Dropping the sender tells it.
                continue;
            }
            let permit = self.take(state, now);
            if let Err(mut unwanted) = waiter.place.send(permit) {
                // Given back here: dropping it would want the lock that is held.
                unwanted.gate = None;
                state.in_flight -= 1;
            }
        }
        if state.queue.is_empty() {
            state.crowded_since = None;
        }
        self.queued.set(whole(state.queue.len()));
        self.in_flight.set(whole(state.in_flight));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(gate) = self.gate.take() else { return };
        let now = Instant::now();
        let mut state = gate.state();
        let under_way = state.in_flight;
        state
            .limit
            .answered(now.saturating_duration_since(self.since), under_way, now);
        state.in_flight -= 1;
        gate.in_flight.set(whole(state.in_flight));
        gate.places.set(whole(state.limit.places()));
        gate.hand_out(&mut state, now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn whole(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn gate(places: usize, wait: u64) -> Gate {
        Gate::new("test", Limit::fixed(places), Duration::from_millis(wait))
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_and_is_then_sent_away() {
        let gate = gate(1, 500);
        let first = gate.enter().await.unwrap_or_else(|_| panic!("free"));
        let began = Instant::now();
        assert_eq!(gate.enter().await.err(), Some(Shed::Waited));
        assert_eq!(began.elapsed(), Duration::from_millis(500));
        drop(first);
        assert!(
            gate.enter().now_or_never().is_some_and(|entered| entered.is_ok()),
            "at once"
        );
        assert_eq!(gate.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn places_go_to_those_who_wait_in_their_order_and_not_to_those_who_left() {
        let gate = gate(1, 500);
        let first = gate.enter().await.unwrap_or_else(|_| panic!("free"));
        let (mut gone, mut second, mut third) =
            (Box::pin(gate.enter()), Box::pin(gate.enter()), Box::pin(gate.enter()));
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
        let _first = gate.enter().await;
        let mut waiting: Vec<_> = (0..MIN_QUEUE).map(|_| Box::pin(gate.enter())).collect();
        for future in &mut waiting {
            assert!(future.now_or_never().is_none());
        }
        assert_eq!(gate.enter().now_or_never().and_then(Result::err), Some(Shed::QueueFull));
        waiting.pop();
        assert!(gate.enter().now_or_never().is_none(), "the one who left made room");
    }

    #[tokio::test(start_paused = true)]
    async fn a_standing_queue_makes_nobody_wait_for_long() {
        let gate = gate(1, 500);
        let first = gate.enter().await.unwrap_or_else(|_| panic!("free"));
        let mut early = Box::pin(gate.enter());
        assert!((&mut early).now_or_never().is_none());
        tokio::time::advance(BURST + Duration::from_millis(1)).await;
        let mut late = Box::pin(gate.enter());
        assert!((&mut late).now_or_never().is_none());
        drop(first);
        assert_eq!(early.now_or_never().and_then(Result::err), Some(Shed::Waited));
        assert!(late.now_or_never().is_some_and(|entered| entered.is_ok()));
    }
}
