//! What events changed: the state before and after each, for a page of events at a time.

use std::collections::{BTreeMap, HashMap};

use sqlx::Row as _;

use super::fields::{Fields, changes};
use super::fold::folding;
use super::folding::{Folding, State};
use super::read::{EVENT, PARKED, SKIPPED, StreamRef, USABLE, fate};
use super::{Change, EVERY, History, HistoryError, Place};
use crate::cursor::{lane_column, position_column};
use crate::rebuild::EventReader;

/// About how many events are read in one query.
const AT_ONCE: u64 = 8_192;

/// A stretch of a stream with events of the page in it, not far from each other.
struct Stretch<'a> {
    aggregate_type: &'a str,
    aggregate_id: &'a str,
    lane: u32,
    folding: &'static dyn Folding,
    /// The events, ascending, each with its places in the page.
    wanted: BTreeMap<u64, Vec<usize>>,
    state: Box<dyn State>,
    /// The last event that `state` holds.
    at: u64,
    /// An event could not be read: what comes after it is not known.
    broken: bool,
    before: Option<Fields>,
}

impl<'a> Stretch<'a> {
    fn first(&self) -> u64 {
        self.wanted.keys().next().copied().unwrap_or_default()
    }

    fn last(&self) -> u64 {
        self.wanted.keys().next_back().copied().unwrap_or_default()
    }

    fn stream(&self) -> StreamRef<'a> {
        StreamRef {
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            lane: self.lane,
            folding: self.folding,
        }
    }
}

impl History {
    /// What each of the events changed, in their order. Events that are unknown or cannot be read have no changes.
    pub async fn changes(&self, events: &[Place]) -> Result<Vec<Vec<Change>>, HistoryError> {
        let mut found = vec![Vec::new(); events.len()];
        let mut stretches = self.stretches(events).await?;
        self.restore(&mut stretches).await?;
        // Where no snapshot is near, one is made on the way.
        for stretch in &mut stretches {
            let until = stretch.first() - 1;
            if until - stretch.at > 2 * EVERY {
                stretch.state = self.state_at(&stretch.stream(), until).await?;
                stretch.at = until;
            }
        }
        let mut rest = stretches.as_mut_slice();
        while !rest.is_empty() {
            let mut sum = 0;
            let count = rest
                .iter()
                .take_while(|stretch| {
                    sum += stretch.last() - stretch.at;
                    sum <= AT_ONCE
                })
                .count()
                .max(1);
            let (part, later) = rest.split_at_mut(count);
            self.fold(part, &mut found).await?;
            rest = later;
        }
        Ok(found)
    }

