//! Access tokens: JWTs signed with Ed25519.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use proto::access::{self, Permission};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    key::{KeyError, SigningKey},
    signature,
};

/// How long a token is good, in seconds.
pub(crate) const LIFETIME: i64 = 600;
/// Who issues tokens, and whom they are for.
const PARTY: &str = "tillroll";
/// Longer ones are not ours.
const MAX_TOKEN: usize = 2048;
/// Tokens whose signature need not be checked again.
const CACHED: usize = 16_384;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Admin,
    Customer,
}

/// Who a token speaks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// `usr_...`
    pub(crate) user_id: Arc<str>,
    pub(crate) role: Role,
    /// `ses_...`
    pub(crate) session_id: Arc<str>,
    /// Seconds since 1970 from which on the token is no good.
    expires: i64,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Invalid,
    Expired,
    /// The session has ended, the user was shut out or has another role since.
    Ended,
    /// Nobody can say now whether it is still good.
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    role: Role,
    sid: String,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// Issues and checks tokens.
pub(crate) struct Tokens {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// By the digest of the token: a signature costs a hundred times as much to check.
    known: Cache<[u8; 32], Arc<Principal>>,
}

impl Principal {
    pub(crate) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        permission.is_granted_to(self.granted())
    }

    /// The role as services know it.
    pub(crate) fn granted(&self) -> access::Role {
        self.role.into()
    }
}

impl From<Role> for access::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Customer => Self::Customer,
        }
    }
}

