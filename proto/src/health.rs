//! What the answer to a health check (`grpc.health.v1`) says besides the status: words for people, as metadata.

use tonic::metadata::{BinaryMetadataValue, MetadataMap};

/// Why requests fail.
const REASON: &str = "tillroll-reason-bin";
/// What somebody should look at although requests are served.
const NOTICE: &str = "tillroll-notice-bin";

/// The words of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Why requests fail; `None`: they do not, or nobody knows why.
    pub reason: Option<String>,
    /// What somebody should look at although requests are served.
    pub notice: Option<String>,
}

impl Words {
    /// Adds them to an answer.
    pub fn write(&self, metadata: &mut MetadataMap) {
        for (key, words) in [(REASON, &self.reason), (NOTICE, &self.notice)] {
            if let Some(words) = words {
                metadata.insert_bin(key, BinaryMetadataValue::from_bytes(words.as_bytes()));
            }
        }
    }

    /// Reads them from an answer. What is no text is left out.
    #[must_use]
    pub fn read(metadata: &MetadataMap) -> Words {
        let read = |key| String::from_utf8(metadata.get_bin(key)?.to_bytes().ok()?.to_vec()).ok();
        Words {
            reason: read(REASON),
            notice: read(NOTICE),
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataMap;

    use super::Words;

    #[test]
    fn words_arrive_as_they_were_sent() {
        let words = Words {
            reason: Some("auf dem Gerät ist kein Speicherplatz mehr verfügbar".to_owned()),
            notice: None,
        };
        let mut metadata = MetadataMap::new();
        words.write(&mut metadata);
        assert_eq!(Words::read(&metadata), words);
    }
}
