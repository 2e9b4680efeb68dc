//! What the reply of a successful command says of its commit.

use eventstore::{Committed, Positions};
use proto::v1;

/// The commit for a caller whose aggregate is now at `version`.
pub(crate) fn committed<T>(committed: &Committed<T>, version: u64) -> v1::Committed {
    v1::Committed {
        version,
        consistency_token: committed.token().to_string(),
        replayed: committed.replayed,
    }
}

/// Adds what another service's answer says to have been written.
pub(crate) fn merge_token(positions: &mut Positions, token: &str) {
    match token.parse() {
        Ok(parsed) => positions.merge(&parsed),
        Err(_) if token.is_empty() => {}
        Err(error) => tracing::error!(%error, "a service answered with a consistency token that is none"),
    }
}
