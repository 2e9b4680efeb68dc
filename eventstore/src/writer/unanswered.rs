//! Commits whose answer was lost: the log itself says whether they happened.
//!
//! The ids of a command's events derive from the id of the command, so what is stored can be told from what another run under the same
//! idempotency key stored. The lanes are locked before the look: a statement that is still at work in an abandoned session has ended by
//! then. One that has not even begun finds, once these commands are decided again and stored, that its streams have moved on; and when
//! they are decided otherwise, the streams have moved already. So a command is stored once, with a key or without.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::answer::fail;
use super::decide::{Stored, Verdict};
use super::job::Answer;
use super::{Queued, Writer};
use crate::stream::lane_of;
use crate::{Error, StreamKey, TransactError};

/// How often a command is carried over when connections break under it.
const CARRIED: usize = 3;

/// What was sent for a command whose commit was not answered: it may be stored.
pub(crate) struct Unanswered {
    stored: Stored,
    /// What came instead of the answer.
    pub(super) error: Arc<sqlx::Error>,
}

impl Writer {
    /// The commit may or may not have happened: the commands of the batch go first in the next one, which finds out.
    pub(super) fn carry_over(&mut self, batch: &mut Vec<Queued>, verdicts: Vec<Verdict>, error: sqlx::Error) {
        tracing::warn!(%error, commands = batch.len(), "the connection broke during a commit; looking for its outcome");
        metrics::counter!("eventstore_answers_lost_total").increment(1);
        let error = Arc::new(error);
        for (mut queued, verdict) in batch.drain(..).zip(verdicts).rev() {
            if let Verdict::Accepted { stored, .. } = verdict {
                queued.unanswered = Some(Unanswered {
                    stored,
                    error: Arc::clone(&error),
                });
            }
            if queued.carried < CARRIED {
                queued.carried += 1;
                self.deferred.push_front(queued);
            } else {
                fail(queued, TransactError::Unavailable(Error::Database(Arc::clone(&error))));
            }
        }
    }

    /// Answers the commands that turn out to be stored, and takes them out of the batch.
    pub(super) async fn answer_stored(
        &mut self,
        db: &mut PgConnection,
        batch: &mut Vec<Queued>,
    ) -> Result<(), sqlx::Error> {
        let sent = batch.iter().filter_map(sent);
        let sought: Vec<&(StreamKey, u64)> = sent.flat_map(|stored| &stored.versions).collect();
        if sought.is_empty() {
            return Ok(());
        }
        let found = self.find(db, &sought).await?;
        for queued in std::mem::take(batch) {
            match stored_at(&queued, &found) {
                Some(positions) => {
                    let versions = queued
                        .unanswered
                        .map(|unanswered| unanswered.stored.versions)
                        .unwrap_or_default();
                    queued.job.answer(Answer::Decided { versions, positions });
                }
                None => batch.push(queued),
            }
        }
        Ok(())
    }

    /// The events at the versions, as far as there are any.
    async fn find(&mut self, db: &mut PgConnection, sought: &[&(StreamKey, u64)]) -> Result<Found, sqlx::Error> {
        let types: Vec<&str> = sought.iter().map(|(key, _)| &*key.aggregate_type).collect();
        let ids: Vec<&str> = sought.iter().map(|(key, _)| &*key.aggregate_id).collect();
        let lanes: Vec<i32> = sought
            .iter()
            .map(|(key, _)| lane_of(&key.aggregate_id, self.lanes).cast_signed())
            .collect();
        let sequences: Vec<i64> = sought.iter().map(|(_, version)| version.cast_signed()).collect();
        let rows = sqlx::query(
            "SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.event_id, e.lane, e.position
             FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[]) AS s (type, id, lane, sequence)
             JOIN events e ON e.aggregate_type = s.type AND e.aggregate_id = s.id AND e.lane = s.lane AND e.sequence = s.sequence",
        )
        .bind(types)
        .bind(ids)
        .bind(lanes)
        .bind(sequences)
        .fetch_all(db)
        .await?;
        rows.iter()
            .map(|row| {
                let (kind, id): (String, String) = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
                let sequence: i64 = row.try_get("sequence")?;
                let (lane, position): (i32, i64) = (row.try_get("lane")?, row.try_get("position")?);
                Ok((
                    (StreamKey::new(kind, id), sequence.cast_unsigned()),
                    (row.try_get("event_id")?, lane.cast_unsigned(), position.cast_unsigned()),
                ))
            })
            .collect()
    }
}

/// By stream and version: the event's id, lane and position.
type Found = HashMap<(StreamKey, u64), (Uuid, u32, u64)>;

/// What has to be looked for, when anything was sent.
fn sent(queued: &Queued) -> Option<&Stored> {
    let stored = &queued.unanswered.as_ref()?.stored;
    (!stored.versions.is_empty()).then_some(stored)
}

/// The highest position per lane of what the command stored, if it did.
fn stored_at(queued: &Queued, found: &Found) -> Option<Vec<(u32, u64)>> {
    let stored = sent(queued)?;
    let (last, ..) = stored.versions.last().and_then(|version| found.get(version))?;
    if *last != stored.last_event {
        return None;
    }
    let mut positions = BTreeMap::new();
    for (_, lane, position) in stored.versions.iter().filter_map(|version| found.get(version)) {
        let highest = positions.entry(*lane).or_insert(*position);
        *highest = (*highest).max(*position);
    }
    Some(positions.into_iter().collect())
}
