//! The real clock, the real ids and the real randomness. Everything else of the house takes them as parameters.

use std::sync::Arc;

use chrono::Utc;
pub use eventstore::{Clock, IdSource as Ids};
use rand::TryRng as _;
use rand::rngs::SysRng;
use uuid::Uuid;

/// What a system takes from the world around it. Tests hand in their own.
#[derive(Clone)]
pub struct World {
    /// The present time.
    pub clock: Clock,
    /// Ids, random enough not to be guessed.
    pub ids: Ids,
}

impl Default for World {
    /// The real one.
    fn default() -> World {
        World {
            clock: clock(),
            ids: ids(),
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").finish_non_exhaustive()
    }
}

/// The machine's clock.
#[must_use]
pub fn clock() -> Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that the configuration hands in"
    )]
    Arc::new(Utc::now)
}

/// Fresh `UUIDv7`s.
#[must_use]
pub fn ids() -> Ids {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the source of ids that the configuration hands in"
    )]
    Arc::new(Uuid::now_v7)
}

/// Unpredictable bytes from the operating system.
pub fn random_bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}