impl Tokens {
    pub(crate) fn new(key: &SigningKey) -> Result<Self, KeyError> {
        signature::install();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.id().to_owned());
        // RFC 9068: no other JWT is taken for an access token.
        header.typ = Some("at+jwt".to_owned());
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[PARTY]);
        validation.set_audience(&[PARTY]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // By our own clock, below.
        validation.validate_exp = false;
        Ok(Self {
            header,
            encoding: key.encoding_key(),
            decoding: key.decoding_key()?,
            validation,
            known: Cache::new(CACHED),
        })
    }

    /// A token for a user's session, good for [`LIFETIME`] from `now`.
    pub(crate) fn issue(
        &self,
        user_id: &str,
        role: Role,
        session_id: &str,
        now: DateTime<Utc>,
        id: Uuid,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = now.timestamp();
        let claims = Claims {
            iss: PARTY.to_owned(),
            aud: PARTY.to_owned(),
            sub: user_id.to_owned(),
            role,
            sid: session_id.to_owned(),
            iat,
            exp: iat + LIFETIME,
            jti: id,
        };
        encode(&self.header, &claims, &self.encoding)
    }

    /// Who the token speaks for at `now`.
    pub(crate) fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Principal>, Refusal> {
        if token.len() > MAX_TOKEN {
            return Err(Refusal::Invalid);
        }
        let digest: [u8; 32] = Sha256::digest(token).into();
        let principal = match self.known.get(&digest) {
            Some(principal) => principal,
            None => self.check(token, digest)?,
        };
        if principal.expires > now.timestamp() {
            Ok(principal)
        } else {
            self.known.remove(&digest);
            Err(Refusal::Expired)
        }
    }

    fn check(&self, token: &str, digest: [u8; 32]) -> Result<Arc<Principal>, Refusal> {
        // Before the signature, because it is cheap.
        let header = decode_header(token).map_err(|_| Refusal::Invalid)?;
        if header.alg != self.header.alg || header.kid != self.header.kid || header.typ != self.header.typ {
            return Err(Refusal::Invalid);
        }
        let claims = decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_| Refusal::Invalid)?
            .claims;
        let principal = Arc::new(Principal {
            user_id: claims.sub.into(),
            role: claims.role,
            session_id: claims.sid.into(),
            expires: claims.exp,
        });
        self.known.insert(digest, Arc::clone(&principal));
        Ok(principal)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;

    type Change = fn(&mut Header, &mut Value);

    const USER: &str = "usr_0198c0de-0000-7000-8000-000000000001";
    const SESSION: &str = "ses_0198c0de-0000-7000-8000-000000000001";

    fn tokens() -> Tokens {
        Tokens::new(&SigningKey::from_seed([1; 32])).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn issue(tokens: &Tokens) -> String {
        tokens.issue(USER, Role::Customer, SESSION, at(0), Uuid::nil()).unwrap()
    }

    fn part(value: &Value) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn forged(tokens: &Tokens, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let mut header = tokens.header.clone();
        let mut claims = json!({
            "iss": PARTY, "aud": PARTY, "sub": USER, "role": "admin", "sid": SESSION,
            "iat": at(0).timestamp(), "exp": at(LIFETIME).timestamp(), "jti": Uuid::nil(),
        });
        change(&mut header, &mut claims);
        encode(&header, &claims, &tokens.encoding).unwrap()
    }

    /// HMAC-SHA-256 (RFC 2104).
    fn hmac(secret: &[u8], message: &[u8]) -> Vec<u8> {
        let mut key = if secret.len() > 64 {
            Sha256::digest(secret).to_vec()
        } else {
            secret.to_vec()
        };
        key.resize(64, 0);
        let padded = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
        let inner = Sha256::digest([padded(0x36).as_slice(), message].concat());
        Sha256::digest([padded(0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
    }

    #[test]
    fn a_token_is_good_until_it_expires_also_from_the_cache() {
        let tokens = tokens();
        let token = issue(&tokens);
        for second in [0, 1, LIFETIME - 1] {
            let principal = tokens.verify(&token, at(second)).unwrap();
            assert_eq!((&*principal.user_id, principal.role), (USER, Role::Customer));
        }
        assert_eq!(tokens.verify(&token, at(LIFETIME)), Err(Refusal::Expired));
        assert_eq!(tokens.verify(&token, at(LIFETIME + 1)), Err(Refusal::Expired));
    }

    #[test]
    fn a_token_without_signature_or_of_another_algorithm_is_refused() {
        let tokens = tokens();
        let token = issue(&tokens);
        let claims = token.split('.').nth(1).unwrap();
        let kid = tokens.header.kid.clone().unwrap();
        for alg in ["none", "None", "HS256", "RS256", "ES256"] {
            let header = part(&json!({"alg": alg, "typ": "JWT", "kid": kid}));
            for signature in ["", token.rsplit('.').next().unwrap()] {
                let forged = format!("{header}.{claims}.{signature}");
                assert_eq!(tokens.verify(&forged, at(0)), Err(Refusal::Invalid), "{alg}");
            }
        }
        // The classic: the public key as the secret of an HMAC.
        let key = SigningKey::from_seed([1; 32]);
        let signed = format!("{}.{claims}", part(&json!({"alg": "HS256", "typ": "JWT", "kid": kid})));
        let public = key.jwks();
        for secret in [public.as_bytes(), tokens.decoding.try_get_as_bytes().unwrap()] {
            let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac(secret, signed.as_bytes()));
            assert_eq!(
                tokens.verify(&format!("{signed}.{signature}"), at(0)),
                Err(Refusal::Invalid)
            );
        }
    }

    #[test]
    fn a_tampered_token_is_refused() {
        let tokens = tokens();
        let token = issue(&tokens);
        let parts: Vec<&str> = token.split('.').collect();
        let mut claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        claims["role"] = json!("admin");
        let forged = format!("{}.{}.{}", parts[0], part(&claims), parts[2]);
        assert_eq!(tokens.verify(&forged, at(0)), Err(Refusal::Invalid));
        for wrong in [
            "",
            ".",
            "..",
            "a.b.c",
            parts[0],
            &token[..token.len() - 2],
            &"x".repeat(5000),
        ] {
            assert_eq!(tokens.verify(wrong, at(0)), Err(Refusal::Invalid), "{wrong}");
        }
    }

    #[test]
    fn a_token_of_another_key_party_or_shape_is_refused() {
        let tokens = tokens();
        let other = Tokens::new(&SigningKey::from_seed([2; 32])).unwrap();
        assert_eq!(tokens.verify(&issue(&other), at(0)), Err(Refusal::Invalid));
        assert!(tokens.verify(&forged(&tokens, |_, _| ()), at(0)).is_ok());
        let changes: [Change; 12] = [
            |header, _| header.typ = Some("JWT".to_owned()),
            |header, _| header.typ = None,
            |_, claims| claims["sid"] = Value::Null,
            |header, _| header.kid = None,
            |header, _| header.kid = Some("another".to_owned()),
            |_, claims| claims["iss"] = json!("another"),
            |_, claims| claims["aud"] = json!("another"),
            |_, claims| claims["role"] = json!("root"),
            |_, claims| claims["sub"] = Value::Null,
            |_, claims| claims["exp"] = Value::Null,
            |_, claims| claims["exp"] = json!("soon"),
            |_, claims| claims["aud"] = Value::Null,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            assert_eq!(
                tokens.verify(&forged(&tokens, change), at(0)),
                Err(Refusal::Invalid),
                "{index}"
            );
        }
    }
}
