//! The keys: Ed25519, the private half as PKCS #8 PEM, the public half as a verifier key of the signed-note format.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use ed25519_dalek::{Signer as _, VerifyingKey};

use crate::Hash;

/// What signatures are made in the name of.
pub(crate) const NAME: &str = "tillroll-seal";
/// The signed-note format's number of Ed25519.
const ED25519: u8 = 1;

/// A key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PKCS #8 PEM of an Ed25519 key.
    #[error("not an Ed25519 key in PKCS #8 PEM; make one with `openssl genpkey -algorithm ed25519`")]
    Private,
    /// No verifier key.
    #[error("not a public key such as `{NAME}+1a2b3c4d+AbCd…`, which `tillroll audit key` prints")]
    Public,
}

/// Signs checkpoints.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Checks the signatures of checkpoints. As text it is the verifier key of C2SP's signed-note: name, key id and key, joined by `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl SigningKey {
    /// The key of 32 secret random bytes.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// Reads a PKCS #8 PEM document, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem.trim())
            .map(Self)
            .map_err(|_| KeyError::Private)
    }

    /// The key as a PKCS #8 PEM document, to be kept secret.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        // Without the public half, as openssl writes it and reads it.
        let pair = ed25519_dalek::pkcs8::KeypairBytes {
            secret_key: self.0.to_bytes(),
            public_key: None,
        };
        let pem = pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Private)?;
        Ok(pem.to_string())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, text: &str) -> [u8; 64] {
        self.0.sign(text.as_bytes()).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public().id()).finish()
    }
}

impl PublicKey {
    /// The first four bytes of the hash of name, algorithm and key: what signatures name it by.
    pub(crate) fn hash(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = Hash::of(&[NAME.as_bytes(), b"\n", &self.typed()].concat()).0;
        [a, b, c, d]
    }

    /// The key's id, as eight hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        hex(self.hash())
    }

    pub(crate) fn verify(&self, text: &str, signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.0.verify_strict(text.as_bytes(), &signature).is_ok()
    }

    fn typed(&self) -> Vec<u8> {
        [&[ED25519], self.0.as_bytes().as_slice()].concat()
    }
}

pub(crate) fn hex(bytes: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(bytes))
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}+{}+{}", self.id(), BASE64_STANDARD.encode(self.typed()))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let read = || {
            // The key itself may contain a plus.
            let (id, key) = text.trim().strip_prefix(NAME)?.strip_prefix('+')?.split_once('+')?;
            let bytes = BASE64_STANDARD.decode(key).ok()?;
            let (&ED25519, key) = bytes.split_first()? else {
                return None;
            };
            let key = Self(VerifyingKey::from_bytes(key.try_into().ok()?).ok()?);
            (key.id() == id).then_some(key)
        };
        read().ok_or(KeyError::Public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_text() {
        let key = SigningKey::from_seed([7; 32]);
        let read = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(read.public(), key.public());
        let text = key.public().to_string();
        assert_eq!(text.parse(), Ok(key.public()));
        assert_eq!(format!("  {text}\n").parse(), Ok(key.public()));
        let wrong_id = text.replace(&key.public().id(), "00000000");
        for wrong in ["", "x", "tillroll-seal+0+AAAA", wrong_id.as_str()] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(KeyError::Public), "{wrong}");
        }
        assert!(format!("{key:?}").len() < 40);
    }

    #[test]
    fn openssl_keys_are_read_and_others_refused() {
        // RFC 8410, section 10.3: without and with the public half.
        let plain = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let both = "-----BEGIN PRIVATE KEY-----\nMHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\noB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\nZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PRIVATE KEY-----\n";
        let key = SigningKey::from_pem(plain).unwrap();
        assert_eq!(SigningKey::from_pem(both).unwrap().public(), key.public());
        assert_eq!(SigningKey::from_pem("nonsense").unwrap_err(), KeyError::Private);
    }
}
