#![doc = include_str!("../README.md")]

mod deliver;
mod error;
mod field;
mod header;
mod item;
mod json;
mod ledger;
mod orders;
mod products;
mod progress;
mod reader;
mod report;
mod send;
mod service;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use proto::transport::Transport;
use proto::v1::CommandContext;
use uuid::Uuid;

pub use deliver::{Delivered, deliver};
pub use error::Error;
pub use files::read::Input;
pub use ledger::Counts;
pub use reader::Format;
pub use service::{Orders, Products, Service};

use error::Stop;
use item::{Item, Position, beside};
use ledger::{Closed, Files, Ledger, Start};
use progress::Progress;
use reader::{Halt, Outlet};

/// What to import and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the rows come from.
    pub input: Input,
    /// Where rejected rows are listed. `None`: beside the input as `FILE.errors.csv`.
    pub errors: Option<PathBuf>,
    /// Where files go that would be beside the input, when it is standard input or its folder is
    /// read-only: the data folder.
    pub folder: PathBuf,
    /// Begin at the first row even if an earlier run of the same file was cut off.
    pub restart: bool,
    /// Who imports: `usr_...` or `system:import`.
    pub actor: String,
    /// Shared by all events of this import.
    pub correlation_id: Uuid,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Counts of each kind of row, by its plural: `products`, `orders`.
    pub counts: Vec<(&'static str, Counts)>,
    /// The list of rejected rows, if there are any.
    pub errors: Option<PathBuf>,
    /// Rows of the file, those of an earlier run included; rows of nothing are none.
    pub rows: u64,
    /// How long it took until everything was stored.
    pub stored: Duration,
    /// How long it took from then on until every read model showed it.
    pub following: Duration,
    /// How long it took in all.
    pub elapsed: Duration,
    /// True when an earlier run had done a part of the work; its counts are included.
    pub resumed: bool,
}

impl Summary {
    /// The exit code of the process: 0, or 2 when rows were rejected.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.counts.iter().any(|(_, counts)| counts.rejected > 0) {
            2
        } else {
            0
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, counts) in &self.counts {
            writeln!(
                f,
                "{name}: {} created, {} updated, {} unchanged, {} rejected",
                counts.created, counts.updated, counts.unchanged, counts.rejected
            )?;
            if counts.sent_again > 0 {
                writeln!(
                    f,
                    "{name}: {} of the unchanged were sent again because an answer was lost; this import may have made them itself",
                    counts.sent_again
                )?;
            }
        }
        let rows = self.rows;
        write!(f, "{rows} rows in {:.1} s", self.elapsed.as_secs_f64())?;
        if self.resumed {
            write!(f, ", with those of the run that was cut off")?;
        } else {
            write!(
                f,
                ", {} rows/s",
                u128::from(rows) * 1000 / self.elapsed.as_millis().max(1)
            )?;
        }
        write!(
            f,
            "\nstored after {:.1} s, shown by every read model {:.1} s later",
            self.stored.as_secs_f64(),
            self.following.as_secs_f64()
        )?;
        if let Some(path) = &self.errors {
            write!(f, "\nrejected rows are listed in {}", path.display())?;
        }
        Ok(())
    }
}

/// Imports products: each row creates the product of its SKU or brings it to what the row says.
pub async fn products(commands: Transport, format: Format, options: &Options) -> Result<Summary, Error> {
    let service = Products::new(commands, context(options));
    let read = move |input: &Input, at: Position, outlet: &Outlet<_>| reader::read_products(input, format, at, outlet);
    let kind = format!("products {format:?}");
    let closed = run(service, kind, options, read).await?;
    Ok(closed.into_summary("products"))
}

