//! Older events in today's shape.

use std::fmt;
use std::sync::Arc;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The upcasters of a store, applied in their order.
#[derive(Clone, Default)]
pub struct Upcasters(Arc<[Arc<dyn EventUpcaster>]>);

impl Upcasters {
    /// These upcasters. Each sees what the ones before it made.
    #[must_use]
    pub fn new(upcasters: Vec<Arc<dyn EventUpcaster>>) -> Self {
        Self(upcasters.into())
    }

    /// Decodes a stored payload; an event that no upcaster wants is parsed once, straight into its type.
    pub(crate) fn decode<E: DeserializeOwned>(&self, event: &StoredEvent<'_>) -> Result<E, serde_json::Error> {
        if self
            .0
            .iter()
            .any(|upcaster| upcaster.can_upcast(event.event_type, event.event_version))
        {
            serde_json::from_value(self.upcast(event)?)
        } else {
            serde_json::from_str(event.payload)
        }
    }

    fn upcast(&self, event: &StoredEvent<'_>) -> Result<Value, serde_json::Error> {
        let stored = SerializedEvent::new(
            event.aggregate_id.to_owned(),
            usize::try_from(event.sequence).unwrap_or(usize::MAX),
            event.aggregate_type.to_owned(),
            event.event_type.to_owned(),
            event.event_version.to_owned(),
            serde_json::from_str(event.payload)?,
            Value::default(),
        );
        let current = self.0.iter().fold(stored, |event, upcaster| {
            if upcaster.can_upcast(&event.event_type, &event.event_version) {
                upcaster.upcast(event)
            } else {
                event
            }
        });
        Ok(current.payload)
    }
}

impl fmt::Debug for Upcasters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upcasters({})", self.0.len())
    }
}

/// An event as it lies in the table.
pub(crate) struct StoredEvent<'a> {
    pub(crate) aggregate_type: &'a str,
    pub(crate) aggregate_id: &'a str,
    pub(crate) sequence: u64,
    pub(crate) event_type: &'a str,
    pub(crate) event_version: &'a str,
    pub(crate) payload: &'a str,
}
