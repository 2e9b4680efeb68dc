//! What the gateway keeps of answers.

use std::fmt::{self, Debug, Display, Formatter};

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const CACHE_MB: Variable = Variable {
    key: "cache_mb",
    environment: "TILLROLL_CACHE_MB",
    flag: "cache-mb",
    value: "MEBIBYTES",
    default: Some("64"),
    secrecy: Secrecy::Open,
    help: "Memory for answers that the gateway keeps until events change them; 0 keeps none",
};

const REDIS_URL: Variable = Variable {
    key: "redis_url",
    environment: "REDIS_URL",
    flag: "redis-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "Redis server in which gateways share the answers that they keep (redis:// or rediss://); without it, each keeps its own",
};

pub(super) const VARIABLES: &[&Variable] = &[&CACHE_MB, &REDIS_URL];

const MOST_MB: u64 = 1024 * 1024;

/// What the gateway keeps of answers.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Memory for it, in bytes; 0: none.
    pub bytes: u64,
    /// Where gateways share it.
    pub redis: Option<RedisUrl>,
}

/// A `redis://` URL. Displays without its password.
#[derive(Clone)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// The URL with its password: not for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Display for RedisUrl {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Secrecy::Url.redact(&self.0))
    }
}

impl Debug for RedisUrl {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, formatter)
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Cache, Invalid> {
    let bytes = reader.required(&CACHE_MB, |text| match text.parse::<u64>() {
        Ok(megabytes @ 0..=MOST_MB) => Ok(megabytes << 20),
        _ => Err(format!("a whole number of mebibytes from 0 to {MOST_MB}")),
    });
    let redis = reader.optional(&REDIS_URL, |text| match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "redis" | "rediss") && url.has_host() => Ok(RedisUrl(text.to_owned())),
        _ => Err("a URL such as redis://cache:6379".to_owned()),
    });
    Ok(Cache {
        bytes: bytes?,
        redis: redis?,
    })
}
