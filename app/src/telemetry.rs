//! Log lines, on standard error, so that standard output belongs to what a command prints.
//!
//! No personal data is logged anywhere: people appear by their id, never by name, e-mail or address, and requests
//! without their bodies.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogFormat, Telemetry};

/// Starts logging for the process. Fails when something else has started it already.
pub fn start(config: &Telemetry) -> Result<(), TryInitError> {
    // The configuration has checked the filter.
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_default();
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => registry
            .with(lines.with_ansi(std::io::stderr().is_terminal()))
            .try_init(),
        LogFormat::Json => registry
            .with(
                lines
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false),
            )
            .try_init(),
    }
}
