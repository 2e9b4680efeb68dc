//! The newest events of each lane, in memory, for the readers of this process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::{MissingEvent, Positions, Recorded};

/// A bounded window on the end of the log. It may have gaps at any time (other processes write, too); positions tell.
#[derive(Debug)]
pub(crate) struct Tail {
    window: Mutex<Window>,
    /// The highest position of each lane that is known to exist.
    heads: Vec<AtomicU64>,
    /// Ticks when a head has moved.
    moved: watch::Sender<()>,
    /// An event that was seen and is not there any more.
    missing: watch::Sender<Option<MissingEvent>>,
    /// Readers that wait for a head to move; without any, nobody needs to poll.
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct Window {
    lanes: Vec<VecDeque<Recorded>>,
    /// Lane and position of everything ever taken in, oldest first; what a gap has dropped since is skipped.
    order: VecDeque<(u32, u64)>,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

/// The newest event of a lane that a process knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) lane: u32,
    pub(crate) position: u64,
    /// Its id, where the event itself was seen and not only that there is one.
    pub(crate) event_id: Option<Uuid>,
}

/// What the window has for a reader's cursor.
pub(crate) enum Served {
    /// The lane has nothing after the cursor, as far as is known.
    UpToDate,
    /// These continue the cursor without a gap.
    Events(Vec<Recorded>),
    /// The window does not reach back that far; so many events are to be read from the table.
    TooOld { behind: u64 },
}

impl Tail {
    pub(crate) fn new(lanes: u32, max_events: usize, max_bytes: usize) -> Self {
        let window = Window {
            lanes: (0..lanes).map(|_| VecDeque::new()).collect(),
            order: VecDeque::new(),
            bytes: 0,
            max_events,
            max_bytes,
        };
        Self {
            window: Mutex::new(window),
            heads: (0..lanes).map(|_| AtomicU64::new(0)).collect(),
            moved: watch::Sender::new(()),
            missing: watch::Sender::new(None),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Takes in committed events, each lane's in order.
    pub(crate) fn publish(&self, events: Vec<Recorded>) {
        let heads: Positions = events.iter().map(|event| (event.lane, event.position)).collect();
        let mut window = self.window();
        for event in events {
            window.push(event);
        }
        drop(window);
        self.advance_heads(&heads);
    }

    /// Takes note of what exists, wherever it was written.
    pub(crate) fn advance_heads(&self, heads: &Positions) {
        let changed = heads.iter().fold(false, |changed, (lane, position)| {
            let head = self.heads.get(lane as usize);
            changed | head.is_some_and(|head| head.fetch_max(position, Ordering::AcqRel) < position)
        });
        if changed {
            self.moved.send_replace(());
        }
    }

    /// Of every lane that has any, the newest event that is known: the one that was seen, and what is known to come after it.
    pub(crate) fn known(&self) -> Vec<Known> {
        let seen: Vec<Known> = self
            .window()
            .lanes
            .iter()
            .filter_map(VecDeque::back)
            .map(|event| Known {
                lane: event.lane,
                position: event.position,
                event_id: Some(event.event_id),
            })
            .collect();
        let heads = self.heads.iter().zip(0..).map(|(head, lane)| Known {
            lane,
            position: head.load(Ordering::Acquire),
            event_id: None,
        });
        let mut known: Vec<Known> = heads.filter(|known| known.position > 0).collect();
        known.extend(seen);
        known
    }

    /// Takes note that an event is not there any more. The first one counts.
    pub(crate) fn record_missing(&self, missing: MissingEvent) {
        self.missing.send_if_modified(|known| {
            let changed = known.is_none();
            known.get_or_insert(missing);
            changed
        });
    }

    /// An event that is not there any more.
    pub(crate) fn missing_event(&self) -> Option<MissingEvent> {
        *self.missing.borrow()
    }

    /// Returns when one is not.
    pub(crate) async fn until_missing(&self) -> MissingEvent {
        let mut missing = self.missing.subscribe();
        loop {
            if let Some(missing) = *missing.borrow_and_update() {
                return missing;
            }
            if missing.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// How many events after `position` are known to exist in `lane`.
    pub(crate) fn behind(&self, lane: u32, position: u64) -> u64 {
        let head = self
            .heads
            .get(lane as usize)
            .map_or(0, |head| head.load(Ordering::Acquire));
        head.saturating_sub(position)
    }

    /// Up to `limit` events of `lane` after `position`.
    pub(crate) fn serve(&self, lane: u32, position: u64, limit: usize) -> Served {
        let behind = self.behind(lane, position);
        if behind == 0 {
            return Served::UpToDate;
        }
        let window = self.window();
        let Some(events) = window.lanes.get(lane as usize) else {
            return Served::TooOld { behind };
        };
        match events.front() {
            Some(front) if front.position <= position + 1 => {
                let skip = usize::try_from(position + 1 - front.position).unwrap_or(usize::MAX);
                let found: Vec<Recorded> = events.iter().skip(skip).take(limit).cloned().collect();
                if found.is_empty() {
                    Served::TooOld { behind }
                } else {
                    Served::Events(found)
                }
            }
            _ => Served::TooOld { behind },
        }
    }

    /// Returns when a lane of `after` is known to go on.
    pub(crate) async fn wait(&self, after: &Positions) {
        let _waiting = Waiting::new(&self.waiting);
        let mut moved = self.moved.subscribe();
        while after.iter().all(|(lane, position)| self.behind(lane, position) == 0) {
            if moved.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether any reader waits.
    pub(crate) fn has_waiting_readers(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        // Nothing in here panics half-way through a change.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn push(&mut self, event: Recorded) {
        let Some(lane) = self.lanes.get_mut(event.lane as usize) else {
            return;
        };
        if let Some(newest) = lane.back() {
            if event.position <= newest.position {
                return;
            }
            if event.position > newest.position + 1 {
                self.bytes -= lane.drain(..).map(|dropped| weight(&dropped)).sum::<usize>();
            }
        }
        self.bytes += weight(&event);
        self.order.push_back((event.lane, event.position));
        lane.push_back(event);
        while self.order.len() > self.max_events || self.bytes > self.max_bytes {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some((lane, position)) = self.order.pop_front() else {
            return;
        };
        let lane = &mut self.lanes[lane as usize];
        if let Some(oldest) = lane.pop_front_if(|oldest| oldest.position == position) {
            self.bytes -= weight(&oldest);
        }
    }
}

/// Bytes that an event takes in memory. What it shares with others of its command is counted for each: so it is never less.
fn weight(event: &Recorded) -> usize {
    const COUNTS: usize = 2 * size_of::<usize>();
    let texts = [
        &event.aggregate_id,
        &event.event_type,
        &event.event_version,
        &event.payload,
        &event.metadata,
        &event.actor,
        &event.request_id,
    ];
    size_of::<Recorded>() + texts.map(|text| COUNTS + text.len()).iter().sum::<usize>()
}

/// Counts a waiting reader for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
