//! One batch of events into one projection: rows and cursors in one transaction, under the leases.

use std::collections::{BTreeMap, HashSet};

use eventstore::{Positions, Recorded};
use sqlx::{PgConnection, PgPool};

use crate::cursor::{self, CURSORS};
use crate::dead_letter;
use crate::lease::{self, Held, Locked};
use crate::projection::{ApplyError, Projection, chain};

/// Why a batch was not applied; nothing of it was.
#[derive(Debug)]
pub(crate) enum BatchError {
    /// Others have the lanes now, or are ahead in them.
    LeaseLost,
    /// It will never work: because of the event at this place, or one that is to be found.
    Poison {
        culprit: Option<(u32, u64)>,
        reason: String,
    },
    /// It may work later.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for BatchError {
    fn from(error: sqlx::Error) -> Self {
        if permanent(&error) {
            Self::Poison {
                culprit: None,
                reason: reason(&error),
            }
        } else {
            Self::Failed(error)
        }
    }
}

impl From<ApplyError> for BatchError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Event { lane, position, reason } => Self::Poison {
                culprit: Some((lane, position)),
                reason,
            },
            ApplyError::Database(error) => error.into(),
        }
    }
}

/// Whether the same statement with the same values will be refused again: data that does not fit its type, a constraint or a limit.
/// Everything else (connections, locks, resources, missing tables) is not the fault of an event.
pub(crate) fn permanent(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class))),
        sqlx::Error::Encode(_) => true,
        _ => false,
    }
}

/// What PostgreSQL says, up to the value that it quotes, which may be a person's.
fn reason(error: &sqlx::Error) -> String {
    let message = chain(error);
    match message.split_once(": \"") {
        Some((before, _)) => before.to_owned(),
        None => message,
    }
}

/// Where batches go.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) projection: &'static dyn Projection,
    pub(crate) held: &'a Held,
}

impl Target<'_> {
    /// Applies events of the leased lanes, of each lane in order and without gaps; those that were applied before are skipped. Events
    /// that can never be applied are set aside. Returns how many were.
    pub(crate) async fn apply(&self, batch: &[Recorded]) -> Result<usize, BatchError> {
        let mut parked = 0;
        // Parts of the batch still to do, the next one last. Each is a slice, so of every lane a part stays a run without gaps.
        let mut parts = vec![(batch, None)];
        while let Some((part, verdict)) = parts.pop() {
            match self.once(part, verdict.as_deref()).await {
                Ok(()) => parked += usize::from(verdict.is_some()),
                Err(BatchError::Poison { culprit, reason }) => {
                    let culprit =
                        culprit.and_then(|place| part.iter().position(|event| (event.lane, event.position) == place));
                    parts.extend(split(part, culprit, reason));
                }
                Err(refused) => return Err(refused),
            }
        }
        Ok(parked)
    }

    /// One transaction. With a verdict, the (only) event is set aside for this reason.
    async fn once(&self, batch: &[Recorded], verdict: Option<&str>) -> Result<(), BatchError> {
        if batch.is_empty() {
            return Ok(());
        }
        let name = self.projection.name();
        let mut tx = cursor::begin(self.pool).await?;
        let Some(locked) = lease::lock(name, self.held, &mut tx).await? else {
            return Err(BatchError::LeaseLost);
        };
        let fresh = unseen(batch, &locked.positions)?;
        if let Some(reason) = verdict {
            dead_letter::park(name, self.held.version, &fresh, Some(reason), &mut tx).await?;
            report(name, &fresh, reason);
        } else {
            fold(self.projection, self.held.version, &fresh, &locked, &mut tx).await?;
        }
        CURSORS.advance(name, self.held.version, heads(&fresh), &mut tx).await?;
        tx.commit().await?;
        crate::indexing::wake();
        Ok(())
    }
}

/// The parts to try instead of one that was refused, the next one last: around the event that is to blame, else in halves. A single
/// event comes with the verdict.
pub(crate) fn split<T>(part: &[T], culprit: Option<usize>, reason: String) -> Vec<(&[T], Option<String>)> {
    match (culprit, part.len()) {
        (_, 0) => Vec::new(),
        (_, 1) => vec![(part, Some(reason))],
        (Some(index), _) => vec![
            (&part[index + 1..], None),
            (&part[index..=index], Some(reason)),
            (&part[..index], None),
        ],
        (None, length) => {
            let (first, second) = part.split_at(length / 2);
            vec![(second, None), (first, None)]
        }
    }
}

/// Applies what the projection wants of the events, but lets those wait whose stream has an event set aside.
pub(crate) async fn fold(
    projection: &dyn Projection,
    version: i32,
    events: &[&Recorded],
    locked: &Locked,
    connection: &mut PgConnection,
) -> Result<(), ApplyError> {
    let mut wanted: Vec<&Recorded> = events
        .iter()
        .copied()
        .filter(|event| projection.wants(&event.aggregate_type))
        .collect();
    if locked.parked && !wanted.is_empty() {
        let parked = dead_letter::parked(projection.name(), version, &wanted, connection).await?;
        if !parked.is_empty() {
            let is_waiting = |event: &&&Recorded| {
                parked.contains(&(event.aggregate_type.to_string(), event.aggregate_id.to_string()))
            };
            let waiting: Vec<&Recorded> = wanted.iter().filter(is_waiting).copied().collect();
            let waiting_places: HashSet<_> = waiting.iter().map(|event| (event.lane, event.position)).collect();
            wanted.retain(|event| !waiting_places.contains(&(event.lane, event.position)));
            dead_letter::park(projection.name(), version, &waiting, None, connection).await?;
        }
    }
    if !wanted.is_empty() {
        projection.apply(version, &wanted, connection).await?;
    }
    Ok(())
}

/// The events behind the cursors. They must follow on them: a gap means that the caller read from somewhere else.
fn unseen<'a>(batch: &'a [Recorded], cursors: &Positions) -> Result<Vec<&'a Recorded>, BatchError> {
    let mut next: BTreeMap<u32, u64> = cursors.iter().map(|(lane, position)| (lane, position + 1)).collect();
    let mut fresh = Vec::with_capacity(batch.len());
    for event in batch {
        let expected = next.get_mut(&event.lane).ok_or(BatchError::LeaseLost)?;
        if event.position < *expected {
            continue;
        }
        if event.position > *expected {
            return Err(BatchError::LeaseLost);
        }
        *expected += 1;
        fresh.push(event);
    }
    Ok(fresh)
}

/// The last position of each lane.
pub(crate) fn heads(events: &[&Recorded]) -> BTreeMap<u32, u64> {
    events.iter().map(|event| (event.lane, event.position)).collect()
}

pub(crate) fn report(name: &'static str, events: &[&Recorded], reason: &str) {
    for event in events {
        tracing::error!(
            projection = name,
            lane = event.lane,
            position = event.position,
            event_id = %event.event_id,
            event_type = &*event.event_type,
            aggregate_id = &*event.aggregate_id,
            reason,
            "an event cannot be applied and is parked with its stream"
        );
    }
}

#[cfg(test)]
mod tests;
