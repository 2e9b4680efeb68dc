//! `tillroll stream`.

mod adopt;
mod export;
mod replay;
mod skip;

use clap::Subcommand;

use super::End;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take the streams of a postgres-es table in this database into the log, in order, each event once
    Adopt(adopt::Arguments),
    /// Write one stream to a file of JSON Lines: a header, and the events with every column
    Export(export::Arguments),
    /// Fold an exported file into the state of the aggregate, without a database; prints the state and its hash
    Replay(replay::Arguments),
    /// Take the first unreadable event out of its stream, for good, so that the stream accepts writes again
    Skip(skip::Arguments),
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    match command {
        Command::Adopt(arguments) => adopt::run(config, &arguments).await,
        Command::Export(arguments) => export::run(config, &arguments).await,
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Skip(arguments) => skip::run(config, &arguments).await,
    }
}
