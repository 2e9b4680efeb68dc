//! What a process is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use eventstore::Recorded;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::effect::{Done, Effect};
use crate::outbox::OutgoingEffect;

/// A fold over the events of the log, with timers, from which effects follow. Pure: no clock, no database, no network.
pub trait Process: Send + Sync + 'static {
    /// Its name in the tables, for ever.
    const NAME: &'static str;
    /// Of the state's shape and of what the fold does. A higher one is folded from the start, without effects.
    const VERSION: i32 = 1;
    /// The types of the events that it takes in.
    const EVENTS: &'static [&'static str];
    /// What it knows of an instance. The default: nothing.
    type State: Default + PartialEq + Serialize + DeserializeOwned + Send + Sync;
    /// What an event says about an instance.
    type Fact: Send;

    /// Reads an event: the instances that it is about, and what it says about each. Nothing for one that cannot be read.
    fn facts(&self, event: &Recorded) -> Vec<(String, Self::Fact)>;

    /// Takes in an event.
    fn event(&self, state: &mut Self::State, fact: Self::Fact, event: &Recorded, out: &mut Out<'_>);

    /// The timer has gone off, and is gone; it may be set anew. `now` is not before its time.
    fn timer(&self, state: &mut Self::State, name: &str, now: DateTime<Utc>, out: &mut Out<'_>) {
        let _ = (state, name, now, out);
    }

    /// An effect was delivered, or dropped by an operator.
    fn outcome(&self, state: &mut Self::State, done: &Done, out: &mut Out<'_>) {
        let _ = (state, done, out);
    }

    /// Shows how things stand: so many instances are open. `None`: somebody else may fold from now on, and what this worker showed is no
    /// longer true.
    fn measure(&self, open: Option<u64>) -> impl Future<Output = ()> + Send {
        let _ = open;
        async {}
    }
}

/// What follows. Within one cause a step names one effect.
#[derive(Debug)]
pub struct Out<'a> {
    pub(crate) process: &'static str,
    pub(crate) key: &'a str,
    /// The event, effect or timer that it follows from.
    pub(crate) cause: String,
    /// Whether that is an event that was there before the process was folded from the start.
    pub(crate) muted: bool,
    /// Whether it is a timer of a time of which ids are no longer known.
    pub(crate) old_timer: bool,
    pub(crate) timers: &'a mut BTreeMap<String, DateTime<Utc>>,
    pub(crate) sent: &'a mut Vec<OutgoingEffect>,
}

impl Out<'_> {
    /// The instance.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key
    }

    /// Has `E` done.
    pub fn send<E: Effect>(&mut self, step: &str, body: &E::Body) {
        /// Of all ids of effects.
        const EFFECTS: Uuid = Uuid::from_u128(0x7469_6c6c_726f_6c6c_0000_6566_6665_6374);
        let name = format!("{}\0{}\0{}\0{step}", self.process, self.cause, self.key);
        match serde_json::to_string(body) {
            Ok(body) => self.sent.push(OutgoingEffect {
                id: Uuid::new_v5(&EFFECTS, name.as_bytes()),
                key: self.key.to_owned(),
                step: step.to_owned(),
                kind: E::KIND,
                body,
                remembered: !E::REPEATABLE,
                muted: self.muted || self.old_timer && !E::REPEATABLE,
            }),
            Err(error) => {
                tracing::error!(process = self.process, key = self.key, step, %error, "an effect cannot be written down");
            }
        }
    }

    /// Sets the timer `name`; one of this name is replaced.
    pub fn at(&mut self, name: &str, time: DateTime<Utc>) {
        self.timers.insert(name.to_owned(), time);
    }

    /// Takes a timer back.
    pub fn cancel(&mut self, name: &str) {
        self.timers.remove(name);
    }
}
