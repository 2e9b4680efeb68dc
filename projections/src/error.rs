use crate::difference::Difference;
use crate::parked_id::ParkedId;

/// What can go wrong with the read models as a whole. What goes wrong with a single event is parked instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL refused or could not be reached.
    #[error("the read models' database failed")]
    Database(#[from] sqlx::Error),
    /// The log could not be read.
    #[error("the log cannot be read")]
    Log(#[from] eventstore::Error),
    /// No projection has this name.
    #[error("there is no projection {name:?}; there are {known}")]
    Unknown {
        /// The name in question.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The projections were never installed in this database.
    #[error("projection {name:?} is not installed: migrate first")]
    NotInstalled {
        /// The projection.
        name: String,
    },
    /// Another version of the code built the tables, so that its events cannot be added to them.
    #[error("the tables of projection {name:?} were built by another version of the code: rebuild it")]
    OtherCode {
        /// The projection.
        name: String,
    },
    /// The event is not parked in this projection.
    #[error("no event {id} is parked")]
    NotParked {
        /// The event in question.
        id: ParkedId,
    },
    /// The event was not tried yet: an earlier one of its stream is in the way.
    #[error("event {id} waits behind an earlier one of its stream: settle that first")]
    Waits {
        /// The event in question.
        id: ParkedId,
    },
    /// Another process rebuilds the same projection.
    #[error("projection {name:?} is being rebuilt by another process")]
    Building {
        /// The projection.
        name: String,
    },
    /// The rebuilt version is not what the active one holds. The active one stays.
    #[error("rebuilt {name:?} differs from the active version: {}", describe(.differences, *.parked))]
    Differs {
        /// The projection.
        name: String,
        /// What differs, table by table.
        differences: Vec<Difference>,
        /// Events that the active version parked, which explain a difference.
        parked: i64,
    },
}

fn describe(differences: &[Difference], parked: i64) -> String {
    let mut parts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    if parked > 0 {
        parts.push(format!("the active version has {parked} parked events"));
    }
    parts.join("; ")
}
