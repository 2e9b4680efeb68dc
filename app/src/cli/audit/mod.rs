//! `tillroll audit`.

mod check;
mod checkpoints;
mod key;
mod prove;
mod rebuild;
mod seal;
mod verify;

use std::path::PathBuf;

use ::seal::PublicKey;
use anyhow::Context as _;
use clap::Subcommand;

use super::End;
use crate::config::Config;
use crate::seal_key;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Recompute everything from the events and compare it with what was signed; exits with 3 if something is wrong
    Verify(verify::Arguments),
    /// Work with the signed checkpoints
    #[command(subcommand)]
    Checkpoints(checkpoints::Command),
    /// Write a proof that others can check
    #[command(subcommand)]
    Prove(prove::Command),
    /// Check a proof file; needs no database
    CheckProof(check::Arguments),
    /// Print the public key that checkpoints are signed with; makes the key if there is none yet
    Key,
    /// Seal now everything that is not sealed yet
    Seal(seal::Arguments),
    /// Rebuild stored hashes that are lost or wrong, from events that are right
    RebuildTiles(Trust),
}

/// Which keys are trusted.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Trust {
    /// Public key that must have signed the checkpoints, as `tillroll audit key` prints it, or a file with it; can be repeated
    /// [default: the key of this configuration]
    #[arg(long = "public-key", value_name = "KEY|FILE", value_parser = public_key)]
    public_keys: Vec<PublicKey>,
}

impl Trust {
    /// The trusted keys; none when there is no key here either.
    fn keys(&self, config: &Config) -> anyhow::Result<Vec<PublicKey>> {
        if !self.public_keys.is_empty() {
            return Ok(self.public_keys.clone());
        }
        Ok(seal_key::find(config)?.iter().map(::seal::SigningKey::public).collect())
    }
}

fn public_key(text: &str) -> Result<PublicKey, String> {
    let read = match std::fs::read_to_string(text) {
        Ok(content) => content.parse(),
        Err(error) => match text.parse() {
            Err(_) if std::path::Path::new(text).extension().is_some() => {
                return Err(format!("cannot read it: {error}"));
            }
            parsed => parsed,
        },
    };
    read.map_err(|error: ::seal::KeyError| error.to_string())
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    match command {
        Command::Verify(arguments) => verify::run(config, &arguments).await,
        Command::Checkpoints(command) => checkpoints::run(config, command).await,
        Command::Prove(command) => prove::run(config, command).await,
        Command::CheckProof(arguments) => check::run(config, &arguments),
        Command::Key => key::run(config),
        Command::Seal(arguments) => seal::run(config, &arguments).await,
        Command::RebuildTiles(trust) => rebuild::run(config, &trust).await,
    }
}

/// Writes to a file, or without one to standard output.
fn write(out: Option<&PathBuf>, text: &str) -> anyhow::Result<()> {
    if let Some(path) = out {
        return std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()));
    }
    super::print::line(text.trim_end());
    Ok(())
}
