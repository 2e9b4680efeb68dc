//! Replaying an exported stream: the events folded into their aggregate, whatever its type.
//!
//! The states are canonical JSON (the members of objects in the order of their names, no white space), and each has a hash: two replays of
//! one file by the same code print the same text on every machine, and another text tells that the code came to fold history differently.

use std::fmt;
use std::io::BufRead;

use domain::{REGISTRY, Visitor, visit};
use eventstore::{Registered, StreamFileError, StreamReader};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The types of aggregates that there are.
pub fn types() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|entry| entry.aggregate_type)
}

/// A stream after one of its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The aggregate's type.
    pub aggregate_type: String,
    /// The aggregate's id.
    pub aggregate_id: String,
    /// The number of events so far.
    pub version: u64,
    /// The type of the last one.
    pub event_type: String,
    /// The state after it.
    pub state: Value,
}

/// Why a file was not replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Something is wrong with the file.
    #[error(transparent)]
    File(#[from] StreamFileError),
    /// Nobody knows such aggregates.
    #[error("line 1: there are no aggregates of type {0:?}")]
    UnknownType(String),
}

impl Step {
    /// SHA-256 of the state as canonical JSON.
    #[must_use]
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(canonical(&self.state).to_string());
        digest
            .iter()
            .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = json!({
            "aggregate_type": self.aggregate_type,
            "aggregate_id": self.aggregate_id,
            "version": self.version,
            "event_type": self.event_type,
            "hash": self.hash(),
            "state": self.state,
        });
        write!(formatter, "{}", canonical(&step))
    }
}

/// Replays a file; `each`, if there is one, sees every step. Returns the last one.
pub fn replay(file: impl BufRead, each: Option<&mut dyn FnMut(&Step)>) -> Result<Step, ReplayError> {
    let reader = StreamReader::open(file)?;
    let aggregate_type = reader.header().aggregate_type.clone();
    match visit(&aggregate_type, Replay { reader, each }) {
        Some(step) => Ok(step?),
        None => Err(ReplayError::UnknownType(aggregate_type)),
    }
}

struct Replay<'a, R> {
    reader: StreamReader<R>,
    each: Option<&'a mut dyn FnMut(&Step)>,
}

impl<R: BufRead> Visitor for Replay<'_, R> {
    type Output = Result<Step, StreamFileError>;

    fn visit<A: Registered + Serialize>(self) -> Self::Output {
        let Self { reader, mut each } = self;
        let header = reader.header();
        let mut step = Step {
            aggregate_type: header.aggregate_type.clone(),
            aggregate_id: header.aggregate_id.clone(),
            version: 0,
            event_type: String::new(),
            state: state(&A::default()),
        };
        let replayed = reader.replay::<A>(|event, aggregate| {
            step.version = event.sequence;
            event.event_type.as_ref().clone_into(&mut step.event_type);
            if let Some(each) = &mut each {
                step.state = state(aggregate);
                each(&step);
            }
        })?;
        step.state = state(&replayed.aggregate);
        Ok(step)
    }
}

fn state(aggregate: &impl Serialize) -> Value {
    // Texts, numbers and maps with keys of text: this cannot fail.
    serde_json::to_value(aggregate).unwrap_or_default()
}

/// The same value with the members of its objects in the order of their names.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            let sorted = members
                .into_iter()
                .map(|(name, value)| (name.clone(), canonical(value)));
            Value::Object(sorted.collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.iter().map(canonical).collect()),
        other => other.clone(),
    }
}
