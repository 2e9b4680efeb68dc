//! Hashing and checking passwords: argon2id with the parameters that OWASP recommends.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::EmailAddress;
use proto::failure::Failure;
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};

use super::common;
use crate::{core::Ids, failure};

/// Shortest password, in characters.
const MIN_CHARS: usize = 8;
/// Longest password, in characters; bounds what a caller can make us hash.
const MAX_CHARS: usize = 128;

/// KiB of memory, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);

#[derive(Clone)]
pub(super) struct Passwords {
    ids: Ids,
    /// Hashing is meant to be expensive; without a bound, logins would take the machine from everything else.
    permits: Arc<Semaphore>,
    /// Of no password that anybody knows; see [`Passwords::verify`].
    nobody: Arc<OnceCell<String>>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Passwords").finish_non_exhaustive()
    }
}

/// Checks a new password: its length, and that it is none of those that are tried first. No rule says what characters it has to have.
pub(super) fn check(password: &str, email: Option<&EmailAddress>) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    if chars < MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    if chars > MAX_CHARS {
        return Err(PasswordError::TooLong);
    }
    let lower = password.to_lowercase();
    if common::is_common(&lower) {
        return Err(PasswordError::Common);
    }
    if email.is_some_and(|email| email.as_str().to_lowercase() == lower) {
        return Err(PasswordError::Email);
    }
    Ok(())
}

/// The same, as a failure that names the field.
pub(super) fn accept(password: &str, field: &str, email: &EmailAddress) -> Result<(), Failure> {
    check(password, Some(email)).map_err(|error| Failure::invalid(field, error.code(), error.message()))
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PasswordError {
    TooShort,
    TooLong,
    Common,
    Email,
}

impl PasswordError {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Common => "too_common",
            Self::Email => "is_email",
        }
    }

    pub(super) fn message(self) -> String {
        match self {
            Self::TooShort | Self::TooLong => format!("a password has {MIN_CHARS} to {MAX_CHARS} characters"),
            Self::Common => "this is one of the passwords that are tried first".to_owned(),
            Self::Email => "a password is not the e-mail address".to_owned(),
        }
    }
}

impl Passwords {
    pub(super) fn new(ids: Ids, parallel: usize) -> Self {
        Self {
            ids,
            permits: Arc::new(Semaphore::new(parallel.max(1))),
            nobody: Arc::new(OnceCell::new()),
        }
    }

    /// The hash to store, as a PHC string.
    pub(super) async fn hash(&self, password: String) -> Result<String, Failure> {
        // A salt has to be unique, not secret: two ids have more than enough randomness.
        let mut salt = Sha256::new();
        salt.update((self.ids)().as_bytes());
        salt.update((self.ids)().as_bytes());
        let salt = salt.finalize();
        self.blocking(move |argon2| {
            argon2
                .hash_password_with_salt(password.as_bytes(), &salt[..16])
                .map(|hash| hash.to_string())
        })
        .await?
        .map_err(|error| failure::internal("a password could not be hashed", &error))
    }

    /// Whether a hash was made with lower costs than those of today.
    pub(super) fn is_outdated(hash: &str) -> bool {
        let (memory, passes, lanes) = COST;
        !hash.starts_with(&format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$"))
    }

    /// Whether the password is the one of the hash. Without a hash (no such user) as much work is done, so that the time of the
    /// answer does not say which addresses have an account.
    pub(super) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Failure> {
        // Nobody has such a password, and it must not be hashed without bound.
        let oversized = password.chars().nth(MAX_CHARS).is_some();
        let password = if oversized { "" } else { password }.to_owned();
        let known = hash.is_some() && !oversized;
        let hash = match hash {
            Some(hash) => hash.to_owned(),
            None => self
                .nobody
                .get_or_try_init(|| self.hash((self.ids)().to_string()))
                .await?
                .clone(),
        };
        let matches = self
            .blocking(move |argon2| {
                PasswordHash::new(&hash).map(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?
            .map_err(|error| failure::internal("a stored password hash is none", &error))?;
        Ok(matches && known)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'_>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| failure::internal("password hashing is closed", &error))?;
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None)
            .map_err(|error| failure::internal("the cost of password hashing is out of range", &error))?;
        tokio::task::spawn_blocking(move || {
            let result = work(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
            drop(permit);
            result
        })
        .await
        .map_err(|error| failure::internal("password hashing broke off", &error))
    }
}
