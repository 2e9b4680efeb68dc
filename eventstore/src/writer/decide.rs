//! Runs the decisions of a batch, one after another, each on what the ones before it left.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::DateTime;
use uuid::Uuid;

use super::Queued;
use super::job::{Decision, Failure, Job};
use crate::append::{Append, KeyRecord, event_id};
use crate::fold::Fold;
use crate::plan::{Plan, PlannedStream};
use crate::stream::{lane_of, lane_of_key};
use crate::transaction::{Appended, Serialized};
use crate::{Recorded, StreamKey, TransactError};

/// What is to become of a command when the batch has committed.
pub(crate) enum Verdict {
    Accepted {
        stored: Stored,
        offsets: BTreeMap<u32, u64>,
    },
    Rejected,
    Failed(Failure),
    /// Not in this batch: it is full, or a command with the same idempotency key goes first.
    Deferred {
        same_key: bool,
    },
}

/// What a command stores, by which it is known again.
pub(crate) struct Stored {
    pub(crate) versions: Vec<(StreamKey, u64)>,
    /// Names the event at the last of the versions; no other command has an event with this id.
    pub(crate) last_event: Uuid,
}

/// What the decisions of a batch share.
pub(crate) struct Decider<'a> {
    pub(crate) lanes: u32,
    pub(crate) batch_bytes: usize,
    pub(crate) fold: &'a mut Fold,
    pub(crate) append: Append,
    bytes: usize,
    keys: Keys,
}

/// Idempotency keys, as scope and key.
pub(crate) type Keys = HashSet<(String, String)>;

impl<'a> Decider<'a> {
    pub(crate) fn new(lanes: u32, batch_bytes: usize, fold: &'a mut Fold) -> Self {
        Self {
            lanes,
            batch_bytes,
            fold,
            append: Append::default(),
            bytes: 0,
            keys: Keys::new(),
        }
    }

    /// Decides all commands in order. Returns what to store, a verdict for each command, and the keys that the batch makes use of.
    pub(crate) fn run(mut self, batch: &mut [Queued]) -> (Append, Vec<Verdict>, Keys) {
        let verdicts = batch.iter_mut().map(|queued| self.decide(&mut *queued.job)).collect();
        (self.append, verdicts, self.keys)
    }

    fn decide(&mut self, job: &mut dyn Job) -> Verdict {
        if self.bytes >= self.batch_bytes {
            return Verdict::Deferred { same_key: false };
        }
        if let Some(key) = &job.plan().idempotency
            && self.keys.contains(&(key.scope.clone(), key.key.clone()))
        {
            return Verdict::Deferred { same_key: true };
        }
        let places = match self.places(&job.plan().streams) {
            Ok(places) => places,
            Err(failure) => return Verdict::Failed(failure),
        };
        match job.decide(&places, self.fold) {
            Decision::Accepted { appended, outcome } => self.accept(job, &places, appended, outcome),
            Decision::Rejected => Verdict::Rejected,
            Decision::Faulty(fault) => Verdict::Failed(fault.into()),
        }
    }

    /// Where the planned streams lie, when all can be used and are as expected.
    fn places(&self, streams: &[PlannedStream]) -> Result<Vec<usize>, Failure> {
        let place = |planned: &PlannedStream| {
            let place = self.fold.place(&planned.key);
            let place = place.ok_or_else(|| TransactError::Plan(format!("{} was not loaded", planned.key)))?;
            let stream = self.fold.stream(place);
            if let Some(error) = &stream.broken {
                return Err(TransactError::Store(error.clone()));
            }
            match planned.expected {
                Some(expected) if expected != stream.version => Err(TransactError::VersionMismatch {
                    stream: planned.key.clone(),
                    expected,
                    actual: stream.version,
                }),
                _ => Ok(place),
            }
        };
        streams.iter().map(place).collect()
    }

