//! The keys of access and refresh tokens.

use std::path::PathBuf;

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const JWT_KEY_FILE: Variable = Variable {
    key: "jwt_key_file",
    environment: "TILLROLL_JWT_KEY_FILE",
    flag: "jwt-key-file",
    value: "FILE",
    default: None,
    secrecy: Secrecy::Open,
    help: "Ed25519 key (PKCS#8 PEM) that signs access tokens, shared by all gateways; by default keys/jwt-ed25519.pem in the data folder, made on first use",
};

const REFRESH_KEY_FILE: Variable = Variable {
    key: "refresh_key_file",
    environment: "TILLROLL_REFRESH_KEY_FILE",
    flag: "refresh-key-file",
    value: "FILE",
    default: None,
    secrecy: Secrecy::Open,
    help: "Key (64 hexadecimal digits) that refresh tokens are derived from, shared by all processes with the role `command`; by default keys/refresh.key in the data folder, made on first use",
};

pub(super) const VARIABLES: &[&Variable] = &[&JWT_KEY_FILE, &REFRESH_KEY_FILE];

/// The keys of access and refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The private key's file; `None`: the data folder's own, made on first use.
    pub jwt_key_file: Option<PathBuf>,
    /// The file of the key of refresh tokens; `None`: the data folder's own, made on first use.
    pub refresh_key_file: Option<PathBuf>,
}

pub(super) fn read(reader: &mut Reader) -> Result<Auth, Invalid> {
    let jwt_key_file = reader.optional(&JWT_KEY_FILE, file);
    let refresh_key_file = reader.optional(&REFRESH_KEY_FILE, file);
    Ok(Auth {
        jwt_key_file: jwt_key_file?,
        refresh_key_file: refresh_key_file?,
    })
}

fn file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_file() {
        Ok(path)
    } else {
        Err("a file that exists".to_owned())
    }
}
