#![doc = include_str!("../README.md")]

mod checkpoint;
mod consistency;
mod event;
mod frontier;
mod hash;
mod inclusion;
mod key;
mod note;
mod proof;
mod proof_error;
mod stored;
mod subtree;
mod tile;

pub use checkpoint::{Checkpoint, CheckpointError, LaneHead};
pub use consistency::{ConsistencyProof, LaneProof};
pub use event::{Event, micros_of, time_of};
pub use frontier::Frontier;
pub use hash::{Hash, HashError};
pub use inclusion::{InclusionProof, SealedEvent};
pub use key::{KeyError, PublicKey, SigningKey};
pub use note::{NoteError, Signature, SignedCheckpoint};
pub use proof::Proven;
pub use proof_error::ProofError;
pub use stored::{SELECT_TILES, TileKeys, tiles_of};
pub use subtree::{
    consistency_path, consistency_tiles, inclusion_path, inclusion_tiles, verify_consistency, verify_inclusion,
};
pub use tile::{TILE_WIDTH, TileError, TileId, TileWriter, Tiles, edge_tiles};