    fn accept(&mut self, job: &dyn Job, places: &[usize], appended: Vec<Appended>, outcome: Option<String>) -> Verdict {
        let plan = job.plan();
        if !appended.is_empty() {
            let held = plan
                .streams
                .iter()
                .zip(places)
                .filter(|(planned, _)| planned.access.held());
            for (_, place) in held {
                self.append.lanes.entry(self.fold.stream(*place).lane).or_default();
            }
        }
        let mut recorder = Recorder::new(job);
        let mut versions = Vec::with_capacity(appended.len());
        let mut offsets = BTreeMap::new();
        for Appended {
            planned,
            events,
            serialized,
        } in appended
        {
            let place = places[planned];
            let stream = self.fold.stream(place);
            let (key, lane, mut sequence) = (stream.key.clone(), stream.lane, stream.version);
            let count = serialized.len() as u64;
            let offset = self.append.lanes.entry(lane).or_default();
            let bytes = serialized.iter().map(|event| event.payload.len()).sum();
            self.bytes += bytes;
            for event in serialized {
                sequence += 1;
                *offset += 1;
                self.append
                    .events
                    .push(recorder.record(&key, lane, *offset, sequence, event));
                self.append.occurred.push(plan.occurred_at);
            }
            offsets.insert(lane, *offset);
            self.fold.apply(place, events, count, bytes);
            versions.push((key, sequence));
        }
        if let Some(outcome) = outcome {
            self.remember(plan, outcome, &versions);
        }
        let last_event = recorder.last_event;
        Verdict::Accepted {
            stored: Stored { versions, last_event },
            offsets,
        }
    }

    fn remember(&mut self, plan: &Plan, outcome: String, versions: &[(StreamKey, u64)]) {
        let Some(key) = plan.idempotency.clone() else { return };
        let written = |(
            StreamKey {
                aggregate_type,
                aggregate_id,
            },
            version,
        ): &(StreamKey, u64)| {
            serde_json::json!([
                **aggregate_type,
                **aggregate_id,
                lane_of(aggregate_id, self.lanes),
                version
            ])
        };
        let versions = versions.iter().map(written).collect::<serde_json::Value>().to_string();
        self.keys.insert((key.scope.clone(), key.key.clone()));
        self.append.keys.push(KeyRecord {
            lane: lane_of_key(&key.scope, &key.key, self.lanes),
            scope: key.scope,
            key: key.key,
            request_hash: key.request_hash,
            outcome,
            versions,
        });
    }
}

/// Makes the records of one command's events; what they have in common is shared.
struct Recorder<'a> {
    job: &'a dyn Job,
    recorded: usize,
    last_event: Uuid,
    actor: Arc<str>,
    request_id: Arc<str>,
    metadata: Arc<str>,
}

impl<'a> Recorder<'a> {
    fn new(job: &'a dyn Job) -> Self {
        let Plan {
            metadata, annotations, ..
        } = job.plan();
        let mut map: BTreeMap<&str, &str> = annotations.iter().map(|(name, value)| (&**name, &**value)).collect();
        map.insert("request_id", &metadata.request_id);
        Self {
            job,
            recorded: 0,
            last_event: Uuid::nil(),
            actor: metadata.actor.as_str().into(),
            request_id: metadata.request_id.as_str().into(),
            metadata: serde_json::json!(map).to_string().into(),
        }
    }

    fn record(&mut self, key: &StreamKey, lane: u32, offset: u64, sequence: u64, event: Serialized) -> Recorded {
        let Plan { metadata, .. } = self.job.plan();
        let event_id = event_id(self.job.id(), self.recorded);
        self.recorded += 1;
        self.last_event = event_id;
        Recorded {
            lane,
            position: offset,
            event_id,
            aggregate_type: Arc::clone(&key.aggregate_type),
            aggregate_id: Arc::clone(&key.aggregate_id),
            sequence,
            event_type: event.event_type.into(),
            event_version: event.event_version.into(),
            payload: event.payload.into(),
            metadata: Arc::clone(&self.metadata),
            actor: Arc::clone(&self.actor),
            correlation_id: metadata.correlation_id,
            causation_id: metadata.causation_id,
            request_id: Arc::clone(&self.request_id),
            // Both are the database's to say; see `Append::into_stored`.
            recorded_at: DateTime::UNIX_EPOCH,
            occurred_at: DateTime::UNIX_EPOCH,
        }
    }
}
