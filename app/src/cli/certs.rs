//! `tillroll certs`.

use std::path::PathBuf;

use super::{End, print};
use crate::certs;
use crate::config::Config;
use crate::world::World;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make an authority, a certificate of each role and the keys of statements about callers; for development, good for a year
    Dev(Dev),
}

#[derive(Debug, clap::Args)]
pub(super) struct Dev {
    /// Folder to make; if it is there, nothing is changed [default: certs in the data folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Name of a machine that the certificates are good for, besides localhost and the name of the role; may be repeated
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

pub(super) fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    let Command::Dev(Dev { folder, hosts }) = command;
    let folder = folder.unwrap_or_else(|| config.data.dir.join("certs"));
    let shown = folder.display();
    if certs::make(&folder, &hosts, (World::default().clock)())? {
        print::line(format_args!(
            "{shown} has an authority, certificates and keys, for development"
        ));
    } else {
        print::line(format_args!("{shown} is there already; remove it to make new ones"));
    }
    Ok(End::Success)
}
