//! Variables that are part of the contract already and whose servers this version does not use yet. They are checked
//! like the others, so that a deployment can be written today, and whoever sets one is told.

use super::layers::{Noted, Reader};
use super::variable::{Secrecy, Variable};

const READ_DATABASE_URL: Variable = Variable {
    key: "read_database_url",
    environment: "READ_DATABASE_URL",
    flag: "read-database-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "A replica for reads; not used by this version, which reads from DATABASE_URL",
};

const REDIS_URL: Variable = Variable {
    key: "redis_url",
    environment: "REDIS_URL",
    flag: "redis-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "A Redis server for caches; not used by this version, which caches inside the process",
};

const SMTP_URL: Variable = Variable {
    key: "smtp_url",
    environment: "SMTP_URL",
    flag: "smtp-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "A mail server; not used by this version, which sends no mail",
};

pub(super) const VARIABLES: &[&Variable] = &[&READ_DATABASE_URL, &REDIS_URL, &SMTP_URL];

/// Which of the variables for later versions are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Later {
    set: Vec<&'static str>,
}

impl Later {
    /// A line for each variable that is set and does nothing yet.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        self.set
            .iter()
            .map(|name| format!("{name} is set, but this version of Tillroll does not use it yet"))
            .collect()
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Later, Noted> {
    let read_database = reader.optional(&READ_DATABASE_URL, |text| {
        url_of(
            text,
            &["postgres", "postgresql"],
            "postgres://user:password@host:5432/database",
        )
    });
    let redis = reader.optional(&REDIS_URL, |text| {
        url_of(text, &["redis", "rediss"], "redis://cache:6379")
    });
    let smtp = reader.optional(&SMTP_URL, |text| {
        url_of(text, &["smtp", "smtps"], "smtps://user:password@mail.example.com")
    });
    let values = [
        (&READ_DATABASE_URL, read_database?),
        (&REDIS_URL, redis?),
        (&SMTP_URL, smtp?),
    ];
    let set = values
        .into_iter()
        .filter(|(_, value)| value.is_some())
        .map(|(variable, _)| variable.environment)
        .collect();
    Ok(Later { set })
}

fn url_of(text: &str, schemes: &[&str], example: &str) -> Result<(), String> {
    match url::Url::parse(text) {
        Ok(url) if schemes.contains(&url.scheme()) && url.has_host() => Ok(()),
        _ => Err(format!("a URL such as {example}")),
    }
}
