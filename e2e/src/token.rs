//! Access tokens, taken apart and put together again.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use serde_json::Value;

/// The parts of a JWT, to look at and to forge with.
#[derive(Clone, Debug)]
pub struct Token {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
    /// The signature, as it was sent.
    pub signature: String,
}

impl Token {
    /// Takes a token apart.
    #[must_use]
    pub fn parse(token: &str) -> Token {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            panic!("{token} is no JWT")
        };
        let json = |part: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
            serde_json::from_slice(&bytes).expect("JSON")
        };
        Token {
            header: json(header),
            claims: json(claims),
            signature: (*signature).to_owned(),
        }
    }

    /// Puts it together with its signature, however little that fits by now.
    #[must_use]
    pub fn text(&self) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(&self.header), part(&self.claims), self.signature)
    }

    /// Signs it with a private key: a PKCS#8 PEM document of Ed25519.
    #[must_use]
    pub fn signed(&self, pem: &str) -> String {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64_STANDARD.decode(body).expect("base64");
        let header = serde_json::from_value(self.header.clone()).expect("a JWT header");
        jsonwebtoken::encode(&header, &self.claims, &EncodingKey::from_ed_der(&der)).expect("a signature")
    }
}
