//! The caller between processes: a short statement that one process signs and another one checks.
//!
//! It holds for one method and for a minute, so one that leaks is of little use, and none at all for another call.

use std::sync::Arc;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use prost::Message;
use tonic::metadata::{BinaryMetadataValue, MetadataMap};

use crate::caller::{Caller, Part};
use crate::failure::{Failure, FailureKind};
use crate::v1::CallerStatement;

/// The metadata that carries it: a signature of 64 bytes, and what is signed.
const METADATA: &str = "tillroll-caller-bin";
/// Stands before what is signed, so that no signature of something else is one of a caller.
const DOMAIN: &[u8] = b"tillroll caller 1\0";
/// How long a statement holds, in microseconds.
const LIFETIME: i64 = 60_000_000;
/// How far the clocks of two machines may be apart, in microseconds.
const SKEW: i64 = 30_000_000;

/// The source of the time: microseconds since 1970-01-01T00:00:00Z.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The keys of statements: the one that signs, if there is one, and those that are believed.
#[derive(Clone)]
pub struct Keys {
    signing: Option<Arc<SigningKey>>,
    trusted: Arc<[VerifyingKey]>,
    clock: Clock,
}

/// The keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Something else than Ed25519 keys as PEM.
    #[error(
        "something in it is no Ed25519 key; make one with `tillroll certs dev` or `openssl genpkey -algorithm ed25519`"
    )]
    Malformed,
    /// Nothing that could be believed.
    #[error("there is no `PRIVATE KEY` and no `PUBLIC KEY` in it")]
    Empty,
}

/// The private and the public key of 32 secret random bytes, as PEM: for who signs, and for who believes.
///
/// # Errors
/// When they cannot be written so.
pub fn key_pair(seed: &[u8; 32]) -> Result<(String, String), KeysError> {
    let key = SigningKey::from_bytes(seed);
    let private = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeysError::Malformed)?;
    let public = key.verifying_key().to_public_key_pem(LineEnding::LF);
    Ok((private.to_string(), public.map_err(|_| KeysError::Malformed)?))
}

impl Keys {
    /// Reads PEM documents one after another. The first private key signs; its public half and all public keys are believed. While keys
    /// are changed, services believe the old one and the new one.
    ///
    /// # Errors
    /// When there is no key, or something that is none.
    pub fn from_pem(text: &str, clock: Clock) -> Result<Self, KeysError> {
        let (mut signing, mut trusted) = (None, Vec::new());
        for block in text
            .split_inclusive("-----END ")
            .filter(|block| block.contains("-----BEGIN "))
        {
            let begin = block.find("-----BEGIN ").ok_or(KeysError::Malformed)?;
            let block = block.get(begin..).unwrap_or_default();
            let label = block
                .trim_start_matches("-----BEGIN ")
                .split("-----")
                .next()
                .unwrap_or_default();
            let document = format!("{block}{label}-----\n");
            if label == "PRIVATE KEY" {
                let key = SigningKey::from_pkcs8_pem(&document).map_err(|_| KeysError::Malformed)?;
                trusted.push(key.verifying_key());
                signing.get_or_insert(Arc::new(key));
            } else {
                trusted.push(VerifyingKey::from_public_key_pem(&document).map_err(|_| KeysError::Malformed)?);
            }
        }
        if trusted.is_empty() {
            return Err(KeysError::Empty);
        }
        Ok(Self {
            signing,
            trusted: trusted.into(),
            clock,
        })
    }

    /// The keys of 32 bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32], clock: Clock) -> Self {
        let key = SigningKey::from_bytes(seed);
        Self {
            trusted: [key.verifying_key()].into(),
            signing: Some(Arc::new(key)),
            clock,
        }
    }

    /// Keys that everybody knows. They prove nothing: for processes that only this machine reaches, whose operator says so.
    #[must_use]
    pub fn insecure(clock: Clock) -> Self {
        Self::from_seed(b"known to all, so it proves none.", clock)
    }

    /// Whether they can sign.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        self.signing.is_some()
    }

    /// Adds to a call of `method` who makes it.
    pub fn sign(&self, metadata: &mut MetadataMap, caller: &Caller, method: &str) {
        let Some(key) = &self.signing else { return };
        let now = (self.clock)();
        let statement = CallerStatement {
            actor: caller.actor.to_string(),
            role: caller.role.into(),
            part: caller.part.into(),
            request_id: caller.request_id.to_string(),
            method: method.to_owned(),
            issued_at_micros: now,
            expires_at_micros: now + LIFETIME,
        };
        let signed = [DOMAIN, &statement.encode_to_vec()].concat();
        let signature = key.sign(&signed).to_bytes();
        let value = [&signature, signed.get(DOMAIN.len()..).unwrap_or_default()].concat();
        metadata.insert_bin(METADATA, BinaryMetadataValue::from_bytes(&value));
    }

    /// Who makes a call of `method`.
    ///
    /// # Errors
    /// When nobody says it, or what is said does not hold.
    pub fn verify(&self, metadata: &MetadataMap, method: &str) -> Result<Caller, Failure> {
        let value = metadata.get_bin(METADATA).and_then(|value| value.to_bytes().ok());
        let value = value.ok_or_else(|| unproven("nothing says who calls"))?;
        let (signature, statement) = value.split_first_chunk().ok_or_else(|| unproven(FORGED))?;
        let signature = Signature::from_bytes(signature);
        let signed = [DOMAIN, statement].concat();
        if !self
            .trusted
            .iter()
            .any(|key| key.verify_strict(&signed, &signature).is_ok())
        {
            return Err(unproven(FORGED));
        }
        let statement = CallerStatement::decode(statement).map_err(|_| unproven(FORGED))?;
        if statement.part() == Part::Unspecified {
            return Err(unproven("the statement about the caller does not say which part calls"));
        }
        if statement.method != method {
            return Err(unproven("the statement about the caller is for another method"));
        }
        let now = (self.clock)();
        if statement.issued_at_micros > now + SKEW || statement.expires_at_micros < now - SKEW {
            return Err(unproven(
                "the statement about the caller is too old, or the clocks of the two machines differ",
            ));
        }
        Ok(Caller {
            role: statement.role(),
            part: statement.part(),
            actor: statement.actor.into(),
            request_id: statement.request_id.into(),
        })
    }
}

const FORGED: &str = "the statement about the caller is not signed by a key that is believed here";

/// The refusal of a call by somebody who does not prove who they are.
pub(crate) fn unproven(why: &str) -> Failure {
    Failure::new(FailureKind::Unauthenticated, "caller_unproven", why)
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Keys")
            .field("signs", &self.can_sign())
            .field("trusted", &self.trusted.len())
            .finish_non_exhaustive()
    }
}
