//! Which answers may be cached: the reads in flight and the position of the change feed, without contents and without IO.
//!
//! Two things race: a read that was answered from an older state and arrives late, and the report that the state has changed. They
//! are compared by positions. A read is entered here before it begins. A change of its key raises its floor. When it arrives from below its
//! floor, or from before what was known when it began, it is answered but not cached.

use std::{collections::HashMap, sync::Arc};

use proto::v1::ReadAt;

use super::positions::Positions;

/// How far the change feed has come, and the reads in flight.
pub(crate) struct InFlight<R> {
    /// The database that the feed reports on.
    pub(crate) database: String,
    /// `None` until the feed has spoken.
    generation: Option<u64>,
    /// How far the feed has come: whatever changed up to here is not kept any more.
    passed: Arc<Positions>,
    /// Counts the times that everything was forgotten.
    session: u64,
    under_way: HashMap<String, Vec<UnderWay<R>>>,
    serial: u64,
}

struct UnderWay<R> {
    serial: u64,
    floor: u64,
    request: R,
}

/// A read that is under way.
pub(crate) struct Ticket {
    key: String,
    serial: u64,
    session: u64,
    pub(crate) generation: Option<u64>,
    /// How far the feed had come when the read began.
    pub(crate) passed: Arc<Positions>,
}

/// What becomes of a read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// Not to be kept, because the key is known to have changed up to this position.
    Outdated(u64),
    /// Not to be kept for another reason.
    Pass,
}

impl<R> Default for InFlight<R> {
    fn default() -> Self {
        Self {
            database: String::new(),
            generation: None,
            passed: Arc::default(),
            session: 0,
            under_way: HashMap::new(),
            serial: 0,
        }
    }
}

impl<R> InFlight<R> {
    pub(crate) fn generation(&self) -> Option<u64> {
        self.generation
    }

    pub(crate) fn passed(&self) -> &Arc<Positions> {
        &self.passed
    }

    /// The read of a key that is under way and whose request suits.
    pub(crate) fn find(&self, key: &str, suits: impl Fn(&R) -> bool) -> Option<&R> {
        let reads = self.under_way.get(key)?;
        reads.iter().map(|read| &read.request).find(|request| suits(request))
    }

    /// Enters a read that is about to begin.
    pub(crate) fn begin(&mut self, key: &str, request: R) -> Ticket {
        self.serial += 1;
        self.under_way.entry(key.to_owned()).or_default().push(UnderWay {
            serial: self.serial,
            floor: 0,
            request,
        });
        Ticket {
            key: key.to_owned(),
            serial: self.serial,
            session: self.session,
            generation: self.generation,
            passed: Arc::clone(&self.passed),
        }
    }

    /// Strikes a read out and says whether what it read may be kept. `is_current`: it comes from where every change up to the beginning of the
    /// read had been told, whenever it was read itself.
    pub(crate) fn end(&mut self, ticket: &Ticket, read_at: Option<&ReadAt>, is_current: bool) -> Verdict {
        let mut floor = 0;
        if let Some(reads) = self.under_way.get_mut(&ticket.key) {
            reads.retain(|read| {
                let is_this = read.serial == ticket.serial;
                if is_this {
                    floor = read.floor;
                }
                !is_this
            });
            if reads.is_empty() {
                self.under_way.remove(&ticket.key);
            }
        }
        let Some(read_at) = read_at else {
            return Verdict::Pass;
        };
        if read_at.position < floor {
            return Verdict::Outdated(floor);
        }
        let known = self.generation == Some(read_at.generation) && ticket.session == self.session;
        if known && (is_current || read_at.position >= ticket.passed.get(read_at.lane)) {
            Verdict::Keep
        } else {
            Verdict::Pass
        }
    }

    /// Forgets everything: what is under way will not be kept either.
    pub(crate) fn restart(&mut self, generation: u64, passed: Positions) {
        self.session += 1;
        self.generation = Some(generation);
        self.passed = Arc::new(passed);
    }

    /// Takes in that a key has changed.
    pub(crate) fn changed(&mut self, key: &str, position: u64) {
        for read in self.under_way.get_mut(key).into_iter().flatten() {
            read.floor = read.floor.max(position);
        }
    }

