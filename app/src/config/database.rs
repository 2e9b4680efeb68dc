//! The database.

use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::pools::Pools;
use super::reader::{Invalid, Reader};
use super::roles::Roles;
use super::variable::{Secrecy, Variable};

const DATABASE_URL: Variable = Variable {
    key: "database_url",
    environment: "DATABASE_URL",
    flag: "database-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "PostgreSQL database of events and read models; without it, a private cluster in the data folder",
};

const READ_DATABASE_URL: Variable = Variable {
    key: "read_database_url",
    environment: "READ_DATABASE_URL",
    flag: "read-database-url",
    value: "URL[,URL...]",
    default: None,
    secrecy: Secrecy::Url,
    help: "Streaming replicas of DATABASE_URL for reads, separated by commas; a replica that falls behind or fails gets no reads until it is well again",
};

pub(super) const DATABASE_CONNECTIONS: Variable = Variable {
    key: "database_connections",
    environment: "TILLROLL_DATABASE_CONNECTIONS",
    flag: "database-connections",
    value: "NUMBER",
    default: None,
    secrecy: Secrecy::Open,
    help: "Maximum number of connections of this process to the database; by default 45 with all roles, fewer with some or on a small server",
};

pub(super) const VARIABLES: &[&Variable] = &[&DATABASE_URL, &READ_DATABASE_URL, &DATABASE_CONNECTIONS];

/// Connections at most.
const MOST_CONNECTIONS: u32 = 10_000;

/// Replicas at most.
const MOST_REPLICAS: usize = 16;

/// The database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Where it is; `None`: the embedded cluster.
    pub url: Option<DatabaseUrl>,
    /// Replicas of it for reads.
    pub replicas: Vec<DatabaseUrl>,
    /// Most connections of this process to it; `None`: the usual ones.
    pub connections: Option<u32>,
}

/// A `postgres://` URL. Displays without its password.
#[derive(Clone)]
pub struct DatabaseUrl {
    text: String,
    options: PgConnectOptions,
}

impl DatabaseUrl {
    /// How to connect.
    #[must_use]
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The URL with its password: not for logs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<DatabaseUrl, String> {
        let expected = || "a URL such as postgres://user:password@host:5432/database".to_owned();
        let url = url::Url::parse(text).map_err(|_| expected())?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(expected());
        }
        // The driver's own message quotes only the parameter that it does not understand.
        let options = PgConnectOptions::from_str(text).map_err(|_| expected())?;
        Ok(DatabaseUrl {
            text: text.to_owned(),
            // No float is read as a text, and PgBouncer refuses to be told how long they are to be.
            options: options.extra_float_digits(None),
        })
    }
}

impl Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Secrecy::Url.redact(&self.text))
    }
}

impl Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, formatter)
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Database, Invalid> {
    let url = reader.optional(&DATABASE_URL, str::parse);
    let replicas = reader.optional(&READ_DATABASE_URL, |text| {
        let urls = text.split(',').map(str::trim).map(str::parse);
        let urls: Vec<DatabaseUrl> = urls.collect::<Result<_, String>>()?;
        if urls.len() <= MOST_REPLICAS {
            Ok(urls)
        } else {
            Err(format!("at most {MOST_REPLICAS} URLs"))
        }
    });
    let connections = reader.optional(&DATABASE_CONNECTIONS, |text| match text.parse() {
        Ok(number @ 1..=MOST_CONNECTIONS) => Ok(number),
        _ => Err(format!("a whole number from 1 to {MOST_CONNECTIONS}")),
    });
    let (url, replicas) = (url?, replicas?.unwrap_or_default());
    if url.is_none() && !replicas.is_empty() {
        reader.problem(
            &READ_DATABASE_URL,
            "is set without DATABASE_URL; the private cluster in the data folder has no replicas",
        );
    }
    Ok(Database {
        url,
        replicas,
        connections: connections?,
    })
}

/// The roles must be able to work with the connections.
pub(super) fn check(reader: &mut Reader, database: &Database, roles: &Roles) {
    if let Err(least) = Pools::of(roles, database.connections) {
        reader.problem(
            &DATABASE_CONNECTIONS,
            &format!("is too small: the roles {roles} need at least {least} connections"),
        );
    }
}
