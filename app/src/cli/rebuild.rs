//! `tillroll rebuild`.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use eventstore::Store;
use indicatif::{ProgressBar, ProgressStyle};
use projections::{Error, Phase, Progress, Rebuilt};
use tokio::time::{Instant, sleep};

use super::session::{Work, with_database};
use super::{End, print, rebuild_search};
use crate::config::Config;
use crate::{compose, world};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the read model, as in `tillroll projections`, or `search` for the search indexes
    #[arg(value_parser = names())]
    name: String,
    /// Switch even if the rebuilt tables differ from those that serve
    #[arg(long)]
    force: bool,
    /// Number of lanes copied at the same time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    workers: u8,
}

/// What can be rebuilt.
fn names() -> PossibleValuesParser {
    projections::all()
        .iter()
        .map(|projection| projection.name())
        .chain([rebuild_search::NAME])
        .into()
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    if arguments.name == rebuild_search::NAME {
        return rebuild_search::run(config).await;
    }
    let rebuilt = match with_database(config, async |work| rebuild(&work, arguments).await).await {
        Ok(rebuilt) => rebuilt,
        Err(error) => {
            if let Some(Error::Differs { differences, .. }) = error.downcast_ref() {
                for difference in differences {
                    eprintln!("{difference:?}");
                }
            }
            return Err(error);
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = rebuilt.events as f64 / rebuilt.seconds.max(0.001);
    let verified = match (rebuilt.verified, rebuilt.differences.is_empty()) {
        (true, true) => "equal to the one that served",
        (true, false) => "in place of the one that served, which differed",
        (false, _) => "not compared, since its code has changed",
    };
    print::line(format_args!(
        "{} is rebuilt as version {}: {} events in {:.1} s ({rate:.0}/s), {verified}",
        arguments.name, rebuilt.version, rebuilt.events, rebuilt.seconds
    ));
    if rebuilt.parked > 0 {
        print::line(format_args!(
            "{} events are parked in it: tillroll projections parked",
            rebuilt.parked
        ));
    }
    for difference in &rebuilt.differences {
        print::line(format_args!("{difference:?}"));
    }
    Ok(End::Success)
}

async fn rebuild(work: &Work, arguments: &Arguments) -> anyhow::Result<Rebuilt> {
    let workers = usize::from(arguments.workers);
    let pool = work
        .database
        .pool("rebuild", u32::from(arguments.workers) * 2 + 3, None);
    let store = Store::open(pool.clone(), eventstore::Config::new(world::ids())).await?;
    let options = projections::Options {
        force: arguments.force,
        workers,
    };
    let log = store.log();
    let mut display = Display::new();
    let rebuilding = async {
        let patience = Instant::now() + projections::REBUILD_LEASE;
        let mut reported = false;
        loop {
            match projections::rebuild(&pool, &log, &arguments.name, options, |progress| display.show(progress)).await {
                Err(Error::Building { .. }) if Instant::now() < patience => {
                    if !reported {
                        let seconds = projections::REBUILD_LEASE.as_secs();
                        eprintln!(
                            "another rebuild is at work, or was killed less than {seconds} s ago: waiting as long to see which"
                        );
                    }
                    reported = true;
                    sleep(Duration::from_millis(500)).await;
                }
                done => break done,
            }
        }
    };
    let result = tokio::select! {
        result = rebuilding => result.map_err(anyhow::Error::from),
        () = work.stop.cancelled() => Err(anyhow::anyhow!("interrupted; the same command goes on where it was")),
    };
    display.end();
    store.close().await;
    compose::close_pool(&pool).await;
    result
}

/// A bar on a terminal, else a line for each phase.
struct Display {
    bar: ProgressBar,
    phase: Option<Phase>,
    terminal: bool,
}

impl Display {
    fn new() -> Display {
        let terminal = std::io::stderr().is_terminal();
        Display {
            bar: ProgressBar::hidden(),
            phase: None,
            terminal,
        }
    }

    fn show(&mut self, progress: Progress) {
        if self.phase != Some(progress.phase) {
            self.begin(progress.phase);
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
    }

    fn begin(&mut self, phase: Phase) {
        self.end();
        self.phase = Some(phase);
        let (name, unit) = match phase {
            Phase::Copy => ("fold history", "events"),
            Phase::Index => ("make indexes", "indexes"),
            Phase::CatchUp => ("catch up", "events"),
            Phase::Verify => ("verify", "tables"),
            Phase::Switch => ("switch", "steps"),
        };
        if !self.terminal {
            eprintln!("{name}");
            return;
        }
        let template = format!("{name:<12} [{{bar:40}}] {{human_pos}}/{{human_len}} {unit} {{per_sec:0}} ETA {{eta}}");
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        self.bar = ProgressBar::new(0).with_style(style);
    }

    fn end(&mut self) {
        self.bar.abandon();
        self.bar = ProgressBar::hidden();
    }
}
