//! `tillroll doctor`: everything that a start needs and a running system should have, each with what to do about it.

mod books;
mod database;
mod machine;
mod search;

use std::fmt::{self, Display, Formatter};

use super::{End, print};
use crate::config::{Config, Role};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Check the books: whether every order holds the stock that it should, by the whole log, and whether read models are what their events say
    #[arg(long)]
    books: bool,
    /// Number of rows of each read model to compare with their events
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "books")]
    rows: u64,
    /// Repair the stock that orders hold, by new events, as far as there is stock
    #[arg(long, requires = "books", requires = "reason")]
    repair: bool,
    /// The reason, kept with the events and in the audit
    #[arg(long, requires = "repair")]
    reason: Option<String>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// Works, but somebody should look.
    Warning,
    /// Does not work, or not safely.
    Failure,
}

impl Display for Verdict {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Verdict::Fine => "ok",
            Verdict::Warning => "warn",
            Verdict::Failure => "fail",
        })
    }
}

/// Prints each finding at once, since later ones may take their time.
#[derive(Debug, Default)]
struct Report {
    failures: usize,
    warnings: usize,
}

impl Report {
    fn fine(&mut self, subject: &str, finding: impl Display) {
        self.add(Verdict::Fine, subject, finding);
    }

    fn warn(&mut self, subject: &str, finding: impl Display) {
        self.add(Verdict::Warning, subject, finding);
    }

    fn fail(&mut self, subject: &str, finding: impl Display) {
        self.add(Verdict::Failure, subject, finding);
    }

    fn add(&mut self, verdict: Verdict, subject: &str, finding: impl Display) {
        match verdict {
            Verdict::Fine => {}
            Verdict::Warning => self.warnings += 1,
            Verdict::Failure => self.failures += 1,
        }
        print::line(format_args!("{verdict:4}  {subject:<20}  {finding}"));
    }
}

/// An error with what caused it, on one line.
fn chain(error: impl Into<anyhow::Error>) -> String {
    eventstore::chain(error.into().as_ref())
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    if arguments.books {
        return books::run(config, arguments).await;
    }
    let mut report = Report::default();
    machine::check(config, &mut report).await;
    if [Role::Query, Role::Projector]
        .iter()
        .any(|role| config.roles.has(*role))
    {
        search::engine(config, &mut report).await;
    }
    database::check(config, &mut report).await;
    match (report.failures, report.warnings) {
        (0, 0) => print::line("all is well"),
        (failures, warnings) => print::line(format_args!("{failures} failed, {warnings} to look at")),
    }
    Ok(if report.failures == 0 {
        End::Success
    } else {
        End::Failure
    })
}
