//! The states of recently used streams.

use quick_cache::Weighter;
use quick_cache::unsync::Cache;

use crate::fold::Stream;
use crate::stream::StreamKey;

/// What an ordinary stream takes, in bytes.
const TYPICAL_STREAM_BYTES: u64 = 1024;

/// A cache of bounded size. Whatever it says is checked by the next append that relies on it.
pub(crate) struct StreamCache(Cache<StreamKey, Stream, StreamWeighter>);

#[derive(Clone)]
struct StreamWeighter;

impl Weighter<StreamKey, Stream> for StreamWeighter {
    fn weight(&self, _: &StreamKey, stream: &Stream) -> u64 {
        stream.weight()
    }
}

impl StreamCache {
    /// One of about `bytes` in memory.
    pub(crate) fn new(bytes: u64) -> Self {
        let streams = usize::try_from(bytes / TYPICAL_STREAM_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(streams, bytes, StreamWeighter))
    }

    /// Takes a stream out.
    pub(crate) fn take(&mut self, key: &StreamKey) -> Option<Stream> {
        self.0.remove(key).map(|(_, stream)| stream)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Puts a stream in whose events have been committed.
    pub(crate) fn put(&mut self, mut stream: Stream) {
        stream.base = stream.version;
        if stream.version > 0 && stream.broken.is_none() {
            self.0.insert(stream.key.clone(), stream);
        }
    }
}
