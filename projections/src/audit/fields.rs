//! Which fields an event changed, told from the event alone, as the registry has it.
//!
//! The names are those that [`crate::History::changes`] gives to the same changes; a test over random histories compares the two.

use eventstore::{DecodeError, Recorded};

use crate::projection::ApplyError;

/// Between names; no name has it.
pub(super) const SEPARATOR: &str = "\u{1f}";

/// The names, with [`SEPARATOR`] between them. Of an event of somebody else's aggregate, and of one that is damaged, none are known.
///
/// # Errors
/// When the event was written by a program that knows more: it waits for one that can tell.
pub(super) fn fields(event: &Recorded) -> Result<String, ApplyError> {
    let Some(entry) = domain::entry(&event.aggregate_type) else {
        return Ok(String::new());
    };
    match entry.touches(&event.stored()) {
        // PostgreSQL has no NUL.
        Ok(touched) => {
            let storable = touched.into_iter().filter(|name| !name.contains(['\0', '\u{1f}']));
            Ok(storable.collect::<Vec<_>>().join(SEPARATOR))
        }
        Err(DecodeError::Json(_)) => Ok(String::new()),
        Err(error @ DecodeError::Version { .. }) => Err(ApplyError::event(event, &error)),
    }
}
