//! `tillroll audit verify`.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use eventstore::sealing::{Report, VerifyOptions, verify};
use indicatif::{ProgressBar, ProgressStyle};
use seal::SignedCheckpoint;

use super::super::session::{Work, with_database};
use super::super::{End, print};
use super::Trust;
use crate::config::Config;
use crate::{compose, seal_key};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    trust: Trust,
    /// File of signed checkpoints kept outside of the database, as `tillroll audit checkpoints export` writes them; can be repeated
    #[arg(long, value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Trust everything up to this checkpoint, and verify only what came after it
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    from_checkpoint: Option<u64>,
    /// Number of lanes read at the same time [default: one for each core]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    workers: Option<u8>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    let mut exported: Vec<SignedCheckpoint> = Vec::new();
    for path in &arguments.checkpoints {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let read = SignedCheckpoint::parse_all(&text).with_context(|| path.display().to_string())?;
        anyhow::ensure!(!read.is_empty(), "there is no checkpoint in {}", path.display());
        exported.extend(read);
    }
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let options = VerifyOptions {
        keys: arguments.trust.keys(config)?,
        exported,
        // Before the database is looked at: it is never ahead of it.
        remembered: seal_key::witness(config).newest()?,
        from_checkpoint: arguments.from_checkpoint,
        workers: arguments.workers.map_or(cores, usize::from),
    };
    let report = with_database(config, async |work| run_on(&work, &options).await).await?;
    if arguments.json {
        print::line(serde_json::to_string_pretty(&report)?);
    } else {
        tell(&report);
    }
    Ok(if report.intact { End::Success } else { End::Wrong })
}

async fn run_on(work: &Work, options: &VerifyOptions) -> anyhow::Result<Report> {
    let connections = u32::try_from(options.workers).unwrap_or(64) + 2;
    let pool = work.database.pool("audit verify", connections, None);
    let bar = bar();
    let shown = bar.clone();
    let verifying = verify(&pool, options, move |done, total| {
        shown.set_length(total);
        shown.set_position(done);
    });
    let result = tokio::select! {
        result = verifying => result.map_err(anyhow::Error::from),
        () = work.stop.cancelled() => Err(anyhow::anyhow!("interrupted")),
    };
    bar.finish_and_clear();
    compose::close_pool(&pool).await;
    result
}

fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "verify [{bar:40}] {human_pos}/{human_len} events {per_sec:0} ETA {eta}";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    ProgressBar::new(0).with_style(style)
}

fn tell(report: &Report) {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = report.events as f64 / report.seconds.max(0.001);
    print::line(format_args!(
        "{} events read in {:.1} s ({rate:.0}/s), {} checkpoints, {} of them brought along",
        report.events, report.seconds, report.checkpoints, report.exported_checkpoints
    ));
    if report.keys_from_database {
        print::line(
            "NOTE: no key is here but the database's own, which proves nothing against its owner; bring one with --public-key",
        );
    } else {
        print::line(format_args!("trusted keys: {}", report.keys.join(", ")));
    }
    for finding in &report.findings {
        print::line(finding);
    }
    if report.not_sealed > 0 {
        print::line(format_args!(
            "{} not sealed yet; only their order was checked",
            count(report.not_sealed, "event is", "events are")
        ));
    }
    match (report.intact, report.newest_checkpoint, report.from_checkpoint) {
        (true, Some(number), Some(from)) => print::line(format_args!(
            "INTACT: the {} events after checkpoint {from} up to checkpoint {number} are what was sealed; nothing older was looked at",
            report.events.saturating_sub(report.not_sealed)
        )),
        (true, Some(number), None) => print::line(format_args!(
            "INTACT: the {} events up to checkpoint {number} are what was sealed",
            report.sealed
        )),
        (true, None, _) if report.not_sealed > 0 => print::line(
            "NOT SEALED YET: nothing of the log is sealed, so there is nothing to compare it with; a running worker makes the first checkpoint within seconds, \
             `tillroll audit seal` at once",
        ),
        (true, None, _) => print::line("INTACT: the log is empty"),
        (false, ..) => {
            let findings = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
            print::line(format_args!("BROKEN: {}", count(findings, "finding", "findings")));
        }
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
