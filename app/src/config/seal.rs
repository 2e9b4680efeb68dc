//! The seal over the log.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const KEY_FILE: Variable = Variable {
    key: "seal_key_file",
    environment: "TILLROLL_SEAL_KEY_FILE",
    flag: "seal-key-file",
    value: "FILE",
    default: None,
    secrecy: Secrecy::Open,
    help: "Ed25519 key (PKCS#8 PEM) that signs checkpoints over the log, shared by all workers; by default keys/seal-ed25519.pem in the data folder, made on first use",
};

const EVERY: Variable = Variable {
    key: "seal_every",
    environment: "TILLROLL_SEAL_EVERY",
    flag: "seal-every",
    value: "SECONDS",
    default: Some("10"),
    secrecy: Secrecy::Open,
    help: "Maximum number of seconds that an event waits for a checkpoint; `off` seals nothing",
};

pub(super) const VARIABLES: &[&Variable] = &[&KEY_FILE, &EVERY];

const DAY: u64 = 24 * 60 * 60;

/// The seal over the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The private key's file; `None`: the data folder's own, made on first use.
    pub key_file: Option<PathBuf>,
    /// How long an event waits for a checkpoint; `None`: for ever.
    pub every: Option<Duration>,
}

pub(super) fn read(reader: &mut Reader) -> Result<Seal, Invalid> {
    let key_file = reader.optional(&KEY_FILE, |text| {
        let path = PathBuf::from(text);
        if path.is_file() {
            Ok(path)
        } else {
            Err("a file that exists".to_owned())
        }
    });
    let every = reader.required(&EVERY, |text| match text.parse() {
        _ if text == "off" => Ok(None),
        Ok(seconds @ 1..=DAY) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(format!("`off`, or a whole number of seconds from 1 to {DAY}")),
    });
    Ok(Seal {
        key_file: key_file?,
        every: every?,
    })
}
