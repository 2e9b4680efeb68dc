//! How the seal stands.

use seal::{Checkpoint, PublicKey, SignedCheckpoint};
use sqlx::PgPool;

use super::error::SealError;
use super::witness::Witness;
use super::{checkpoints, step};
use crate::Error;

/// How the seal stands.
#[derive(Clone, Debug)]
pub struct SealStatus {
    /// The newest checkpoint, if there is one that can be read.
    pub newest: Option<Checkpoint>,
    /// Events in the log.
    pub events: u64,
    /// Events after the newest checkpoint.
    pub waiting: u64,
    /// The public keys that the database names.
    pub keys: Vec<PublicKey>,
    /// Why the sealer seals nothing; `None`: it does.
    pub complaint: Option<String>,
}

/// Whether the database still has the newest checkpoint that was signed here; what is wrong if not, as after an older backup was restored.
///
/// # Errors
/// [`SealError`] when that cannot be found out.
pub async fn contradiction(pool: &PgPool, witness: &Witness) -> Result<Option<String>, SealError> {
    // Before the database is looked at: it is never ahead of it.
    let Some(known) = witness.newest()?.map(|signed| signed.checkpoint) else {
        return Ok(None);
    };
    let mut connection = pool.acquire().await?;
    match step::verify_known(&mut connection, &known).await {
        Ok(()) => Ok(None),
        Err(SealError::Broken(what)) => Ok(Some(what)),
        Err(error) => Err(error),
    }
}

/// How the seal of the log in `pool`'s database stands, by what the database says: nothing is verified.
pub async fn status(pool: &PgPool) -> Result<SealStatus, Error> {
    let mut connection = pool.acquire().await?;
    let newest = checkpoints::newest(&mut connection).await?;
    let newest = newest.and_then(|(_, note)| note.parse::<SignedCheckpoint>().ok());
    let newest = newest.map(|signed| signed.checkpoint);
    let events: i64 = sqlx::query_scalar("SELECT coalesce(sum(head), 0)::bigint FROM lanes")
        .fetch_one(&mut *connection)
        .await?;
    let events = events.cast_unsigned();
    let complaint: Option<Option<String>> = sqlx::query_scalar("SELECT complaint FROM seal_log")
        .fetch_optional(&mut *connection)
        .await?;
    Ok(SealStatus {
        waiting: events.saturating_sub(newest.as_ref().map_or(0, Checkpoint::events)),
        newest,
        events,
        keys: checkpoints::keys(&mut connection).await?,
        complaint: complaint.flatten(),
    })
}
