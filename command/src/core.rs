//! What every service of this crate works with.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use eventstore::Store;
use sqlx::PgPool;
use uuid::Uuid;

/// Where the present time comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
/// Where UUIDs come from; they must be random enough not to be guessed.
pub type Ids = Arc<dyn Fn() -> Uuid + Send + Sync>;

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
