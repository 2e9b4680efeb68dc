//! What has been acknowledged: counts, the list of rejected rows, and the file from which an interrupted
//! import is taken up.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::error::{Error, RowError, Stop};
use super::item::{Position, beside};
use super::progress::Progress;
use super::report::Report;

const VERSION: u32 = 2;
/// How often the progress file is written at most.
const SAVE_EVERY: Duration = Duration::from_millis(200);

/// How many rows (products or orders) ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New ones.
    pub created: u64,
    /// Existing ones that the row changed.
    pub updated: u64,
    /// Existing ones that are as the row says.
    pub unchanged: u64,
    /// Those of the unchanged that were sent again because an answer was lost: the import may have made them itself.
    #[serde(default)]
    pub sent_again: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

impl Counts {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.created + self.updated + self.unchanged + self.rejected
    }
}

/// What became of one row.
pub(crate) enum Fate {
    Created,
    Updated,
    Unchanged {
        /// It was sent before, without an answer.
        again: bool,
    },
    Rejected(Vec<RowError>),
}

/// The progress file: enough to go on behind the last acknowledged batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    version: u32,
    kind: String,
    fingerprint: String,
    /// Where to go on: the beginning of the last acknowledged batch. Sending it again shows whether the
    /// store is the one that the file speaks of.
    from: Position,
    /// The end of the last acknowledged batch.
    until: Position,
    /// Counts and length of the list of rejected rows at `from`.
    counts: Counts,
    report_length: u64,
    /// Rows rejected up to `until`.
    rejected: u64,
}

/// Where an import begins.
pub(crate) struct Start {
    from: Position,
    known_until: Position,
    known_rejected: u64,
    counts: Counts,
    report_length: u64,
    resumed: bool,
}

impl Start {
    /// At the first row.
    pub(crate) fn fresh() -> Self {
        let from = Position {
            line: 1,
            ..Position::default()
        };
        Self {
            from,
            known_until: from,
            known_rejected: 0,
            counts: Counts::default(),
            report_length: 0,
            resumed: false,
        }
    }
}

impl From<Saved> for Start {
    fn from(saved: Saved) -> Self {
        Self {
            from: saved.from,
            known_until: saved.until,
            known_rejected: saved.rejected,
            counts: saved.counts,
            report_length: saved.report_length,
            resumed: true,
        }
    }
}

/// Where the ledger keeps its files and what it is about.
pub(crate) struct Files {
    pub(crate) kind: String,
    /// `None`: the input cannot be read twice, so nothing is kept for a second try.
    pub(crate) fingerprint: Option<String>,
    pub(crate) progress: PathBuf,
    pub(crate) report: PathBuf,
}

impl Files {
    /// What an interrupted import of the same file left behind.
    pub(crate) fn saved(&self) -> Option<Saved> {
        let text = fs::read_to_string(&self.progress).ok()?;
        let saved: Saved = serde_json::from_str(&text).ok()?;
        let same = saved.version == VERSION
            && saved.kind == self.kind
            && Some(&saved.fingerprint) == self.fingerprint.as_ref();
        same.then_some(saved)
    }
}

/// The books of one import.
pub(crate) struct Ledger {
    files: Files,
    report: Report,
    counts: Counts,
    position: Position,
    start: Start,
    saved_at: Option<Instant>,
    progress: Progress,
    started: Instant,
}

impl Ledger {
    /// Opens the books.
    pub(crate) fn open(files: Files, start: Start, progress: Progress) -> Result<Self, Error> {
        let report = Report::open(files.report.clone(), start.report_length)?;
        progress.show(&start.from);
        progress.bar.reset_eta();
        Ok(Self {
            files,
            report,
            counts: start.counts,
            position: start.from,
            start,
            saved_at: None,
            progress,
            started: Instant::now(),
        })
    }

    /// Where reading begins.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Enters a batch that was acknowledged as a whole and ends at `end`.
    pub(crate) fn enter(&mut self, fates: Vec<Fate>, end: Position) -> Result<(), Stop> {
        let before = (self.position, self.counts, self.report.length());
        for fate in fates {
            let known = self.position.items < self.start.known_until.items;
            if known && matches!(fate, Fate::Created) {
                // This row was acknowledged before, so it would be there if the store were the same.
                return Err(Stop::ForeignProgress);
            }
            match fate {
                Fate::Created => self.counts.created += 1,
                Fate::Updated => self.counts.updated += 1,
                Fate::Unchanged { again } => {
                    self.counts.unchanged += 1;
                    self.counts.sent_again += u64::from(again);
                }
                Fate::Rejected(errors) => {
                    self.counts.rejected += 1;
                    for error in &errors {
                        self.report.add(error)?;
                    }
                }
            }
            self.position.items += 1;
            if known && self.counts.rejected > self.start.known_rejected {
                return Err(Stop::ForeignProgress);
            }
        }
        self.position = end;
        self.show();
        self.save(before)?;
        Ok(())
    }

    /// Closes the books after the last row.
    pub(crate) fn close(mut self) -> Result<Closed, Error> {
        self.report.flush()?;
        if self.files.fingerprint.is_some() {
            remove(&self.files.progress)?;
        }
        self.progress.bar.finish_and_clear();
        Ok(Closed {
            counts: self.counts,
            rows: self.position.rows,
            resumed: self.start.resumed,
            report: self.report.path().map(Path::to_owned),
            elapsed: self.started.elapsed(),
        })
    }

    fn show(&self) {
        self.progress.show(&self.position);
        let seconds = self.started.elapsed().as_secs().max(1);
        let rows = self.position.rows;
        let sent = rows - self.start.from.rows;
        self.progress
            .bar
            .set_message(format!("{rows} rows, {} rows/s", sent / seconds));
    }

    fn save(&mut self, (from, counts, report_length): (Position, Counts, u64)) -> Result<(), Error> {
        let Some(fingerprint) = &self.files.fingerprint else {
            return Ok(());
        };
        if self.saved_at.is_some_and(|saved_at| saved_at.elapsed() < SAVE_EVERY) {
            return Ok(());
        }
        self.report.flush()?;
        let saved = Saved {
            version: VERSION,
            kind: self.files.kind.clone(),
            fingerprint: fingerprint.clone(),
            from,
            until: self.position,
            counts,
            report_length,
            rejected: self.counts.rejected,
        };
        let path = &self.files.progress;
        let error = |source| Error::Write {
            path: path.clone(),
            source,
        };
        let text = serde_json::to_vec(&saved).map_err(|problem| error(problem.into()))?;
        let draft = beside(path, ".new");
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, path))
            .map_err(error)?;
        self.saved_at = Some(Instant::now());
        Ok(())
    }
}

/// The result of an import.
pub(crate) struct Closed {
    pub(crate) counts: Counts,
    pub(crate) rows: u64,
    pub(crate) resumed: bool,
    pub(crate) report: Option<PathBuf>,
    pub(crate) elapsed: Duration,
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::Write {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}
