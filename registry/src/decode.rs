//! From the table to today's shape.

use serde_json::Value;

use crate::{Event, EventType, Stored};

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
    use cqrs_es::DomainEvent;
    use serde::{Deserialize, Serialize};
    use serde_json::{Map, json};

    use super::*;
    use crate::{Entry, Touched, fields};

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
