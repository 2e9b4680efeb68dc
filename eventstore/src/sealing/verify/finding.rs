//! What verification has to say.

use std::fmt;

use seal::Event;
use serde::Serialize;
use uuid::Uuid;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An event is not what was sealed.
    Altered,
    /// An event is gone.
    Removed,
    /// An event stands where it never was appended.
    Inserted,
    /// Events stand in another order than they were sealed in.
    Reordered,
    /// Somewhere in a range; which event it is cannot be told.
    Range,
    /// An event contradicts the rules of the log: its lane, or the order of its stream.
    Structure,
    /// The heads of the lanes contradict the events.
    Lanes,
    /// Stored hashes are wrong, though the events are what was sealed.
    Tiles,
    /// A checkpoint is missing, altered, or does not follow from the one before.
    Checkpoint,
    /// A checkpoint is not signed by a trusted key.
    Signature,
}

/// Something that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// The lane.
    pub lane: Option<u32>,
    /// The first position in question.
    pub position: Option<i64>,
    /// The last position in question, where there are several.
    pub last_position: Option<i64>,
    /// The event that stands there now.
    pub event_id: Option<Uuid>,
    /// Its stream: type and id.
    pub stream: Option<String>,
    /// Its place in the stream.
    pub sequence: Option<i64>,
    /// Its type.
    pub event_type: Option<String>,
    /// The checkpoint that contradicts it.
    pub checkpoint: Option<u64>,
    /// What is wrong, in words.
    pub message: String,
    /// The event that was sealed where this one stands, when it stands elsewhere now.
    #[serde(skip)]
    pub(super) displaced: Option<Uuid>,
}

impl Finding {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            lane: None,
            position: None,
            last_position: None,
            event_id: None,
            stream: None,
            sequence: None,
            event_type: None,
            checkpoint: None,
            message: message.into(),
            displaced: None,
        }
    }

    pub(crate) fn checkpoint(kind: Kind, number: u64, message: impl Into<String>) -> Self {
        Self {
            checkpoint: Some(number),
            ..Self::new(kind, message)
        }
    }

    /// In `lane`, from `first` to `last`.
    pub(crate) fn at(kind: Kind, lane: u32, (first, last): (u64, u64), message: impl Into<String>) -> Self {
        Self {
            lane: Some(lane),
            position: Some(first.cast_signed()),
            last_position: (last > first).then_some(last.cast_signed()),
            ..Self::new(kind, message)
        }
    }

    /// About this event, where it stands now.
    pub(crate) fn event(kind: Kind, event: &Event<'_>, message: impl Into<String>) -> Self {
        Self {
            lane: u32::try_from(event.lane).ok(),
            position: Some(event.position),
            event_id: Some(event.event_id),
            stream: Some(format!("{}/{}", event.aggregate_type, event.aggregate_id)),
            sequence: Some(event.sequence),
            event_type: Some(event.event_type.to_owned()),
            ..Self::new(kind, message)
        }
    }
}

/// Two events that stand in each other's place are one finding.
pub(super) fn exchanged(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut first = 0;
    while let Some(finding) = findings.get(first) {
        let is_other = |other: &Finding| {
            finding.displaced.is_some() && other.event_id == finding.displaced && other.displaced == finding.event_id
        };
        let other = findings.iter().skip(first + 1).position(is_other);
        if let Some(other) = other {
            let other = findings.remove(first + 1 + other);
            if let (Some(finding), Some(lane), Some(position), Some(id)) =
                (findings.get_mut(first), other.lane, other.position, other.event_id)
            {
                finding.kind = Kind::Reordered;
                finding.message = format!(
                    "it was sealed at lane {lane} position {position}, and event {id} was sealed here: the two have changed places"
                );
            }
        }
        first += 1;
    }
    findings
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Altered => "ALTERED",
            Kind::Removed => "REMOVED",
            Kind::Inserted => "INSERTED",
            Kind::Reordered => "REORDERED",
            Kind::Range => "CHANGED",
            Kind::Structure => "STRUCTURE",
            Kind::Lanes => "LANES",
            Kind::Tiles => "HASHES",
            Kind::Checkpoint => "CHECKPOINT",
            Kind::Signature => "SIGNATURE",
        };
        write!(f, "{kind:<10}")?;
        if let Some(lane) = self.lane {
            write!(f, " lane {lane}")?;
        }
        match (self.position, self.last_position) {
            (Some(first), Some(last)) => write!(f, " positions {first} to {last}")?,
            (Some(first), None) => write!(f, " position {first}")?,
            _ => {}
        }
        if let (Some(id), Some(stream)) = (&self.event_id, &self.stream) {
            write!(f, ", event {id}")?;
            if let Some(event_type) = &self.event_type {
                write!(f, " ({event_type}")?;
                write!(f, ", {stream} {})", self.sequence.unwrap_or_default())?;
            }
        }
        if let Some(number) = self.checkpoint {
            write!(f, " [checkpoint {number}]")?;
        }
        write!(f, ": {}", self.message)
    }
}
