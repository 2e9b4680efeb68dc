//! What every service of this crate works with.

use chrono::{DateTime, SubsecRound, Utc};
use cqrs_es::Aggregate;
pub use eventstore::{Clock, IdSource as Ids};
use eventstore::{Committed, Loaded, Plan, Registered, Store, Transaction};
use proto::failure::Failure;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgPool;
use uuid::Uuid;

use crate::failure;

#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl Core {
    /// The present time in whole milliseconds, which is what an id can carry.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(3)
    }

    /// A fresh id (UUIDv7) that carries `at`: of what is created at `at`, it is the time of creation.
    pub(crate) fn mint(&self, at: DateTime<Utc>) -> Uuid {
        let source = (self.ids)();
        let mut random = [0; 10];
        random.copy_from_slice(&source.as_bytes()[6..]);
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Decides on the streams of the plan and appends what follows.
    pub(crate) async fn commit<T, E>(
        &self,
        plan: Plan,
        decide: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Committed<T>, Failure>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        E: Into<Failure> + Send + 'static,
    {
        self.store.transact(plan, decide).await.map_err(failure::of_transaction)
    }

    /// The state of a stream; that of none is the default.
    pub(crate) async fn load<A: Registered + 'static>(&self, id: &str) -> Result<Loaded<A>, Failure> {
        let loaded = self.store.load(id).await;
        loaded.map_err(|error| failure::of_store(&error))
    }

    /// When the stream's newest event happened, in microseconds since 1970; 0 when there is none. For answers to commands that
    /// changed nothing.
    pub(crate) async fn last_change_micros<A: Aggregate>(&self, id: &str) -> Result<i64, Failure> {
        let events = self.store.log().stream(A::TYPE, id).await;
        let events = events.map_err(|error| failure::of_store(&error))?;
        Ok(events.last().map_or(0, |event| event.occurred_at.timestamp_micros()))
    }
}

/// When the thing with this id was created, in microseconds since 1970; 0 when the id does not say.
pub(crate) fn created_at_micros(id: Uuid) -> i64 {
    id.get_timestamp().map_or(0, |timestamp| {
        let (seconds, nanos) = timestamp.to_unix();
        i64::try_from(seconds * 1_000_000 + u64::from(nanos / 1_000)).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_time_of_creation() {
        let at = DateTime::from_timestamp_millis(1_291_191_960_123).unwrap();
        let millis = u64::try_from(at.timestamp_millis()).unwrap();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &[0xAB; 10]).into_uuid();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(created_at_micros(id), at.timestamp_micros());
        assert_eq!(created_at_micros(Uuid::from_u128(7)), 0);
    }
}
