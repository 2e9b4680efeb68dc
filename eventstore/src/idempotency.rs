//! Outcomes that were stored under idempotency keys.

use serde::de::DeserializeOwned;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::metadata::IdempotencyKey;
use crate::stream::{StreamKey, lane_of_key};
use crate::{Committed, Error};

/// What a command left under its key.
#[derive(Debug)]
pub(crate) struct StoredOutcome {
    pub(crate) request_hash: Vec<u8>,
    outcome: String,
    versions: String,
    positions: String,
}

impl StoredOutcome {
    /// The outcome as its caller knew it.
    pub(crate) fn replay<T: DeserializeOwned>(&self) -> Result<Committed<T>, Error> {
        let versions: Vec<(String, String, u32, u64)> = parse("the versions of a stored outcome", &self.versions)?;
        Ok(Committed {
            value: parse("a stored outcome", &self.outcome)?,
            replayed: true,
            command_id: Uuid::nil(),
            versions: versions
                .into_iter()
                .map(|(kind, id, _, version)| (StreamKey::new(kind, id), version))
                .collect(),
            positions: parse("the positions of a stored outcome", &self.positions)?,
        })
    }
}

fn parse<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::decode(what, &error.into()))
}

/// Looks up what is stored under each of `keys`, in their order.
pub(crate) async fn lookup(
    db: &mut PgConnection,
    lanes: u32,
    keys: &[IdempotencyKey],
) -> Result<Vec<Option<StoredOutcome>>, sqlx::Error> {
    let key_lanes: Vec<i32> = keys
        .iter()
        .map(|key| lane_of_key(&key.scope, &key.key, lanes).cast_signed())
        .collect();
    let scopes: Vec<&str> = keys.iter().map(|key| &*key.scope).collect();
    let names: Vec<&str> = keys.iter().map(|key| &*key.key).collect();
    let query =
        sqlx::query("SELECT asked, request_hash, outcome, versions, positions FROM stored_outcomes($1, $2, $3)")
            .bind(key_lanes)
            .bind(scopes)
            .bind(names);
    let mut found: Vec<Option<StoredOutcome>> = keys.iter().map(|_| None).collect();
    for row in query.fetch_all(db).await? {
        let asked: i32 = row.try_get("asked")?;
        let stored = StoredOutcome {
            request_hash: row.try_get("request_hash")?,
            outcome: row.try_get("outcome")?,
            versions: row.try_get("versions")?,
            positions: row.try_get("positions")?,
        };
        if let Some(slot) = usize::try_from(asked - 1).ok().and_then(|place| found.get_mut(place)) {
            *slot = Some(stored);
        }
    }
    Ok(found)
}
