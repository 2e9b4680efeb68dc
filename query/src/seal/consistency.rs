//! The proof that a checkpoint continues an earlier one.

use std::collections::BTreeMap;

use proto::v1::{Proof, ProveConsistencyRequest};
use reads::Reads;
use seal::{ConsistencyProof, LaneProof, ProofError, SignedCheckpoint, Tiles, consistency_path, consistency_tiles};

use super::{checkpoint, tiles};
use crate::error::Error;

pub(super) async fn prove(query: &Reads, request: ProveConsistencyRequest) -> Result<Proof, Error> {
    if request.from == 0 {
        return Err(Error::invalid(
            "from",
            "out_of_range",
            "must be the number of a checkpoint",
        ));
    }
    let from = checkpoint::find(query, request.from).await?;
    let to = checkpoint::find(query, request.to).await?;
    if from.checkpoint.number > to.checkpoint.number {
        return Err(Error::invalid("to", "out_of_range", "must not be less than from"));
    }
    let broken = |error: ProofError| Error::SealBroken(error.to_string());
    let lanes = lanes(query, &from, &to).await?;
    let proof = ConsistencyProof::new(&from, &to, lanes).map_err(broken)?;
    let document = serde_json::to_string(&proof).map_err(|error| Error::SealBroken(error.to_string()))?;
    Ok(Proof { document })
}

async fn lanes(query: &Reads, from: &SignedCheckpoint, to: &SignedCheckpoint) -> Result<Vec<LaneProof>, Error> {
    let sizes: BTreeMap<u32, (u64, u64)> = from
        .checkpoint
        .lanes
        .iter()
        .map(|old| (old.lane, (old.size, to.checkpoint.size(old.lane))))
        .collect();
    if sizes.values().any(|(old, new)| old > new) {
        return Err(Error::SealBroken(
            "a lane is shorter in the later checkpoint".to_owned(),
        ));
    }
    let wanted = sizes
        .iter()
        .map(|(lane, (old, new))| (*lane, consistency_tiles(*old, *new)));
    let tiles = tiles::load(query, &wanted.collect()).await?;
    let none = Tiles::new();
    sizes
        .into_iter()
        .map(|(lane, (old, new))| {
            let path = consistency_path(tiles.get(&lane).unwrap_or(&none), old, new);
            let path = path.ok_or_else(|| Error::SealBroken(format!("stored hashes of lane {lane} are missing")))?;
            Ok(LaneProof { lane, path })
        })
        .collect()
}
