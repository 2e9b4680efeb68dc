//! Signed checkpoints: the text, an empty line, and signature lines, as C2SP's signed-note has them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::key::{NAME, hex};
use crate::{Checkpoint, CheckpointError, PublicKey, SigningKey};

const DASH: &str = "\u{2014} ";

/// A checkpoint with the signatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// Who signed it; also others than us.
    pub signatures: Vec<Signature>,
}

/// A line under the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// In whose name.
    pub name: String,
    /// The key's hash and the signature proper.
    pub bytes: Vec<u8>,
}

/// The text is no signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text that is signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The lines under it.
    #[error("not a signed checkpoint: the lines under it are no signatures")]
    Signatures,
}

impl SignedCheckpoint {
    /// Signs a checkpoint.
    #[must_use]
    pub fn sign(checkpoint: Checkpoint, key: &SigningKey) -> Self {
        let signature = key.sign(&checkpoint.to_string());
        let bytes = [key.public().hash().as_slice(), &signature].concat();
        Self {
            checkpoint,
            signatures: vec![Signature {
                name: NAME.to_owned(),
                bytes,
            }],
        }
    }

    /// Which of `keys` signed it; `None`: none of them.
    #[must_use]
    pub fn signed_by<'k>(&self, keys: &'k [PublicKey]) -> Option<&'k PublicKey> {
        let text = self.checkpoint.to_string();
        keys.iter().find(|key| {
            self.signatures
                .iter()
                .any(|signature| signature.of(key).is_some_and(|bytes| key.verify(&text, bytes)))
        })
    }

    /// The ids of the keys that it says it is signed with.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        let ours = self.signatures.iter().filter(|signature| signature.name == NAME);
        ours.filter_map(|signature| Some(hex(*signature.bytes.first_chunk()?)))
            .collect()
    }

    /// Reads signed checkpoints that stand one after another, as an exported file has them.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NoteError> {
        let mut all = Vec::new();
        let mut note = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if note.is_empty() && line.is_empty() {
                continue;
            }
            note.push_str(line);
            note.push('\n');
            let ends = line.starts_with(DASH) && lines.peek().is_none_or(|next| !next.starts_with(DASH));
            if ends {
                all.push(note.parse()?);
                note.clear();
            }
        }
        if note.is_empty() {
            Ok(all)
        } else {
            Err(NoteError::Signatures)
        }
    }
}

impl Signature {
    fn of(&self, key: &PublicKey) -> Option<&[u8; 64]> {
        let (hash, signature) = self.bytes.split_first_chunk::<4>()?;
        (self.name == NAME && *hash == key.hash()).then(|| signature.try_into().ok())?
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.checkpoint)?;
        for Signature { name, bytes } in &self.signatures {
            writeln!(f, "{DASH}{name} {}", BASE64_STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

impl FromStr for SignedCheckpoint {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Signatures)?;
        let checkpoint = format!("{text}\n").parse()?;
        let signatures: Vec<Signature> = signatures
            .lines()
            .map(signature)
            .collect::<Option<_>>()
            .ok_or(NoteError::Signatures)?;
        let signed = Self { checkpoint, signatures };
        if signed.signatures.is_empty() || signed.to_string() != note {
            return Err(NoteError::Signatures);
        }
        Ok(signed)
    }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
    Some(Signature {
        name: name.to_owned(),
        bytes: BASE64_STANDARD.decode(bytes).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_text_and_its_key_only() {
        let (key, other) = (SigningKey::from_seed([1; 32]), SigningKey::from_seed([2; 32]));
        let keys = [other.public(), key.public()];
        let signed = SignedCheckpoint::sign(Checkpoint::sample(), &key);
        assert_eq!(signed.signed_by(&keys), Some(&key.public()));
        assert_eq!(signed.signed_by(&[other.public()]), None);
        assert_eq!(signed.key_ids(), [key.public().id()]);
        let note = signed.to_string();
        assert_eq!(note.parse(), Ok(signed.clone()));
        let changed: SignedCheckpoint = note.replace("lane 0 3", "lane 0 4").parse().unwrap();
        assert_eq!(changed.signed_by(&keys), None);
        let mut broken = signed.clone();
        broken.signatures[0].bytes[10] ^= 1;
        assert_eq!(broken.signed_by(&keys), None);
        broken.signatures[0].bytes.truncate(30);
        assert_eq!(broken.signed_by(&keys), None);
        // A witness may sign it too.
        let witnessed: SignedCheckpoint = format!("{note}\u{2014} witness.example AAAA\n").parse().unwrap();
        assert_eq!(witnessed.signed_by(&keys), Some(&key.public()));
    }

    #[test]
    fn a_file_holds_many() {
        let key = SigningKey::from_seed([1; 32]);
        let one = SignedCheckpoint::sign(Checkpoint::sample(), &key);
        let two = SignedCheckpoint::sign(
            Checkpoint {
                number: 3,
                ..Checkpoint::sample()
            },
            &key,
        );
        assert_eq!(
            SignedCheckpoint::parse_all(&format!("{one}\n{two}")),
            Ok(vec![one.clone(), two.clone()])
        );
        assert_eq!(
            SignedCheckpoint::parse_all(&format!("\n{one}{two}\n")),
            Ok(vec![one.clone(), two])
        );
        assert_eq!(SignedCheckpoint::parse_all(""), Ok(vec![]));
        for bad in ["x", "x\n\ny", &one.checkpoint.to_string(), &format!("{one}\nx")] {
            assert!(SignedCheckpoint::parse_all(bad).is_err(), "{bad}");
        }
    }
}
