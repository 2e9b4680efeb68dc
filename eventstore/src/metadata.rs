//! What is recorded beside the events of a command.

use uuid::Uuid;

/// Who caused a command, and by which request. Stored with each of its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Who acts: a user's id, or the name of the process.
    pub actor: String,
    /// Shared by everything that follows from one first cause.
    pub correlation_id: Uuid,
    /// The event or command that caused this one, if any.
    pub causation_id: Option<Uuid>,
    /// The request at the edge, for finding its log lines.
    pub request_id: String,
}

/// Makes a command run once: its outcome is stored under `scope` and `key` in the transaction of its events, and replayed afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Whose keys: for instance the caller's id and the operation. Keys of different scopes never meet.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// Tells a repetition from a reuse of the key for another request.
    pub request_hash: Vec<u8>,
}
