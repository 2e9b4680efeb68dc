//! Refresh tokens: opaque to clients, and derived from the session and a count, so that the same one can be given again without being kept.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::SessionId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const PREFIX: &str = "trr_";
const BODY: usize = 20;
const LENGTH: usize = BODY + 32;

/// Makes refresh tokens and knows its own again. Keep it between starts: of tokens of another key it is only known whether they are the
/// present ones.
#[derive(Clone)]
pub(super) struct RefreshKey([u8; 32]);

/// What somebody presents as a refresh token.
#[derive(Debug)]
pub(super) struct Presented {
    pub(super) session: SessionId,
    pub(super) counter: i32,
    pub(super) hash: Vec<u8>,
    body: [u8; BODY],
    mac: [u8; 32],
}

impl RefreshKey {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The token of a session with this number.
    pub(super) fn token(&self, session: SessionId, counter: i32) -> String {
        let mut body = [0; BODY];
        let (id, number) = body.split_at_mut(16);
        id.copy_from_slice(session.uuid().as_bytes());
        number.copy_from_slice(&counter.to_be_bytes());
        let mac = self.mac(&body).finalize().into_bytes();
        let bytes = [body.as_slice(), mac.as_slice()].concat();
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether the token was made with this key.
    pub(super) fn made(&self, token: &Presented) -> bool {
        self.mac(&token.body).verify_slice(&token.mac).is_ok()
    }

    /// What stands for a list of texts where nobody is to find them out.
    pub(super) fn digest(&self, parts: &[&str]) -> Vec<u8> {
        let mut mac = self.keyed(b"tillroll digest");
        for part in parts {
            mac.update(&part.len().to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().to_vec()
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.keyed(b"tillroll refresh token");
        mac.update(body);
        mac
    }

    fn keyed(&self, purpose: &[u8]) -> Hmac<Sha256> {
        // Any key will do, so there is no other way out.
        let keyed = Hmac::<Sha256>::new_from_slice(&self.0);
        let mut mac = keyed.unwrap_or_else(|_| Hmac::<Sha256>::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        mac.update(purpose);
        mac
    }
}

impl std::fmt::Debug for RefreshKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RefreshKey").finish_non_exhaustive()
    }
}

impl Presented {
    /// `None`: it has not the shape of one.
    pub(super) fn parse(token: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
        let bytes: [u8; LENGTH] = bytes.try_into().ok()?;
        let (body, mac) = bytes.split_first_chunk::<BODY>()?;
        let (id, number) = body.split_first_chunk::<16>()?;
        Some(Self {
            session: SessionId::new(Uuid::from_bytes(*id)),
            counter: i32::from_be_bytes(number.try_into().ok()?),
            hash: hash(token),
            body: *body,
            mac: mac.try_into().ok()?,
        })
    }
}

/// What is kept of a token.
pub(super) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_by_its_key_alone() {
        let session = SessionId::new(Uuid::from_u128(7));
        let (key, other) = (RefreshKey::new([1; 32]), RefreshKey::new([2; 32]));
        let token = key.token(session, 3);
        assert_eq!(token, key.token(session, 3), "the same one again");
        let presented = Presented::parse(&token).unwrap();
        assert_eq!((presented.session, presented.counter), (session, 3));
        assert!(key.made(&presented) && !other.made(&presented));
        let next = Presented::parse(&key.token(session, 4)).unwrap();
        assert_ne!(presented.hash, next.hash);
        for wrong in ["", "trr_", "trr_AAAA", &token[4..], &token[..token.len() - 1]] {
            assert!(Presented::parse(wrong).is_none(), "{wrong}");
        }
    }
}
