//! The search engine.

use std::fmt::{self, Debug, Formatter};

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const MEILI_URL: Variable = Variable {
    key: "meili_url",
    environment: "MEILI_URL",
    flag: "meili-url",
    value: "URL",
    default: None,
    secrecy: Secrecy::Url,
    help: "Meilisearch server that searches products; without it, an engine inside the process with its index in the data folder",
};

const MEILI_KEY: Variable = Variable {
    key: "meili_key",
    environment: "MEILI_KEY",
    flag: "meili-key",
    value: "KEY",
    default: None,
    secrecy: Secrecy::Whole,
    help: "Key of the Meilisearch server, with all rights on indexes and documents",
};

pub(super) const VARIABLES: &[&Variable] = &[&MEILI_URL, &MEILI_KEY];

/// The search engine.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Where the Meilisearch server is; `None`: the engine inside the process.
    pub meili_url: Option<String>,
    /// Its key.
    pub meili_key: Option<String>,
}

impl Debug for Search {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Search")
            .field("meilisearch", &self.meili_url.is_some())
            .finish_non_exhaustive()
    }
}

pub(super) fn read(reader: &mut Reader) -> Result<Search, Invalid> {
    let meili_url = reader.optional(&MEILI_URL, |text| match url::Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(text.to_owned()),
        _ => Err("a URL such as http://meilisearch:7700".to_owned()),
    });
    let meili_key = reader.optional(&MEILI_KEY, |text| Ok(text.to_owned()));
    Ok(Search {
        meili_url: meili_url?,
        meili_key: meili_key?,
    })
}