    async fn stretches<'a>(&self, events: &'a [Place]) -> Result<Vec<Stretch<'a>>, sqlx::Error> {
        let mut streams: HashMap<(&str, &str), BTreeMap<u64, Vec<usize>>> = HashMap::new();
        for (index, place) in events.iter().enumerate().filter(|(_, place)| place.sequence > 0) {
            let stream = streams.entry((&place.aggregate_type, &place.aggregate_id)).or_default();
            stream.entry(place.sequence).or_default().push(index);
        }
        let mut stretches: Vec<Stretch<'a>> = Vec::new();
        for ((aggregate_type, aggregate_id), wanted) in streams {
            let Some(folding) = folding(aggregate_type) else {
                continue;
            };
            let lane = self.lane_of(aggregate_id).await?;
            let mut last = None;
            for (sequence, places) in wanted {
                let near = last.is_some_and(|last| sequence - last <= EVERY);
                last = Some(sequence);
                match stretches.last_mut() {
                    Some(stretch) if near => {
                        stretch.wanted.insert(sequence, places);
                    }
                    _ => stretches.push(Stretch {
                        aggregate_type,
                        aggregate_id,
                        lane,
                        folding,
                        wanted: BTreeMap::from([(sequence, places)]),
                        state: folding.start(),
                        at: 0,
                        broken: false,
                        before: None,
                    }),
                }
            }
        }
        Ok(stretches)
    }

    /// Begins every stretch at the newest snapshot before it.
    async fn restore(&self, stretches: &mut [Stretch<'_>]) -> Result<(), sqlx::Error> {
        if stretches.iter().all(|stretch| stretch.first() <= EVERY) {
            return Ok(());
        }
        let rows = sqlx::query(&format!(
            "SELECT asked.place, near.sequence, near.state
             FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::bigint[])
                 WITH ORDINALITY AS asked (aggregate_type, aggregate_id, lane, fold, until, place)
             CROSS JOIN LATERAL (
                 SELECT s.sequence, s.state FROM history_snapshots s
                 WHERE s.aggregate_type = asked.aggregate_type AND s.aggregate_id = asked.aggregate_id
                     AND s.lane = asked.lane AND s.fold = asked.fold AND s.sequence <= asked.until AND {USABLE}
                 ORDER BY s.sequence DESC LIMIT 1) near"
        ))
        .bind(column(stretches, |stretch| stretch.aggregate_type))
        .bind(column(stretches, |stretch| stretch.aggregate_id))
        .bind(column(stretches, |stretch| lane_column(stretch.lane)))
        .bind(column(stretches, |stretch| stretch.folding.version()))
        .bind(column(stretches, |stretch| position_column(stretch.first() - 1)))
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let place = usize::try_from(row.try_get::<i64, _>(0)? - 1).unwrap_or(usize::MAX);
            let state: &str = row.try_get(2)?;
            if let Some(stretch) = stretches.get_mut(place)
                && let Some(state) = stretch.folding.restore(state)
            {
                stretch.state = state;
                stretch.at = row.try_get::<i64, _>(1)?.unsigned_abs();
            }
        }
        Ok(())
    }

    /// Folds stretches to their ends and notes what their events changed.
    async fn fold(&self, stretches: &mut [Stretch<'_>], found: &mut [Vec<Change>]) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(&format!(
            "SELECT {EVENT}, asked.place, {}
             FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::text[])
                 WITH ORDINALITY AS asked (aggregate_type, aggregate_id, lane, after, until, projection, place)
             CROSS JOIN LATERAL (
                 SELECT * FROM events e
                 WHERE e.aggregate_type = asked.aggregate_type AND e.aggregate_id = asked.aggregate_id
                     AND e.lane = asked.lane AND e.sequence > asked.after AND e.sequence <= asked.until
                 ORDER BY e.sequence) e
             ORDER BY asked.place, e.sequence",
            fate("asked.projection")
        ))
        .bind(column(stretches, |stretch| stretch.aggregate_type))
        .bind(column(stretches, |stretch| stretch.aggregate_id))
        .bind(column(stretches, |stretch| lane_column(stretch.lane)))
        .bind(column(stretches, |stretch| position_column(stretch.at)))
        .bind(column(stretches, |stretch| position_column(stretch.last())))
        .bind(column(stretches, |stretch| stretch.folding.projection()))
        .fetch_all(&self.pool)
        .await?;
        let mut reader = EventReader::default();
        for row in &rows {
            let place = usize::try_from(row.try_get::<i64, _>("place")? - 1).unwrap_or(usize::MAX);
            let Some(stretch) = stretches.get_mut(place).filter(|stretch| !stretch.broken) else {
                continue;
            };
            let event = self.event(&mut reader, row)?;
            let fate: Option<&str> = row.try_get("fate")?;
            if fate == Some(SKIPPED) {
                stretch.at = event.sequence;
                continue;
            }
            let wanted = stretch.wanted.get(&event.sequence);
            let before = match stretch.before.take() {
                Some(before) => Some(before),
                None => wanted.is_some().then(|| stretch.state.fields()),
            };
            if fate == Some(PARKED) || stretch.state.fold(&event).is_err() {
                stretch.broken = true;
                continue;
            }
            stretch.at = event.sequence;
            if let (Some(places), Some(before)) = (wanted, before) {
                let after = stretch.state.fields();
                let differing = changes(&before, &after);
                for place in places {
                    if let Some(slot) = found.get_mut(*place) {
                        slot.clone_from(&differing);
                    }
                }
                // Of the next event it is the state before.
                stretch.before = Some(after);
            }
        }
        Ok(())
    }
}

fn column<'s, T>(stretches: &'s [Stretch<'_>], cell: impl Fn(&'s Stretch<'_>) -> T) -> Vec<T> {
    stretches.iter().map(cell).collect()
}
