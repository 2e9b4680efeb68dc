//! The state of the seal.

use proto::v1::Seal;
use reads::Reads;
use seal::SignedCheckpoint;
use uuid::Uuid;

use super::checkpoint;
use crate::error::Error;

pub(super) async fn get(query: &Reads) -> Result<Seal, Error> {
    let row: Option<(Uuid, Option<String>)> = sqlx::query_as("SELECT id, complaint FROM seal_log")
        .fetch_optional(query.pool())
        .await?;
    let (log, complaint) = row.unzip();
    let public_keys = sqlx::query_scalar("SELECT public_key FROM seal_keys ORDER BY first_number, key_id")
        .fetch_all(query.pool())
        .await?;
    let newest = match checkpoint::find(query, 0).await {
        Ok(newest) => Some(newest),
        Err(Error::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    // After the checkpoint: whatever that covers is in the log by now.
    let events: i64 = sqlx::query_scalar("SELECT coalesce(sum(head), 0)::bigint FROM lanes")
        .fetch_one(query.pool())
        .await?;
    let of_newest = |value: fn(&SignedCheckpoint) -> u64| newest.as_ref().map_or(0, value);
    Ok(Seal {
        log: log.map(|log| log.to_string()).unwrap_or_default(),
        public_keys,
        complaint: complaint.flatten().unwrap_or_default(),
        events: u64::try_from(events).unwrap_or_default(),
        sealed_events: of_newest(|newest| newest.checkpoint.events()),
        newest_checkpoint: of_newest(|newest| newest.checkpoint.number),
        newest_made_at_micros: newest.as_ref().map(|newest| newest.checkpoint.time.timestamp_micros()),
    })
}
