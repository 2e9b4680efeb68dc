//! The key that access tokens are signed with.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

/// PKCS #8 (RFC 8410) of an Ed25519 key up to its 32 bytes.
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// Where version, algorithm and key begin in any PKCS #8 of an Ed25519 key, also in one that carries its public half.
const ALGORITHM_AND_KEY: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
const PEM_HEAD: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_TAIL: &str = "-----END PRIVATE KEY-----";

/// An Ed25519 key pair. Keep it between starts: another key makes all tokens invalid.
#[derive(Clone)]
pub struct SigningKey {
    seed: [u8; 32],
    public: String,
    id: String,
}

/// A signing key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a PEM document of one private key.
    #[error("the signing key is not a PEM document with one `PRIVATE KEY`")]
    Pem,
    /// A private key of another algorithm than Ed25519.
    #[error("the signing key is not an Ed25519 key; make one with `openssl genpkey -algorithm ed25519`")]
    Algorithm,
}

impl SigningKey {
    /// The key of 32 secret random bytes.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        let public = BASE64_URL_SAFE_NO_PAD.encode(public.as_bytes());
        // RFC 7638: a digest of the required members in alphabetical order.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
        let id = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
        Self { seed, public, id }
    }

    /// Reads a PKCS #8 PEM document, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// When it is no such document.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let body = pem
            .split_once(PEM_HEAD)
            .and_then(|(_, rest)| rest.split_once(PEM_TAIL))
            .map(|(body, _)| body.split_ascii_whitespace().collect::<String>())
            .ok_or(KeyError::Pem)?;
        let der = BASE64_STANDARD.decode(body).map_err(|_| KeyError::Pem)?;
        let start = der
            .windows(ALGORITHM_AND_KEY.len())
            .position(|window| window == ALGORITHM_AND_KEY)
            .ok_or(KeyError::Algorithm)?;
        let seed = der
            .get(start + ALGORITHM_AND_KEY.len()..)
            .and_then(|rest| rest.first_chunk::<32>())
            .ok_or(KeyError::Algorithm)?;
        Ok(Self::from_seed(*seed))
    }

    /// The key as a PKCS #8 PEM document, to be kept secret.
    #[must_use]
    pub fn to_pem(&self) -> String {
        format!(
            "{PEM_HEAD}\n{}\n{PEM_TAIL}\n",
            BASE64_STANDARD.encode(pkcs8(&self.seed))
        )
    }

    /// What `kid` says in tokens and in the key set: the RFC 7638 thumbprint of the public key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn encoding_key(&self) -> EncodingKey {
        encoding_key(&self.seed)
    }

    pub(crate) fn decoding_key(&self) -> Result<DecodingKey, KeyError> {
        DecodingKey::from_ed_components(&self.public).map_err(|_| KeyError::Algorithm)
    }

    /// The JWK set (RFC 7517) with the public half.
    pub(crate) fn jwks(&self) -> String {
        format!(
            r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{}","kid":"{}","alg":"EdDSA","use":"sig"}}]}}"#,
            self.public, self.id
        )
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    [PKCS8_HEAD.as_slice(), seed].concat()
}

fn encoding_key(seed: &[u8; 32]) -> EncodingKey {
    EncodingKey::from_ed_der(&pkcs8(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_pem() {
        let key = SigningKey::from_seed([7; 32]);
        let read = SigningKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!((key.seed, key.id()), (read.seed, read.id()));
        assert!(!format!("{key:?}").contains("seed"));
    }

    #[test]
    fn openssl_keys_are_read_and_others_refused() {
        // RFC 8410, section 10.3: without and with the public half.
        let plain = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let key = SigningKey::from_pem(plain).unwrap();
        assert_eq!(key.public, "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
        let both = "-----BEGIN PRIVATE KEY-----\nMHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\noB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\nZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PRIVATE KEY-----\n";
        assert_eq!(SigningKey::from_pem(both).unwrap().id(), key.id());
        assert!(matches!(SigningKey::from_pem("nonsense"), Err(KeyError::Pem)));
        assert!(matches!(
            SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
            Err(KeyError::Algorithm)
        ));
    }

    #[test]
    fn the_key_set_holds_the_public_half() {
        // RFC 8037, appendix A.
        let seed = BASE64_URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let key = SigningKey::from_seed(seed.try_into().unwrap());
        let set: serde_json::Value = serde_json::from_str(&key.jwks()).unwrap();
        assert_eq!(set["keys"][0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(set["keys"][0]["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
