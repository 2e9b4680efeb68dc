//! Building the stored trees again from the events, when the stored hashes are lost or wrong.

use std::time::Duration;

use seal::{Checkpoint, PublicKey, SignedCheckpoint, TileWriter};
use sqlx::{Connection as _, PgPool};
use uuid::Uuid;

use super::error::SealError;
use super::step::verify_stored;
use super::witness::Witness;
use super::{checkpoints, lease, rows, tiles};

/// Longer than it takes to begin; the row stays locked until the end.
const LEASE: Duration = Duration::from_secs(15);

/// Builds the tiles anew for everything that the newest checkpoint covers and returns how many events that is. The newest checkpoint must
/// be signed by one of `keys` and no older than what `witness` remembers, and the events must lead to its roots, or nothing is changed: wrong
/// events cannot be hidden this way.
///
/// # Errors
/// [`SealError::Broken`] when the events are not those of the checkpoint; [`SealError::LeaseLost`] when a sealer is at work.
pub async fn rebuild_tiles(
    pool: &PgPool,
    keys: &[PublicKey],
    owner: Uuid,
    witness: &Witness,
) -> Result<u64, SealError> {
    let known = witness.newest()?.map(|signed| signed.checkpoint);
    let held = lease::renew_or_take(pool, None, owner, LEASE).await?;
    let held = held.ok_or(SealError::LeaseLost)?;
    let result = rebuild(pool, keys, &held, known.as_ref()).await;
    held.release(pool).await?;
    result
}

async fn rebuild(
    pool: &PgPool,
    keys: &[PublicKey],
    held: &workers::Lease,
    known: Option<&Checkpoint>,
) -> Result<u64, SealError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    rows::force_index_scans(&mut tx, true).await?;
    lease::hold(&mut tx, held, LEASE).await?.ok_or(SealError::LeaseLost)?;
    let Some((number, note)) = checkpoints::newest(&mut tx).await? else {
        return Ok(0);
    };
    let signed: SignedCheckpoint = note
        .parse()
        .map_err(|error| SealError::broken(format!("checkpoint {number}: {error}")))?;
    if signed.signed_by(keys).is_none() {
        return Err(SealError::broken(format!(
            "checkpoint {number} is not signed by a trusted key"
        )));
    }
    if let Some(known) = known {
        verify_stored(&mut tx, known, &signed.checkpoint).await?;
    }
    sqlx::query("DELETE FROM seal_tiles").execute(&mut *tx).await?;
    let mut buffer = Vec::new();
    for head in &signed.checkpoint.lanes {
        let mut tree = TileWriter::default();
        rows::each_event(
            &mut tx,
            head.lane.cast_signed(),
            (0, head.size.cast_signed()),
            |event| {
                let dense = event.position == tree.frontier().size().cast_signed() + 1;
                if dense {
                    tree.push(event.leaf(&mut buffer));
                }
                dense
            },
        )
        .await?;
        if tree.frontier().size() != head.size || tree.frontier().root() != head.root {
            return Err(SealError::broken(format!(
                "the events of lane {} are not those of checkpoint {number}",
                head.lane
            )));
        }
        let written = tree.into_tiles().into_iter().map(|(id, bytes)| (head.lane, id, bytes));
        tiles::store(&mut tx, written.collect()).await?;
    }
    tx.commit().await?;
    Ok(signed.checkpoint.events())
}