    /// Takes in how far the feed has come, after all keys that changed up to there.
    pub(crate) fn pass(&mut self, passed: Positions) {
        self.passed = Arc::new(passed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    const LANE: u32 = 1;
    const KEYS: usize = 3;

    #[derive(Clone, Debug)]
    enum Step {
        Write(usize),
        /// The read models take in one more event.
        Project,
        /// The feed takes in what the read models show, up to so many events.
        Follow(usize),
        /// The feed begins again and forgets what came between.
        Restart,
        Begin(usize),
        /// A read under way is answered by a server that is so many events behind the read models; the oldest or the newest one.
        Answer {
            behind: u64,
            newest: bool,
        },
        /// What was read arrives.
        Arrive {
            newest: bool,
        },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (0..KEYS).prop_map(Step::Write),
            3 => Just(Step::Project),
            2 => (1..4_usize).prop_map(Step::Follow),
            1 => Just(Step::Restart),
            3 => (0..KEYS).prop_map(Step::Begin),
            3 => (0..3_u64, any::<bool>()).prop_map(|(behind, newest)| Step::Answer { behind, newest }),
            3 => any::<bool>().prop_map(|newest| Step::Arrive { newest }),
        ];
        proptest::collection::vec(step, 0..80)
    }

    /// A log of one lane, read models that follow it, a feed that follows them, and a cache that keeps what the books allow.
    #[derive(Default)]
    struct Model {
        /// The key that each event changed; positions count from 1.
        log: Vec<usize>,
        projected: u64,
        followed: u64,
        in_flight: InFlight<()>,
        cached: HashMap<String, u64>,
        begun: VecDeque<(usize, Ticket)>,
        answered: VecDeque<(Ticket, ReadAt)>,
    }

    fn name(key: usize) -> String {
        format!("k{key}")
    }

    fn positions(position: u64) -> Positions {
        [(LANE, position)].into_iter().collect()
    }

    impl Model {
        fn new() -> Self {
            let mut model = Self::default();
            model.in_flight.restart(1, positions(0));
            model
        }

        fn step(&mut self, step: &Step) {
            match *step {
                Step::Write(key) => self.log.push(key),
                Step::Project => self.projected = (self.projected + 1).min(self.log.len() as u64),
                Step::Follow(events) => self.follow((self.followed + events as u64).min(self.projected)),
                Step::Restart => {
                    self.followed = self.projected;
                    self.cached.clear();
                    self.in_flight.restart(1, positions(self.followed));
                }
                Step::Begin(key) => {
                    let ticket = self.in_flight.begin(&name(key), ());
                    self.begun.push_back((key, ticket));
                }
                Step::Answer { behind, newest } => {
                    let read = if newest {
                        self.begun.pop_back()
                    } else {
                        self.begun.pop_front()
                    };
                    if let Some((_, ticket)) = read {
                        let read_at = ReadAt {
                            lane: LANE,
                            position: self.projected.saturating_sub(behind),
                            generation: 1,
                        };
                        self.answered.push_back((ticket, read_at));
                    }
                }
                Step::Arrive { newest } => {
                    let read = if newest {
                        self.answered.pop_back()
                    } else {
                        self.answered.pop_front()
                    };
                    if let Some((ticket, read_at)) = read
                        && self.in_flight.end(&ticket, Some(&read_at), false) == Verdict::Keep
                    {
                        let cached = self.cached.entry(ticket.key.clone()).or_default();
                        *cached = read_at.position.max(*cached);
                    }
                }
            }
        }

        fn follow(&mut self, upto: u64) {
            for position in self.followed + 1..=upto {
                let key = name(self.log[usize::try_from(position - 1).unwrap()]);
                self.in_flight.changed(&key, position);
                if self.cached.get(&key).is_some_and(|cached| *cached < position) {
                    self.cached.remove(&key);
                }
            }
            self.followed = self.followed.max(upto);
            self.in_flight.pass(positions(self.followed));
        }

        /// What is kept shows every change that the feed has told of.
        fn check(&self) {
            for (key, cached) in &self.cached {
                let followed = &self.log[..usize::try_from(self.followed).unwrap()];
                let changed = followed.iter().rposition(|changed| name(*changed) == *key);
                let changed = changed.map_or(0, |index| index as u64 + 1);
                assert!(
                    *cached >= changed,
                    "{key} is kept as of {cached} but changed at {changed}"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn nothing_is_kept_that_is_known_to_have_changed(steps in steps()) {
            let mut model = Model::new();
            for step in steps {
                model.step(&step);
                model.check();
            }
            let all = model.log.len() as u64;
            model.projected = all;
            model.follow(all);
            model.check();
        }
    }

    #[test]
    fn a_read_from_before_a_restart_or_of_another_build_is_not_kept() {
        let read_at = |generation| ReadAt {
            lane: LANE,
            position: 9,
            generation,
        };
        let mut in_flight = InFlight::default();
        let early = in_flight.begin("k", ());
        assert_eq!(
            in_flight.end(&early, Some(&read_at(1)), false),
            Verdict::Pass,
            "the feed has not spoken yet"
        );
        in_flight.restart(1, positions(5));
        let ticket = in_flight.begin("k", ());
        assert_eq!(
            in_flight.end(&ticket, Some(&read_at(2)), false),
            Verdict::Pass,
            "a build that is not known"
        );
        let ticket = in_flight.begin("k", ());
        assert_eq!(in_flight.end(&ticket, Some(&read_at(1)), false), Verdict::Keep);
        let ticket = in_flight.begin("k", ());
        in_flight.restart(1, positions(5));
        assert_eq!(
            in_flight.end(&ticket, Some(&read_at(1)), false),
            Verdict::Pass,
            "everything was forgotten meanwhile"
        );
        let ticket = in_flight.begin("k", ());
        in_flight.changed("k", 10);
        assert_eq!(in_flight.end(&ticket, Some(&read_at(1)), false), Verdict::Outdated(10));
        let ticket = in_flight.begin("k", ());
        assert_eq!(
            in_flight.end(&ticket, None, false),
            Verdict::Pass,
            "an answer that is not to be kept"
        );
        assert!(in_flight.under_way.is_empty());
    }
}
