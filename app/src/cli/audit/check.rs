//! `tillroll audit check-proof`.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::SecondsFormat;
use seal::{Proven, SignedCheckpoint};

use super::super::{End, print};
use super::Trust;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The file of the proof
    file: PathBuf,
    #[command(flatten)]
    trust: Trust,
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    let keys = arguments.trust.keys(config)?;
    anyhow::ensure!(
        !keys.is_empty(),
        "there is no key here; say with --public-key whose signature is trusted"
    );
    let shown = arguments.file.display();
    let text = std::fs::read_to_string(&arguments.file).with_context(|| format!("cannot read {shown}"))?;
    match Proven::check(&text, &keys) {
        Ok(Proven::Inclusion(proof)) => {
            let event = &proof.event;
            let note: SignedCheckpoint = proof.checkpoint.parse()?;
            print::line(format_args!(
                "PROVEN: event {} ({}, {}/{} {}), recorded at {}, stands at lane {} position {} of the log {} under checkpoint {} of {}",
                event.event_id,
                event.event_type,
                event.aggregate_type,
                event.aggregate_id,
                event.sequence,
                event.recorded_at,
                event.lane,
                event.position,
                note.checkpoint.log,
                note.checkpoint.number,
                note.checkpoint.time.to_rfc3339_opts(SecondsFormat::Micros, true),
            ));
            Ok(End::Success)
        }
        Ok(Proven::Consistency(proof)) => {
            let (from, to): (SignedCheckpoint, SignedCheckpoint) = (proof.from.parse()?, proof.to.parse()?);
            print::line(format_args!(
                "PROVEN: checkpoint {} of the log {} goes on from checkpoint {}: its {} events are unchanged among {}",
                to.checkpoint.number,
                to.checkpoint.log,
                from.checkpoint.number,
                from.checkpoint.events(),
                to.checkpoint.events(),
            ));
            Ok(End::Success)
        }
        Err(error) => {
            print::line(format_args!("NOT PROVEN: {error}"));
            Ok(End::Wrong)
        }
    }
}
