//! How the read models stand, and what they do not show.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Datelike};
use projections::{Filter, ParkedEvent, ParkedKey, ParkedOrder, ParkedPlace, ParkedState, Start, Status};
use proto::failure::{Failure, FailureKind};
use proto::v1;
use sqlx::PgPool;

use super::{failure, micros};

/// Events of a page, when nobody says.
const PAGE: u32 = 24;
const LONGEST_PAGE: u32 = 200;

pub(super) async fn projections(pool: &PgPool) -> Result<v1::ListProjectionsReply, Failure> {
    let all = projections::status(pool).await.map_err(failure)?;
    Ok(v1::ListProjectionsReply {
        projections: all.into_iter().map(status).collect(),
    })
}

fn status(status: Status) -> v1::ProjectionStatus {
    v1::ProjectionStatus {
        version: status.version.unsigned_abs(),
        active: status.state == projections::State::Active,
        needs_rebuild: status.needs_rebuild,
        lag_events: count(status.lag_events),
        lag_seconds: status.lag_seconds,
        events_per_second: status.rate,
        parked: count(status.parked),
        skipped: count(status.skipped),
        build: status.build.map(|build| v1::ProjectionBuild {
            phase: build.phase,
            running: build.running,
            done_events: count(build.done_events),
            total_events: count(build.total_events),
        }),
        name: status.name,
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) async fn parked(pool: &PgPool, request: v1::ListParkedRequest) -> Result<v1::ListParkedReply, Failure> {
    let asked = fingerprint(&request);
    let page = request.page.unwrap_or_default();
    let limit = match page.limit {
        0 => PAGE,
        limit @ 1..=LONGEST_PAGE => limit,
        _ => {
            let message = format!("a page has 1 to {LONGEST_PAGE} items");
            return Err(Failure::invalid("page.limit", "out_of_range", message));
        }
    };
    let start = start(&page.cursor, asked)?;
    let order = order(&request.sort)?;
    let filter = Filter {
        projection: non_empty(request.projection),
        state: state(request.state)?,
        aggregate_id: non_empty(request.aggregate_id),
    };
    if let Some(name) = &filter.projection
        && !projections::all().iter().any(|projection| projection.name() == name)
    {
        let names: Vec<_> = projections::all().iter().map(|projection| projection.name()).collect();
        let message = format!("one of {} is expected", names.join(", "));
        return Err(Failure::invalid("projection", "unknown", message));
    }
    let wanted = limit as usize;
    // One more than the page has tells whether there is another one.
    let mut events = projections::parked(pool, &filter, order, &start, wanted + 1)
        .await
        .map_err(failure)?;
    let more = events.len() > wanted;
    let backwards = matches!(start, Start::Before(_));
    if more && backwards {
        events.remove(0);
    } else {
        events.truncate(wanted);
    }
    let (before, after) = match start {
        Start::First => (false, more),
        Start::After(_) => (true, more),
        Start::Before(_) => (more, true),
    };
    let cursor = |wanted: bool, direction: char, event: Option<&ParkedEvent>| match event {
        Some(event) if wanted => format!("{direction}.{asked:016x}.{}.{}", micros(event.parked_at), event.id),
        _ => String::new(),
    };
    let page = v1::PageInfo {
        next_cursor: cursor(after, 'n', events.last()),
        prev_cursor: cursor(before, 'p', events.first()),
    };
    Ok(v1::ListParkedReply {
        events: events.into_iter().map(event).collect(),
        page: Some(page),
    })
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn order(sort: &str) -> Result<ParkedOrder, Failure> {
    let key = match sort.strip_prefix('-').unwrap_or(sort) {
        "" | "id" => ParkedKey::Id,
        "parked_at" => ParkedKey::ParkedAt,
        _ => {
            return Err(Failure::invalid(
                "sort",
                "unknown",
                "must be id or parked_at; a leading - reverses",
            ));
        }
    };
    Ok(ParkedOrder {
        key,
        descending: sort.starts_with('-'),
    })
}

/// Tells the cursors of one order and filter from those of another.
fn fingerprint(request: &v1::ListParkedRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&request.projection, request.state, &request.aggregate_id, &request.sort).hash(&mut hasher);
    hasher.finish()
}

/// A cursor is a direction, what it belongs to, and a place.
fn start(cursor: &str, asked: u64) -> Result<Start, Failure> {
    if cursor.is_empty() {
        return Ok(Start::First);
    }
    place(cursor, asked).ok_or_else(|| {
        let message = "the cursor must be one that a page of this list answered with, for the same filters and sort";
        Failure::new(FailureKind::Invalid, "invalid_cursor", message).with_field("cursor", "invalid_cursor", message)
    })
}

fn place(cursor: &str, asked: u64) -> Option<Start> {
    let (direction, rest) = cursor.split_once('.')?;
    let rest = rest.strip_prefix(&format!("{asked:016x}."))?;
    let (micros, id) = rest.split_once('.')?;
    let parked_at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    if !(1..=9999).contains(&parked_at.year()) {
        // PostgreSQL has no such time.
        return None;
    }
    let id = id.parse().ok()?;
    let place = ParkedPlace { parked_at, id };
    match direction {
        "n" => Some(Start::After(place)),
        "p" => Some(Start::Before(place)),
        _ => None,
    }
}

fn state(number: i32) -> Result<Option<ParkedState>, Failure> {
    match v1::ParkedState::try_from(number) {
        Ok(v1::ParkedState::Unspecified) => Ok(None),
        Ok(v1::ParkedState::Failed) => Ok(Some(ParkedState::Failed)),
        Ok(v1::ParkedState::Waiting) => Ok(Some(ParkedState::Waiting)),
        Ok(v1::ParkedState::Skipped) => Ok(Some(ParkedState::Skipped)),
        Err(_) => Err(Failure::invalid("state", "unknown", "no such state")),
    }
}

fn event(event: ParkedEvent) -> v1::ParkedEvent {
    let state = match event.state {
        ParkedState::Failed => v1::ParkedState::Failed,
        ParkedState::Waiting => v1::ParkedState::Waiting,
        ParkedState::Skipped => v1::ParkedState::Skipped,
    };
    v1::ParkedEvent {
        id: event.id.to_string(),
        lane: event.id.lane,
        position: event.id.position,
        projection: event.id.projection,
        state: state.into(),
        aggregate_type: event.aggregate_type,
        aggregate_id: event.aggregate_id,
        sequence: event.sequence,
        event_id: event.event_id.to_string(),
        event_type: event.event_type,
        error: event.error.unwrap_or_default(),
        attempts: event.attempts,
        parked_at_micros: micros(event.parked_at),
        tried_at_micros: micros(event.tried_at),
        skip: event.skipped.map(|skipped| v1::Skip {
            actor: skipped.actor,
            reason: skipped.reason,
            at_micros: micros(skipped.at),
        }),
    }
}
