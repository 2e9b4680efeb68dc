//! What an aggregate says of its events, so that whoever reads or writes them takes it from one place.
//!
//! An [`Entry`] belongs to the type of the events ([`Event::ENTRY`]), not to a value that is handed around: whatever decodes an event of
//! that type decodes older versions of it too. Only what is [`Registered`] can be appended, loaded and replayed.

mod decode;

use std::borrow::Cow;

use cqrs_es::{Aggregate, DomainEvent};
use serde_json::{Map, Value};

pub use decode::{DecodeError, decode};

/// The names of fields, as people call them; `attributes.<key>` for a product's attribute.
pub type Touched = Vec<Cow<'static, str>>;

/// Brings the data of an event from one version to the next: the members of the object under the name of its type. It must lead to the
/// same data every time, and must bear data that is not as it should be; such an event is refused when it is decoded.
pub type Upcaster = fn(&mut Map<String, Value>);

/// Events that say what there is to know about them.
pub trait Event: DomainEvent {
    /// What is registered of the aggregate that they are of.
    const ENTRY: &'static Entry;

    /// The fields that the event changes.
    fn touches(&self) -> Touched;
}

/// An aggregate that is in the list of all aggregates.
pub trait Registered: Aggregate<Event: Event> + 'static {}

/// An aggregate type and its events.
#[derive(Debug)]
pub struct Entry {
    /// `Aggregate::TYPE`.
    pub aggregate_type: &'static str,
    /// Its event types.
    pub events: &'static [EventType],
    touches: fn(&Stored<'_>) -> Result<Touched, DecodeError>,
}

/// A type of events.
#[derive(Debug)]
pub struct EventType {
    /// Its name: the variant's.
    pub name: &'static str,
    /// The version that is written, from 1 on; the newest that can be read.
    pub version: u32,
    /// From version 1 to 2, from 2 to 3, ... up to `version`.
    pub upcasters: &'static [Upcaster],
}

/// An event as it lies in the table.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// The type of the event.
    pub event_type: &'a str,
    /// Its version when it was written, like `1.0`.
    pub event_version: &'a str,
    /// The event as JSON text, as it was written.
    pub payload: &'a str,
}

impl Entry {
    /// The entry of the events `E`.
    #[must_use]
    pub const fn of<E: Event>(aggregate_type: &'static str, events: &'static [EventType]) -> Self {
        Self {
            aggregate_type,
            events,
            touches: |stored| Ok(decode::<E>(stored)?.touches()),
        }
    }

    /// The event type of this name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<&'static EventType> {
        self.events.iter().find(|event| event.name == name)
    }

    /// The fields that a stored event changed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn touches(&self, stored: &Stored<'_>) -> Result<Touched, DecodeError> {
        (self.touches)(stored)
    }

    /// How many versions its event types have had beyond their first: grows with every new one, so that states which were folded before
    /// it can be told from those folded since.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.events.iter().map(|event| event.version - 1).sum()
    }
}

impl EventType {
    /// A type of events that has come to this version.
    ///
    /// # Panics
    /// While it is compiled, as part of a constant: when the upcasters do not lead from version 1 to this one.
    #[must_use]
    pub const fn new(name: &'static str, version: u32, upcasters: &'static [Upcaster]) -> Self {
        assert!(
            version as usize == upcasters.len() + 1,
            "an event type has an upcaster from every version before the current one, and no other"
        );
        Self {
            name,
            version,
            upcasters,
        }
    }

    /// The version that is written, as it is stored.
    #[must_use]
    pub fn stored_version(&self) -> String {
        format!("{}.0", self.version)
    }
}

/// The names of fields that do not depend on the event.
#[must_use]
pub fn fields(names: &[&'static str]) -> Touched {
    names.iter().copied().map(Cow::Borrowed).collect()
}
