//! What names a stream, and where it lies.

use std::fmt;
use std::sync::Arc;

/// The name of a stream: the type of its aggregate and the aggregate's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    /// `Aggregate::TYPE`.
    pub aggregate_type: Arc<str>,
    /// The aggregate's id, prefix included.
    pub aggregate_id: Arc<str>,
}

impl StreamKey {
    /// The stream of the aggregate `aggregate_id` of `aggregate_type`.
    pub fn new(aggregate_type: impl Into<Arc<str>>, aggregate_id: impl Into<Arc<str>>) -> Self {
        Self {
            aggregate_type: aggregate_type.into(),
            aggregate_id: aggregate_id.into(),
        }
    }
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.aggregate_type, self.aggregate_id)
    }
}

/// The lane of `aggregate_id` in a store of `lanes` lanes (at least one): FNV-1a 64 of its bytes, modulo `lanes`.
///
/// Streams of different types with one id share a lane, so appending to both locks one row.
#[must_use]
pub fn lane_of(aggregate_id: &str, lanes: u32) -> u32 {
    modulo(fnv1a(FNV_OFFSET, aggregate_id.as_bytes()), lanes)
}

/// The lane that holds an idempotency record.
pub(crate) fn lane_of_key(scope: &str, key: &str, lanes: u32) -> u32 {
    let hash = [scope.as_bytes(), &[0], key.as_bytes()]
        .into_iter()
        .fold(FNV_OFFSET, fnv1a);
    modulo(hash, lanes)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a 64, continued from `hash`.
pub(crate) fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

/// FNV-1a 64 of one text.
pub(crate) fn fingerprint(text: &str) -> u64 {
    fnv1a(FNV_OFFSET, text.as_bytes())
}

fn modulo(hash: u64, lanes: u32) -> u32 {
    u32::try_from(hash % u64::from(lanes.max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_never_change() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(lane_of("foobar", 64), 0x28);
    }
}
