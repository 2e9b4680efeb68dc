//! One step of a process: events, outcomes and timers change the states of instances, and effects follow.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use eventstore::Recorded;
use sqlx::PgConnection;

use crate::instance::{self, Instances};
use crate::outbox::{self, OutgoingEffect};
use crate::process::{Out, Process};
use crate::session::Session;

/// The largest number of timers, and of outcomes, in a step.
const SWEEP: i64 = 1_024;

/// The input of a step.
pub(crate) struct Input<'e> {
    pub(crate) events: &'e [Recorded],
    /// Whether the log has been read to its end; only then do timers fire.
    pub(crate) caught_up: bool,
}

/// Folds events, then outcomes, then timers. Returns whether there is something to deliver.
pub(crate) async fn fold<P: Process>(
    process: &P,
    session: &mut Session,
    input: &Input<'_>,
    now: DateTime<Utc>,
    tx: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let wanted = input
        .events
        .iter()
        .filter(|event| P::EVENTS.contains(&&*event.event_type));
    let events: Vec<_> = wanted.map(|event| (event, process.facts(event))).collect();
    let outcomes = outbox::outcomes(P::NAME, SWEEP, tx).await?;
    let due = if input.caught_up && session.open > 0 {
        instance::due(P::NAME, now, SWEEP, tx).await?
    } else {
        Vec::new()
    };
    let keys: HashSet<String> = events
        .iter()
        .flat_map(|(_, facts)| facts.iter().map(|(key, _)| key))
        .chain(outcomes.iter().map(|(key, _)| key))
        .cloned()
        .chain(due)
        .collect();
    if keys.is_empty() {
        return Ok(false);
    }
    let mut batch = Batch {
        instances: instance::load(P::NAME, keys, tx).await?,
        sent: Vec::new(),
    };
    for (event, facts) in events {
        let muted = session
            .muted
            .get(event.lane)
            .is_some_and(|muted| event.position <= muted);
        for (key, fact) in facts {
            batch.apply::<P>(&key, event.event_id.to_string(), (muted, false), |state, out| {
                process.event(state, fact, event, out);
            });
        }
    }
    for (key, done) in &outcomes {
        batch.apply::<P>(key, done.id.to_string(), (false, false), |state, out| {
            process.outcome(state, done, out);
        });
    }
    if input.caught_up {
        for (key, name, time) in batch.due(now) {
            // A timer that fired earlier in this step may have cancelled or replaced this one.
            if batch.take_timer(&key, &name, time) {
                let cause = format!("{name}@{}", time.timestamp_micros());
                let old = time < session.muted_until;
                batch.apply::<P>(&key, cause, (false, old), |state, out| {
                    process.timer(state, &name, now, out);
                });
            }
        }
    }
    session.open += instance::store(P::NAME, &batch.instances, tx).await?;
    outbox::acknowledge(outcomes.into_iter().map(|(_, done)| done.id).collect(), tx).await?;
    outbox::put(P::NAME, &batch.sent, tx).await
}

/// The instances that a step works on, and the effects that follow.
struct Batch<S> {
    instances: Instances<S>,
    sent: Vec<OutgoingEffect>,
}

impl<S> Batch<S> {
    fn apply<P: Process>(
        &mut self,
        key: &str,
        cause: String,
        (muted, old_timer): (bool, bool),
        fold: impl FnOnce(&mut S, &mut Out<'_>),
    ) {
        if let Some(instance) = self.instances.get_mut(key) {
            let mut out = Out {
                process: P::NAME,
                key,
                cause,
                muted,
                old_timer,
                timers: &mut instance.timers,
                sent: &mut self.sent,
            };
            fold(&mut instance.state, &mut out);
        }
    }

    /// The timers that are due, in the order of their times.
    fn due(&self, now: DateTime<Utc>) -> Vec<(String, String, DateTime<Utc>)> {
        let timers = self.instances.iter().flat_map(|(key, instance)| {
            let due = instance.timers.iter().filter(|(_, time)| **time <= now);
            due.map(|(name, time)| (key.clone(), name.clone(), *time))
        });
        let mut timers: Vec<_> = timers.collect();
        timers.sort_unstable_by(|one, other| (one.2, &one.0, &one.1).cmp(&(other.2, &other.0, &other.1)));
        timers
    }

    /// Removes a timer; returns whether it was set.
    fn take_timer(&mut self, key: &str, name: &str, time: DateTime<Utc>) -> bool {
        self.instances.get_mut(key).is_some_and(|instance| {
            let is_set = instance.timers.get(name) == Some(&time);
            if is_set {
                instance.timers.remove(name);
            }
            is_set
        })
    }
}
