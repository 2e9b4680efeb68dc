//! The thread that reads the input and hands its rows over, never more than a few ahead of the sender.

use std::io::Read;

use files::read::{Input, Record, Records, Window};
use proto::v1::{ImportOrderRow, ImportProductRow};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::error::{Error, FieldError, RowError};
use super::header::Header;
use super::item::{Item, Origin, Position, Ready};
use super::json::Lines;
use super::{orders, products};

/// How the rows are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header; UTF-8.
    Csv,
    /// One JSON document a line; UTF-8.
    Jsonl,
}

/// Rows that are read ahead.
const AHEAD: usize = 32;

/// Runs `read` on a thread of its own: reading blocks, and standard input may block for ever, which no
/// runtime should have to wait for.
pub(crate) fn spawn<R, F>(read: F) -> Result<Receiver<Result<Item<R>, Error>>, Error>
where
    R: Send + 'static,
    F: FnOnce(&Outlet<R>) -> Result<(), Halt> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(AHEAD);
    let outlet = Outlet(sender);
    std::thread::Builder::new()
        .name("import-reader".to_owned())
        .spawn(move || {
            if let Err(Halt::Failed(error)) = read(&outlet) {
                // Nobody listens any more only when the import has failed for another reason.
                let _ = outlet.0.blocking_send(Err(error));
            }
        })
        .map_err(Error::Read)?;
    Ok(receiver)
}

/// Why reading ended before its time.
pub(crate) enum Halt {
    Failed(Error),
    /// The import ended first.
    Unwanted,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<std::io::Error> for Halt {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(Error::Read(error))
    }
}

/// Where rows go.
pub(crate) struct Outlet<R>(Sender<Result<Item<R>, Error>>);

impl<R> Outlet<R> {
    /// Hands a row over; waits while the sender is behind.
    pub(crate) fn put(&self, item: Item<R>) -> Result<(), Halt> {
        self.0.blocking_send(Ok(item)).map_err(|_| Halt::Unwanted)
    }
}

fn open(input: &Input, offset: u64, line: u64) -> Result<Window<Box<dyn Read + Send>>, Error> {
    let bytes = input.open_at(offset).map_err(|source| Error::opening(input, source))?;
    Ok(Window::new(bytes, offset, line))
}

/// Opens CSV at a position, reading the header first, which is always at the beginning.
fn open_csv(
    input: &Input,
    at: Position,
    required: &[&str],
    optional: &[&str],
    prefix: Option<&str>,
) -> Result<(Header, Records<Box<dyn Read + Send>>), Halt> {
    let mut records = Records::begin(open(input, 0, 1)?)?;
    let mut record = Record::default();
    if !records.read(&mut record)? {
        return Err(Error::Header("the input is empty; its first line names the columns".to_owned()).into());
    }
    let header = Header::read(&record, required, optional, prefix)?;
    if at.offset > record.end {
        records = records.at(open(input, at.offset, at.line)?);
    }
    Ok((header, records))
}

fn open_lines(input: &Input, at: Position) -> Result<Lines<Box<dyn Read + Send>>, Halt> {
    let mut window = open(input, at.offset, at.line)?;
    window.begin()?;
    Ok(Lines::new(window))
}

/// Reads products.
pub(crate) fn read_products(
    input: &Input,
    format: Format,
    at: Position,
    outlet: &Outlet<ImportProductRow>,
) -> Result<(), Halt> {
    match format {
        Format::Csv => {
            let prefix = Some(products::ATTRIBUTE_PREFIX);
            let (header, mut records) = open_csv(input, at, products::REQUIRED, products::OPTIONAL, prefix)?;
            let mut record = Record::default();
            while records.read(&mut record)? {
                let row = header
                    .check(&record)
                    .and_then(|()| products::from_csv(&header, &record));
                let key = || header.key(&record, "sku").unwrap_or_default();
                let size = usize::try_from(record.end - record.start).unwrap_or(usize::MAX);
                outlet.put(Item {
                    row: ready(row, |row| row.sku.clone(), key, Origin::Columns(record.line), size),
                    offset: record.end,
                    line: record.next_line,
                    rows: 1,
                })?;
            }
        }
        Format::Jsonl => {
            let mut lines = open_lines(input, at)?;
            while let Some(line) = lines.read()? {
                let key = match &line.document {
                    Ok(document) => products::key_of(document),
                    Err(_) => String::new(),
                };
                let size = usize::try_from(line.end - line.start).unwrap_or(usize::MAX);
                let row = line.document.and_then(products::from_json);
                outlet.put(Item {
                    row: ready(row, |row| row.sku.clone(), || key, Origin::Line(line.number), size),
                    offset: line.end,
                    line: line.number + 1,
                    rows: 1,
                })?;
            }
        }
    }
    Ok(())
}

/// Reads orders and credits.
pub(crate) fn read_orders(
    input: &Input,
    format: Format,
    at: Position,
    outlet: &Outlet<ImportOrderRow>,
) -> Result<(), Halt> {
    match format {
        Format::Csv => {
            let (header, mut records) = open_csv(input, at, orders::REQUIRED, orders::OPTIONAL, None)?;
            let mut assembler = orders::Assembler::new(header);
            let mut record = Record::default();
            let mut complete = Vec::new();
            while records.read(&mut record)? {
                assembler.push(&record, &mut complete);
                for item in complete.drain(..) {
                    outlet.put(item)?;
                }
            }
            assembler.finish(&mut complete);
            for item in complete {
                outlet.put(item)?;
            }
        }
        Format::Jsonl => {
            let mut lines = open_lines(input, at)?;
            while let Some(line) = lines.read()? {
                let key = match &line.document {
                    Ok(document) => orders::key_of(document),
                    Err(_) => String::new(),
                };
                let size = usize::try_from(line.end - line.start).unwrap_or(usize::MAX);
                let row = line.document.and_then(orders::from_json);
                let mut row = ready(
                    row,
                    |row: &ImportOrderRow| row.external_id.clone(),
                    || key,
                    Origin::Line(line.number),
                    size,
                );
                if let Ok(ready) = &mut row {
                    ready.needs = orders::credited(&ready.row);
                }
                outlet.put(Item {
                    row,
                    offset: line.end,
                    line: line.number + 1,
                    rows: 1,
                })?;
            }
        }
    }
    Ok(())
}

fn ready<R>(
    row: Result<R, FieldError>,
    key: impl FnOnce(&R) -> String,
    key_of_bad: impl FnOnce() -> String,
    origin: Origin,
    size: usize,
) -> Result<Ready<R>, Vec<RowError>> {
    match row {
        Ok(row) => Ok(Ready {
            key: key(&row),
            row,
            needs: Vec::new(),
            origin,
            size,
        }),
        Err(error) => Err(vec![error.at(origin.line(), &key_of_bad())]),
    }
}
