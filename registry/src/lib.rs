//! What an aggregate declares about its events: one place for all who read or write them.
//!
//! An [`Entry`] belongs to the type of the events ([`Event::ENTRY`]), not to a value that is handed around: whatever decodes an event of
//! that type decodes older versions of it too. Only what is [`Registered`] can be appended, loaded and replayed.

use std::borrow::Cow;

use cqrs_es::{Aggregate, DomainEvent};
use serde_json::{Map, Value};

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

/// Why a stored event is not one of today's.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The payload does not fit.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It was written by a program that knew more, or by none.
    #[error("version {found} of {event_type} is not known: the newest known one is {known}.0")]
    Version {
        /// The event type.
        event_type: &'static str,
        /// What is stored.
        found: String,
        /// The newest that is known.
        known: u32,
    },
}

/// Decodes a stored event: one of the current version is parsed straight into its type, an older one goes through its upcasters. An event
/// of a type that the aggregate does not have does not parse.
///
/// # Errors
/// When the version is not known, or the payload is not of the type.
pub fn decode<E: Event>(stored: &Stored<'_>) -> Result<E, DecodeError> {
    let Some(known) = E::ENTRY.event(stored.event_type) else {
        return Ok(serde_json::from_str(stored.payload)?);
    };
    let version = known.read_version(stored.event_version)?;
    if version == known.version {
        return Ok(serde_json::from_str(stored.payload)?);
    }
    let mut payload: Value = serde_json::from_str(stored.payload)?;
    if let Some(data) = payload.get_mut(known.name).and_then(Value::as_object_mut) {
        for upcaster in known.upcasters.iter().skip(version as usize - 1) {
            upcaster(data);
        }
    }
    Ok(serde_json::from_value(payload)?)
}

impl EventType {
    /// The number of a stored version, from 1 to the current one.
    fn read_version(&self, stored: &str) -> Result<u32, DecodeError> {
        // What nearly every event has, without parsing.
        if stored == "1.0" {
            return Ok(1);
        }
        let number = stored.strip_suffix(".0").and_then(|number| number.parse().ok());
        match number {
            Some(version) if (1..=self.version).contains(&version) => Ok(version),
            _ => Err(DecodeError::Version {
                event_type: self.name,
                found: stored.to_owned(),
                known: self.version,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum MugEvent {
        Filled { millilitres: u32, with: String },
        Emptied {},
    }

    impl DomainEvent for MugEvent {
        fn event_type(&self) -> String {
            unreachable!("nothing is written here")
        }

        fn event_version(&self) -> String {
            unreachable!("nothing is written here")
        }
    }

    /// Version 2 counts in millilitres.
    fn filled_1(data: &mut Map<String, Value>) {
        let decilitres = data.remove("decilitres").and_then(|value| value.as_u64());
        data.insert("millilitres".to_owned(), json!(decilitres.map(|amount| 100 * amount)));
    }

    /// Version 3 says of what.
    fn filled_2(data: &mut Map<String, Value>) {
        data.insert("with".to_owned(), json!("tea"));
    }

    impl Event for MugEvent {
        const ENTRY: &'static Entry = &Entry::of::<Self>(
            "mug",
            &[
                EventType::new("Filled", 3, &[filled_1, filled_2]),
                EventType::new("Emptied", 1, &[]),
            ],
        );

        fn touches(&self) -> Touched {
            match self {
                Self::Filled { .. } => fields(&["content"]),
                Self::Emptied {} => Touched::new(),
            }
        }
    }

    fn stored<'a>(event_type: &'a str, event_version: &'a str, payload: &'a str) -> Stored<'a> {
        Stored {
            event_type,
            event_version,
            payload,
        }
    }

    #[test]
    fn every_version_comes_to_the_current_one() {
        let filled = |version, payload| decode::<MugEvent>(&stored("Filled", version, payload)).unwrap();
        let tea = MugEvent::Filled {
            millilitres: 300,
            with: "tea".to_owned(),
        };
        assert_eq!(filled("1.0", r#"{"Filled":{"decilitres":3}}"#), tea);
        assert_eq!(filled("2.0", r#"{"Filled":{"millilitres":300}}"#), tea);
        assert_eq!(filled("3.0", r#"{"Filled":{"millilitres":300,"with":"tea"}}"#), tea);
        let touched = MugEvent::ENTRY.touches(&stored("Filled", "1.0", r#"{"Filled":{"decilitres":3}}"#));
        assert_eq!(touched.unwrap(), ["content"]);
        assert_eq!(MugEvent::ENTRY.generation(), 2);
        assert_eq!(MugEvent::ENTRY.event("Filled").unwrap().stored_version(), "3.0");
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for version in ["4.0", "0.0", "3.1", "3", "", "-1.0"] {
            let refused = decode::<MugEvent>(&stored(
                "Filled",
                version,
                r#"{"Filled":{"millilitres":300,"with":"tea"}}"#,
            ));
            assert_eq!(
                refused.unwrap_err().to_string(),
                format!("version {version} of Filled is not known: the newest known one is 3.0")
            );
        }
        for payload in [r#"{"Filled":{}}"#, r#"{"Filled":3}"#, r#"{"Filled":null}"#, "3", ""] {
            let refused = decode::<MugEvent>(&stored("Filled", "1.0", payload));
            assert!(matches!(refused, Err(DecodeError::Json(_))), "{payload}: {refused:?}");
        }
        assert!(decode::<MugEvent>(&stored("Broken", "1.0", r#"{"Broken":{}}"#)).is_err());
    }
}