/// Imports orders and credits of another system as facts. `source` names that system; with it an external id
/// stands for the same order for ever.
pub async fn orders(commands: Transport, source: &str, format: Format, options: &Options) -> Result<Summary, Error> {
    let service = Orders::new(commands, context(options), source);
    let read = move |input: &Input, at: Position, outlet: &Outlet<_>| reader::read_orders(input, format, at, outlet);
    let kind = format!("orders {format:?} {source}");
    let closed = run(service, kind, options, read).await?;
    Ok(closed.into_summary("orders"))
}

fn context(options: &Options) -> CommandContext {
    CommandContext {
        actor: options.actor.clone(),
        request_id: format!("import-{}", options.correlation_id),
        correlation_id: options.correlation_id.to_string(),
        channel: "import".to_owned(),
        ..CommandContext::default()
    }
}

impl Closed {
    fn into_summary(self, name: &'static str) -> Summary {
        Summary {
            counts: vec![(name, self.counts)],
            rows: self.rows,
            errors: self.report,
            stored: self.elapsed,
            following: Duration::ZERO,
            elapsed: self.elapsed,
            resumed: self.resumed,
        }
    }
}

/// Reads and sends until the end, going on from an earlier run if there was one of this file.
async fn run<S, F>(service: S, kind: String, options: &Options, read: F) -> Result<Closed, Error>
where
    S: Service,
    F: Fn(&Input, Position, &Outlet<S::Row>) -> Result<(), Halt> + Clone + Send + 'static,
{
    let mut restart = options.restart;
    loop {
        let (files, length) = files(options, &kind)?;
        let saved = if restart { None } else { files.saved() };
        let begin = saved.map_or_else(Start::fresh, Start::from);
        let mut ledger = Ledger::open(files, begin, Progress::new(length))?;
        let at = ledger.position();
        let items = start(options.input.clone(), at, read.clone())?;
        match send::send(service.clone(), items, &mut ledger).await {
            Ok(()) => return ledger.close(),
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::ForeignProgress) => {
                tracing::info!("the progress file belongs to another store; beginning again");
                restart = true;
            }
        }
    }
}

fn start<R, F>(
    input: Input,
    at: Position,
    read: F,
) -> Result<tokio::sync::mpsc::Receiver<Result<Item<R>, Error>>, Error>
where
    R: Send + 'static,
    F: FnOnce(&Input, Position, &Outlet<R>) -> Result<(), Halt> + Send + 'static,
{
    reader::spawn(move |outlet: &Outlet<R>| read(&input, at, outlet))
}

/// The files of an import, and how many bytes its rows are, if that is known.
fn files(options: &Options, kind: &str) -> Result<(Files, Option<u64>), Error> {
    let identity = options
        .input
        .identity()
        .map_err(|source| Error::opening(&options.input, source))?;
    let base = match &options.input {
        Input::Stdin => options.folder.join("stdin"),
        Input::File(path) => match path.parent() {
            Some(folder) if !is_writable(folder) => options.folder.join(path.file_name().unwrap_or_default()),
            _ => path.clone(),
        },
    };
    let report = match &options.errors {
        Some(path) => path.clone(),
        None => beside(&base, ".errors.csv"),
    };
    let (length, fingerprint) = match identity {
        Some(identity) => (identity.plain.then_some(identity.length), Some(identity.fingerprint)),
        None => (None, None),
    };
    let files = Files {
        kind: kind.to_owned(),
        fingerprint,
        progress: beside(&base, ".tillroll-progress"),
        report,
    };
    Ok((files, length))
}

/// Whether files can be made in a folder. Asked by making one, because permission bits do not tell of a
/// file system that is mounted read-only.
fn is_writable(folder: &std::path::Path) -> bool {
    let folder = if folder.as_os_str().is_empty() {
        std::path::Path::new(".")
    } else {
        folder
    };
    let probe = folder.join(format!(".tillroll-probe-{}", std::process::id()));
    let made = std::fs::File::create_new(&probe).is_ok();
    made && std::fs::remove_file(&probe).is_ok()
}

#[cfg(test)]
mod tests;
