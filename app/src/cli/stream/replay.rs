//! `tillroll stream replay`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::{End, print};
use crate::stream::{Step, replay};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The file; `-` is standard input
    file: PathBuf,
    /// Print the state after every event, not only the last one
    #[arg(long)]
    every: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<End> {
    let name = arguments.file.display();
    let mut show = |step: &Step| print::line(step);
    let each = arguments.every.then_some(&mut show as &mut dyn FnMut(&Step));
    let replayed = if arguments.file.as_os_str() == "-" {
        replay(std::io::stdin().lock(), each)
    } else {
        let file = File::open(&arguments.file).with_context(|| format!("{name} cannot be read"))?;
        replay(BufReader::new(file), each)
    };
    let replayed = replayed.with_context(|| format!("{name} cannot be replayed"))?;
    if !arguments.every {
        print::line(replayed);
    }
    Ok(End::Success)
}
