//! How many places a class has.

use std::time::Duration;

use tokio::time::Instant;

/// A window of measurement is at least this long, unless nothing comes.
const WINDOW: Duration = Duration::from_millis(100);
/// Answers that a window needs to mean something, and how long to wait for them.
const SAMPLES: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(1);
/// One slow answer in so many is too many.
const SLOW_SHARE: u32 = 10;

/// A number of places. An adaptive one shrinks by a tenth when answers are slow, and grows by a sixteenth while all places are in
/// use and answers are quick: with additive noise that is the pattern of TCP, and by Little's law it settles where the work that is
/// under way is just what can be answered within the target.
#[derive(Debug)]
pub(super) struct Limit {
    floor: f64,
    ceiling: f64,
    now: f64,
    /// None: fixed.
    target: Option<Duration>,
    window: Window,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    started: Option<Instant>,
    answers: u32,
    slow: u32,
    /// Most requests under way at once.
    peak: usize,
    /// The same with those that waited for a place.
    wanted: usize,
}

impl Limit {
    /// Always this many, at least one.
    pub(super) fn fixed(places: usize) -> Self {
        let places = float(places.max(1));
        Self {
            floor: places,
            ceiling: places,
            now: places,
            target: None,
            window: Window::default(),
        }
    }

    /// Between `floor` and `ceiling`, beginning with the latter.
    pub(super) fn adaptive(floor: usize, ceiling: usize, target: Duration) -> Self {
        Self {
            floor: float(floor.clamp(1, ceiling.max(1))),
            target: Some(target),
            ..Self::fixed(ceiling)
        }
    }

    /// The present number.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of places, between floor and ceiling"
    )]
    pub(super) fn places(&self) -> usize {
        self.now as usize
    }

    /// Takes in that an answer took so long, when `under_way` requests were under way with it and as many as `waiting` wanted to be.
    pub(super) fn answered(&mut self, took: Duration, under_way: usize, waiting: usize, now: Instant) {
        let Some(target) = self.target else { return };
        let window = &mut self.window;
        let started = *window.started.get_or_insert(now);
        window.answers += 1;
        window.slow += u32::from(took > target);
        window.peak = window.peak.max(under_way);
        window.wanted = window.wanted.max(under_way + waiting);
        let age = now.saturating_duration_since(started);
        if age < WINDOW || (window.answers < SAMPLES && age < PATIENCE) {
            return;
        }
        let Window {
            answers,
            slow,
            peak,
            wanted,
            ..
        } = std::mem::take(window);
        if slow * SLOW_SHARE > answers {
            // Places that nobody used do not make answers slow: begin from those that were.
            self.now = (self.now.min(float(peak)) * 0.9).max(self.floor);
        } else if float(wanted) >= self.now * 0.8 {
            self.now = (self.now + (self.now / 16.0).max(1.0)).min(self.ceiling);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of places")]
fn float(places: usize) -> f64 {
    places as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(100);

    /// Windows in which every answer takes `latency` of the number of requests under way.
    fn run(limit: &mut Limit, clock: &mut Instant, windows: usize, latency: impl Fn(usize) -> Duration) {
        for _ in 0..windows * 20 {
            *clock += WINDOW / 20;
            let under_way = limit.places();
            limit.answered(latency(under_way), under_way, 0, *clock);
        }
    }

    #[test]
    fn it_settles_where_answers_are_in_time_and_grows_back() {
        let mut limit = Limit::adaptive(16, 1024, TARGET);
        let mut clock = Instant::now();
        // A system that answers 2 in a millisecond takes 100 ms with 200 under way.
        let busy = |under_way: usize| Duration::from_micros(under_way as u64 * 500);
        run(&mut limit, &mut clock, 100, busy);
        assert!((150..=220).contains(&limit.places()), "{}", limit.places());
        run(&mut limit, &mut clock, 100, |_| Duration::from_secs(5));
        assert_eq!(limit.places(), 16, "never below the floor");
        run(&mut limit, &mut clock, 200, |_| Duration::from_millis(1));
        assert_eq!(limit.places(), 1024, "never above the ceiling");
    }

    #[test]
    fn slow_answers_of_an_idle_system_cost_no_more_than_the_floor() {
        let mut limit = Limit::adaptive(16, 1024, TARGET);
        let mut clock = Instant::now();
        for _ in 0..50 {
            clock += Duration::from_secs(2);
            limit.answered(Duration::from_secs(1), 1, 0, clock);
        }
        assert_eq!(limit.places(), 16);
    }

    #[test]
    fn it_grows_for_those_who_wait_too() {
        let mut limit = Limit::adaptive(16, 1024, TARGET);
        let mut clock = Instant::now();
        run(&mut limit, &mut clock, 100, |_| Duration::from_secs(5));
        for _ in 0..4_000 {
            clock += WINDOW / 20;
            let half = limit.places() / 2;
            limit.answered(Duration::from_millis(1), half, half, clock);
        }
        assert_eq!(
            limit.places(),
            1024,
            "clients that have their share do not hold it down"
        );
    }

    #[test]
    fn a_fixed_number_stays_and_is_at_least_one() {
        let mut limit = Limit::fixed(0);
        let mut clock = Instant::now();
        run(&mut limit, &mut clock, 10, |_| Duration::from_secs(5));
        assert_eq!(limit.places(), 1);
        assert_eq!(Limit::adaptive(16, 2, TARGET).places(), 2);
    }
}
