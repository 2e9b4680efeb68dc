//! The states of recently used streams.

use quick_cache::unsync::Cache;

use crate::fold::Stream;
use crate::stream::StreamKey;

/// A bounded cache. Whatever it says is checked by the next append that relies on it.
pub(crate) struct StreamCache(Cache<StreamKey, Stream>);

impl StreamCache {
    pub(crate) fn new(streams: usize) -> Self {
        Self(Cache::new(streams))
    }

    /// Takes a stream out.
    pub(crate) fn take(&mut self, key: &StreamKey) -> Option<Stream> {
        self.0.remove(key).map(|(_, stream)| stream)
    }

    /// Puts a stream in whose events have been committed.
    pub(crate) fn put(&mut self, mut stream: Stream) {
        stream.base = stream.version;
        if stream.version > 0 && stream.broken.is_none() {
            self.0.insert(stream.key.clone(), stream);
        }
    }
}
