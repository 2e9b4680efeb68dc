use eventstore::Recorded;
use futures::future::BoxFuture;
use rows::Table;
use sqlx::PgConnection;

/// A read model: how events become rows.
pub trait Projection: Send + Sync {
    /// Its name, `snake_case`; that of its first view too.
    fn name(&self) -> &'static str;

    /// Counts the changes of the fold and of the tables. Raise it with every change that makes the same events lead to other rows:
    /// tables of another code version are not projected to until they are rebuilt.
    fn code_version(&self) -> i32;

    /// Its tables, each served by a view.
    fn tables(&self) -> &'static [Table];

    /// The aggregate types whose events it folds; empty: all.
    fn aggregate_types(&self) -> &'static [&'static str];

    /// Folds a batch into the tables of `version`. Of one stream the events come in order. The caller sees to it that no event is
    /// applied twice, and commits.
    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>>;

    /// How to fill empty tables of `version` from all of history, fast.
    fn bulk(&self, version: i32) -> Box<dyn BulkFold>;

    /// Statements that turn what [`Projection::bulk`] left into the rows to serve; run once, in one transaction, before the indexes
    /// are made.
    fn seal(&self, version: i32) -> Vec<String> {
        let _ = version;
        Vec::new()
    }

    /// Whether it folds events of this aggregate type.
    fn wants(&self, aggregate_type: &str) -> bool {
        let types = self.aggregate_types();
        types.is_empty() || types.contains(&aggregate_type)
    }
}

/// Folds whole streams, one after another, into rows that are final.
pub trait BulkFold: Send {
    /// Takes in an event. The events of a stream come in order, and without those of other streams in between unless the projection
    /// folds all aggregate types.
    fn push(&mut self, event: &Recorded) -> Result<(), ApplyError>;

    /// Roughly how many bytes wait for [`BulkFold::flush`].
    fn pending(&self) -> usize;

    /// Writes what waits; `last`: the stream at hand is complete too.
    fn flush<'a>(&'a mut self, last: bool, connection: &'a mut PgConnection) -> BoxFuture<'a, Result<(), sqlx::Error>>;
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// One event is to blame.
    #[error("the event at lane {lane}, position {position} cannot be applied: {reason}")]
    Event {
        /// The lane of the event.
        lane: u32,
        /// Its position in the lane.
        position: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// PostgreSQL refused, for the sake of some event or for its own.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl ApplyError {
    /// The event is to blame, for this reason and its causes.
    pub fn event(event: &Recorded, error: &dyn std::error::Error) -> Self {
        Self::Event {
            lane: event.lane,
            position: event.position,
            reason: chain(error),
        }
    }
}

pub(crate) use eventstore::chain;
