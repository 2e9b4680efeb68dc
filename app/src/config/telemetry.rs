//! Logs.

use tracing_subscriber::EnvFilter;

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const RUST_LOG: Variable = Variable {
    key: "rust_log",
    environment: "RUST_LOG",
    flag: "rust-log",
    value: "FILTER",
    default: Some("info,sqlx=warn"),
    secrecy: Secrecy::Open,
    help: "Log lines to write: a level, or levels by target, for example info,gateway=debug",
};

const LOG_FORMAT: Variable = Variable {
    key: "log_format",
    environment: "TILLROLL_LOG_FORMAT",
    flag: "log-format",
    value: "text|json",
    default: Some("text"),
    secrecy: Secrecy::Open,
    help: "Format of the log lines on standard error: `text` for people, `json` for machines",
};

pub(super) const VARIABLES: &[&Variable] = &[&RUST_LOG, &LOG_FORMAT];

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// Directives of `tracing_subscriber::EnvFilter`, known to be valid.
    pub filter: String,
    /// How lines are written.
    pub format: LogFormat,
}

pub(super) fn read(reader: &mut Reader) -> Result<Telemetry, Invalid> {
    let filter = reader.required(&RUST_LOG, |text| match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(
            "a level (error, warn, info, debug, trace, off) or levels by target such as info,gateway=debug".to_owned(),
        ),
    });
    let format = reader.required(&LOG_FORMAT, |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("`text` or `json`".to_owned()),
    });
    Ok(Telemetry {
        filter: filter?,
        format: format?,
    })
}
