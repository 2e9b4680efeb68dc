//! `tillroll stream`.

mod export;
mod replay;

use clap::Subcommand;

use super::End;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write one stream to a file: JSON Lines, a header and the events with every column
    Export(export::Arguments),
    /// Fold a file that was exported into the aggregate's state, without a database; prints the state and its hash
    Replay(replay::Arguments),
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    match command {
        Command::Export(arguments) => export::run(config, &arguments).await,
        Command::Replay(arguments) => replay::run(&arguments),
    }
}
