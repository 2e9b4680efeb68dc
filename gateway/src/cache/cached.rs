//! An answer that is kept.

use bytes::{BufMut, Bytes, BytesMut};
use proto::v1::ReadAt;
use serde::{Deserialize, Serialize};

use crate::identity::token::Principal;

/// Who may see an answer. Administrators see all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Audience {
    Everybody,
    Admins,
    /// The user of this id.
    User(String),
}

impl Audience {
    pub(crate) fn includes(&self, visitor: Option<&Principal>) -> bool {
        match (self, visitor) {
            (Self::Everybody, _) => true,
            (_, Some(principal)) if principal.is_admin() => true,
            (_, None) | (Self::Admins, Some(_)) => false,
            (Self::User(id), Some(principal)) => *id == *principal.user_id,
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content {
    /// JSON.
    pub(crate) body: Bytes,
    /// The entity tag, without quotes.
    pub(crate) tag: String,
    pub(crate) audience: Audience,
}

/// What is answered, and the place in the log that it was read at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CachedAnswer {
    pub(crate) content: Content,
    pub(crate) read_at: ReadAt,
}

/// What stands before the body where answers are kept outside the process.
#[derive(Serialize, Deserialize)]
struct Label {
    lane: u32,
    position: u64,
    generation: u64,
    tag: String,
    audience: Audience,
}

impl CachedAnswer {
    /// A line of JSON that says what it is, then the body.
    pub(crate) fn encode(&self) -> Bytes {
        let label = Label {
            lane: self.read_at.lane,
            position: self.read_at.position,
            generation: self.read_at.generation,
            tag: self.content.tag.clone(),
            audience: self.content.audience.clone(),
        };
        // Numbers and strings always serialize.
        let label = serde_json::to_vec(&label).unwrap_or_default();
        let mut bytes = BytesMut::with_capacity(label.len() + 1 + self.content.body.len());
        bytes.put_slice(&label);
        bytes.put_u8(b'\n');
        bytes.put_slice(&self.content.body);
        bytes.freeze()
    }

    /// `None` for what another version wrote in another form.
    pub(crate) fn decode(bytes: &Bytes) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let label: Label = serde_json::from_slice(&bytes[..end]).ok()?;
        Some(Self {
            content: Content {
                body: bytes.slice(end + 1..),
                tag: label.tag,
                audience: label.audience,
            },
            read_at: ReadAt {
                lane: label.lane,
                position: label.position,
                generation: label.generation,
            },
        })
    }

    /// Roughly how much memory it takes.
    pub(crate) fn weight(&self) -> u64 {
        const ENTRY: usize = 256;
        u64::try_from(ENTRY + self.content.body.len() + self.content.tag.len()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for audience in [
            Audience::Everybody,
            Audience::Admins,
            Audience::User("usr_1".to_owned()),
        ] {
            let cached = CachedAnswer {
                content: Content {
                    body: Bytes::from_static(b"{\"a\":\n1}"),
                    tag: "7-2".to_owned(),
                    audience,
                },
                read_at: ReadAt {
                    lane: 3,
                    position: 9,
                    generation: 2,
                },
            };
            assert_eq!(CachedAnswer::decode(&cached.encode()), Some(cached));
        }
        for other in ["", "{}", "{}\n{}", "\n", "x\ny"] {
            assert_eq!(CachedAnswer::decode(&Bytes::from(other)), None, "{other}");
        }
    }
}
