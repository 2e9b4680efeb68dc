//! The database.

use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::layers::{Noted, Reader};
use super::variable::{Secrecy, Variable};

const DATABASE_URL: Variable = Variable {
    key: "database_url",
    environment: "DATABASE_URL",
    flag: "database-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "The PostgreSQL database of events and read models; not set: a private cluster in the data folder",
};

pub(super) const VARIABLES: &[&Variable] = &[&DATABASE_URL];

/// The database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Where it is; `None`: the embedded cluster.
    pub url: Option<DatabaseUrl>,
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
            options,
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

pub(super) fn read(reader: &mut Reader) -> Result<Database, Noted> {
    let url = reader.optional(&DATABASE_URL, str::parse)?;
    Ok(Database { url })
}
