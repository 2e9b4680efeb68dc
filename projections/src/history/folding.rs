//! Streams folded step by step, whatever they are of.

use eventstore::{Event, Recorded};

use super::columns::Columns;
use super::fields::Fields;

/// Raise it when snapshots of before must not be used, other than for a change of a read model's own code version.
const FORMAT: i32 = 3;

/// Grows with the code of a read model and with every new version of an event, so that snapshots of before either are not used.
pub(super) fn version<E: Event>(code: i32) -> i32 {
    FORMAT * 1_000 + code + E::ENTRY.generation().cast_signed()
}

/// How the streams of an aggregate type fold.
pub(crate) trait Folding: Send + Sync {
    /// The read model whose fold it is; empty: none.
    fn projection(&self) -> &'static str;

    /// Distinguishes the snapshots of different code.
    fn version(&self) -> i32;

    /// The state of a stream without events.
    fn start(&self) -> Box<dyn State>;

    /// The state that a snapshot holds, if it can be read.
    fn restore(&self, snapshot: &str) -> Option<Box<dyn State>>;
}

/// A stream folded so far.
pub(crate) trait State: Send {
    fn fold(&mut self, event: &Recorded) -> Result<(), eventstore::Error>;

    fn snapshot(&self) -> Option<String>;

    /// What the read model shows; `None`: nothing.
    fn row(&self) -> Option<Columns>;

    /// What people call what is in it.
    fn fields(&self) -> Fields;
}
