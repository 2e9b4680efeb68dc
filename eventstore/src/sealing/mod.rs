//! Sealing the log, and finding out whether somebody broke the seal.

mod checkpoints;
mod error;
mod lease;
mod rebuild;
mod rows;
mod sealer;
mod status;
mod step;
mod tiles;
mod verify;
mod witness;

pub use error::SealError;
pub use rebuild::rebuild_tiles;
pub use sealer::{SealConfig, Sealer};
pub use status::{SealStatus, contradiction, status};
pub use verify::{Finding, Kind, Report, VerifyOptions, verify};
pub use witness::Witness;
