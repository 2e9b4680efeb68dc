//! The configuration of every command: a flag wins over the environment, the environment over `tillroll.toml`, the
//! file over the default.
//!
//! A section is a file of this folder: its variables (documented where they are declared, which is also where
//! `--help` and `tillroll config dump` take their text from) and the struct that they become. Everything is read and
//! checked here, once, before a port is bound or a folder is touched; all problems are reported together.

mod auth;
mod cache;
mod capacity;
mod connections;
mod data;
mod database;
mod dump;
mod error;
mod flags;
mod http;
mod internal;
mod later;
mod layers;
mod orders;
mod parse;
mod pools;
mod projector;
mod reader;
mod roles;
mod seal;
mod search;
mod services;
mod telemetry;
mod variable;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

pub use auth::Auth;
pub use cache::{Cache, RedisUrl};
pub use capacity::Capacity;
pub use data::Data;
pub use database::{Database, DatabaseUrl};
pub use error::{Error, Problem};
pub use flags::{FLAGS_HEADING, Flags};
pub use http::Http;
pub use internal::{Internal, TlsFiles};
pub use later::Later;
pub use layers::Source;
pub use orders::Orders;
pub use pools::Pools;
pub use projector::Projector;
pub use roles::{Role, Roles};
pub use seal::Seal;
pub use search::Search;
pub use services::Services;
pub use telemetry::{LogFormat, Telemetry};

use layers::Layers;
use reader::Reader;
use variable::Variable;

/// Every variable, in the order of `--help` and `config dump`.
const VARIABLES: &[&[&Variable]] = &[
    data::VARIABLES,
    http::VARIABLES,
    capacity::VARIABLES,
    connections::VARIABLES,
    services::VARIABLES,
    internal::VARIABLES,
    roles::VARIABLES,
    database::VARIABLES,
    cache::VARIABLES,
    auth::VARIABLES,
    orders::VARIABLES,
    projector::VARIABLES,
    seal::VARIABLES,
    search::VARIABLES,
    telemetry::VARIABLES,
    later::VARIABLES,
];

fn variables() -> impl Iterator<Item = &'static Variable> {
    VARIABLES.iter().flat_map(|section| section.iter().copied())
}

/// What the values are taken from.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Values given on the command line.
    pub flags: Flags,
    /// The process's environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// The configuration file; `None`: `tillroll.toml` in the working folder, if there is one.
    pub file: Option<PathBuf>,
}

/// The effective configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the process keeps its files.
    pub data: Data,
    /// The public HTTP side.
    pub http: Http,
    /// How much the gateway works on at once.
    pub capacity: Capacity,
    /// gRPC between processes.
    pub services: Services,
    /// How processes prove to each other who they are.
    pub internal: Internal,
    /// What this process does.
    pub roles: Roles,
    /// The databases.
    pub database: Database,
    /// What the gateway keeps of answers.
    pub cache: Cache,
    /// The keys of access and refresh tokens.
    pub auth: Auth,
    /// Orders and reservations.
    pub orders: Orders,
    /// Projecting.
    pub projector: Projector,
    /// The seal over the log.
    pub seal: Seal,
    /// The search engine.
    pub search: Search,
    /// Logs.
    pub telemetry: Telemetry,
    /// Accepted today, used by later versions.
    pub later: Later,
    /// `PATH`, for finding PostgreSQL's programs.
    pub path: Option<OsString>,
    /// Things that are not wrong but that somebody should read.
    pub notices: Vec<String>,
    effective: Vec<reader::Entry>,
}

impl Config {
    /// Reads, layers and checks everything.
    pub fn load(inputs: &Inputs) -> Result<Config, Error> {
        let mut reader = Reader::new(Layers::collect(inputs)?);
        let data = data::read(&mut reader);
        let http = http::read(&mut reader);
        let capacity = capacity::read(&mut reader);
        let services = services::read(&mut reader);
        let internal = internal::read(&mut reader);
        let roles = roles::read(&mut reader);
        let database = database::read(&mut reader);
        let cache = cache::read(&mut reader);
        let auth = auth::read(&mut reader);
        let orders = orders::read(&mut reader);
        let projector = projector::read(&mut reader);
        let seal = seal::read(&mut reader);
        let search = search::read(&mut reader);
        let telemetry = telemetry::read(&mut reader);
        let later = later::read(&mut reader);
        if let (Ok(http), Ok(services), Ok(roles)) = (&http, &services, &roles) {
            services::check(&mut reader, services, http, roles);
            if let Ok(internal) = &internal {
                internal::check(&mut reader, internal, services, roles);
            }
        }
        if let (Ok(database), Ok(roles)) = (&database, &roles) {
            database::check(&mut reader, database, roles);
        }
        let (Ok(data), Ok(http), Ok(services), Ok(roles), Ok(database)) = (data, http, services, roles, database)
        else {
            return Err(reader.into_error());
        };
        let (Ok(capacity), Ok(internal), Ok(projector)) = (capacity, internal, projector) else {
            return Err(reader.into_error());
        };
        let (Ok(auth), Ok(orders), Ok(seal), Ok(telemetry), Ok(later)) = (auth, orders, seal, telemetry, later) else {
            return Err(reader.into_error());
        };
        let (Ok(cache), Ok(search)) = (cache, search) else {
            return Err(reader.into_error());
        };
        if reader.has_problems() {
            return Err(reader.into_error());
        }
        let path = inputs.environment.get(&OsString::from("PATH")).cloned();
        let mut notices = layers::unknown_names(inputs);
        notices.extend(later.notices());
        Ok(Config {
            data,
            http,
            capacity,
            services,
            internal,
            roles,
            database,
            cache,
            auth,
            orders,
            projector,
            seal,
            search,
            telemetry,
            later,
            path,
            notices,
            effective: reader.into_entries(),
        })
    }

    /// A configuration from pairs of the words of a flag (`http-addr`) and its value, with defaults for the rest; for
    /// tests and tools that start a system themselves. Reads neither the environment (but for the programs' search
    /// path) nor a file.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Result<Config, Error> {
        let environment = std::env::vars_os().filter(|(name, _)| name == "PATH").collect();
        let inputs = Inputs {
            flags: Flags::from_pairs(pairs)?,
            environment,
            file: Some(PathBuf::from("/dev/null")),
        };
        Config::load(&inputs)
    }

    /// The configuration as TOML, the source of each value beside it, secrets replaced.
    #[must_use]
    pub fn dump(&self) -> String {
        dump::render(&self.effective)
    }
}

#[cfg(test)]
mod tests;
