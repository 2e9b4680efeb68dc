//! Read models and parked events as operators see them.

use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::expansion::Expansion;
use crate::times::rfc3339;
use crate::users::related::USER;

/// What can be put in the place of ids.
pub(crate) const EXPANSIONS: &[Expansion] = &[Expansion {
    name: "skip.user",
    id: "actor",
    target: USER,
}];

/// The names of the states.
pub(super) const STATES: &[(&str, v1::ParkedState)] = &[
    ("failed", v1::ParkedState::Failed),
    ("waiting", v1::ParkedState::Waiting),
    ("skipped", v1::ParkedState::Skipped),
];

/// How a version of a read model stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Projection)]
pub(crate) struct ProjectionView {
    #[schema(example = "orders")]
    name: String,
    /// Counts its builds.
    version: u32,
    /// `active`: serves reads. `building`: a rebuild fills it.
    #[schema(value_type = String, example = "active")]
    state: &'static str,
    /// The tables were built by another version of the code: they get no events until they are rebuilt.
    needs_rebuild: bool,
    /// Events of the log that it has not come past yet.
    lag_events: u64,
    /// Age of the oldest of them.
    lag_seconds: f64,
    /// Lately.
    events_per_second: f64,
    /// Events that cannot be applied, and those behind them.
    parked: u64,
    /// Events that operators took out.
    skipped: u64,
    /// Only of a version in the making.
    #[schema(required)]
    build: Option<BuildView>,
}

/// How far a rebuild has come.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectionBuild)]
pub(crate) struct BuildView {
    /// `copy`, `index` or `catch_up`.
    #[schema(example = "copy")]
    phase: String,
    /// False: it was cut off; the next rebuild continues it.
    running: bool,
    done_events: u64,
    total_events: u64,
}

/// An event that a read model does not show.
#[derive(Serialize, ToSchema)]
#[schema(as = ParkedEvent)]
pub(crate) struct ParkedView {
    /// For retry and skip.
    #[schema(example = "orders.17.345")]
    id: String,
    #[schema(example = "orders")]
    projection: String,
    /// `failed`, `waiting` or `skipped`.
    #[schema(value_type = String, example = "failed")]
    state: &'static str,
    #[schema(example = "order")]
    aggregate_type: String,
    aggregate_id: String,
    /// Place within the stream.
    sequence: u64,
    event_id: String,
    #[schema(example = "OrderPlaced")]
    event_type: String,
    lane: u32,
    position: u64,
    /// Why it could not be applied; null when it was not tried.
    #[schema(required)]
    error: Option<String>,
    /// How often it was tried in vain.
    attempts: u32,
    parked_at: String,
    tried_at: String,
    /// Who skipped it; null unless it is skipped.
    #[schema(required)]
    skip: Option<SkipView>,
}

/// Who skipped an event, when and why.
#[derive(Serialize, ToSchema)]
#[schema(as = Skip)]
pub(crate) struct SkipView {
    actor: String,
    reason: String,
    at: String,
}

/// What became of the parked events of a stream.
#[derive(Serialize, ToSchema)]
#[schema(as = Retried)]
pub(crate) struct RetriedView {
    aggregate_type: String,
    aggregate_id: String,
    /// Events that the read model shows now.
    applied: u64,
    /// Events that are still parked.
    left: u64,
    /// Why the first of them cannot be applied; null when none is left.
    #[schema(required)]
    error: Option<String>,
}

/// A skipped event, and what became of those behind it.
#[derive(Serialize, ToSchema)]
#[schema(as = Skipped)]
pub(crate) struct SkippedView {
    event_id: String,
    skip: SkipView,
    rest: RetriedView,
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

impl From<v1::ProjectionStatus> for ProjectionView {
    fn from(status: v1::ProjectionStatus) -> Self {
        Self {
            name: status.name,
            version: status.version,
            state: if status.active { "active" } else { "building" },
            needs_rebuild: status.needs_rebuild,
            lag_events: status.lag_events,
            lag_seconds: status.lag_seconds,
            events_per_second: status.events_per_second,
            parked: status.parked,
            skipped: status.skipped,
            build: status.build.map(|build| BuildView {
                phase: build.phase,
                running: build.running,
                done_events: build.done_events,
                total_events: build.total_events,
            }),
        }
    }
}

impl From<v1::ParkedEvent> for ParkedView {
    fn from(event: v1::ParkedEvent) -> Self {
        let state = event.state();
        let name = STATES.iter().find(|(_, known)| *known == state);
        Self {
            state: name.map_or("failed", |(name, _)| *name),
            id: event.id,
            projection: event.projection,
            aggregate_type: event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_id: event.event_id,
            event_type: event.event_type,
            lane: event.lane,
            position: event.position,
            error: non_empty(event.error),
            attempts: event.attempts,
            parked_at: rfc3339(event.parked_at_micros),
            tried_at: rfc3339(event.tried_at_micros),
            skip: event.skip.map(SkipView::from),
        }
    }
}

impl From<v1::Skip> for SkipView {
    fn from(skip: v1::Skip) -> Self {
        Self {
            actor: skip.actor,
            reason: skip.reason,
            at: rfc3339(skip.at_micros),
        }
    }
}

impl From<v1::Retried> for RetriedView {
    fn from(retried: v1::Retried) -> Self {
        Self {
            aggregate_type: retried.aggregate_type,
            aggregate_id: retried.aggregate_id,
            applied: retried.applied,
            left: retried.left,
            error: non_empty(retried.error),
        }
    }
}

impl From<v1::SkipParkedReply> for SkippedView {
    fn from(reply: v1::SkipParkedReply) -> Self {
        Self {
            event_id: reply.event_id,
            skip: reply.skip.unwrap_or_default().into(),
            rest: reply.rest.unwrap_or_default().into(),
        }
    }
}
