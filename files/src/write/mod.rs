//! Tables into files: CSV, JSON Lines, XLSX, PDF.

mod csv;
mod jsonl;
mod money;
mod pdf;
mod xlsx;

use std::io::Write;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, FixedOffset, SecondsFormat};

pub use money::{grouped, in_words, percent};

/// What a file says above and beside its rows.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Whose numbers they are; empty: not said.
    pub shop: String,
    /// What it is about.
    pub title: String,
    /// In words, with the time zone.
    pub period: String,
    /// What else must be known to read the numbers, a line each.
    pub notes: Vec<String>,
    /// What each cell of a row says.
    pub columns: Vec<Column>,
    /// The numbers that matter most.
    pub figures: Vec<Figure>,
    /// A picture of the rows, if it helps; pages alone have it.
    pub chart: Option<Chart>,
}

/// A number in large type.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it counts.
    pub title: String,
    /// The number in words.
    pub value: String,
    /// How it has changed; empty: nothing is compared.
    pub change: String,
}

/// A picture of the rows.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Currency of the values.
    pub currency: String,
    /// Whether the points follow each other in time; otherwise they are ranked.
    pub over_time: bool,
    /// From left to right, or from the top.
    pub points: Vec<Point>,
}

/// A value of a chart.
#[derive(Clone, Debug)]
pub struct Point {
    /// What stands beside it.
    pub label: String,
    /// Minor units.
    pub value: i64,
    /// What it is compared with, in minor units.
    pub previous: Option<i64>,
}

/// What a cell of each row says.
#[derive(Clone, Debug)]
pub struct Column {
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// How its cells are written.
    pub kind: Kind,
    /// Whether a page has it.
    pub paper: Paper,
}

/// Whether a page has the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// It has not.
    No,
    /// It has.
    Yes,
    /// If any row has something else than zero in it.
    Said,
}

/// How the cells of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it stands.
    Text,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// A moment.
    Time,
    /// A whole number.
    Number,
    /// Minor units of the row's currency.
    Money,
    /// Hundredths of a percent.
    Points,
    /// Yes or no.
    Flag,
}

/// What stands in a row under a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text.
    Text(String),
    /// A number; its column says of what.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A moment on the clocks of a zone.
    Time(DateTime<FixedOffset>),
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Of its amounts.
    pub currency: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header line.
    Csv,
    /// A JSON document a line.
    Jsonl,
    /// A sheet of a spreadsheet.
    Xlsx,
    /// Pages.
    Pdf,
}

impl Format {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }

    /// What the name of such a file ends in, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// Most rows that such a file can have, or that anybody would want to turn over.
    #[must_use]
    pub fn max_rows(self) -> usize {
        match self {
            Self::Csv | Self::Jsonl => usize::MAX,
            Self::Xlsx => 1_048_000,
            Self::Pdf => 20_000,
        }
    }
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The reader is gone, or the disk is full.
    #[error("the file could not be written: {0}")]
    Io(#[from] std::io::Error),
    /// The sheet's library refuses something.
    #[error("the sheet could not be made: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// The page's library refuses something.
    #[error("the page could not be made: {0}")]
    Pdf(String),
}

/// A moment as programs read it.
fn rfc3339(time: &DateTime<FixedOffset>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Writes a file row by row.
pub trait Renderer {
    /// Adds a row.
    fn row(&mut self, row: Row) -> Result<(), RenderError>;

    /// Ends the file. Totals are shown where people read; programs add up themselves.
    fn finish(self: Box<Self>, totals: Vec<Row>) -> Result<(), RenderError>;
}

/// Begins a file. `written` counts the rows of pages; the other forms write a row when they are given it.
pub fn begin<'w>(
    format: Format,
    document: Document,
    output: impl Write + Send + 'w,
    written: &'w AtomicU64,
) -> Result<Box<dyn Renderer + 'w>, RenderError> {
    Ok(match format {
        Format::Csv => Box::new(csv::Csv::begin(&document, output)?),
        Format::Jsonl => Box::new(jsonl::Jsonl::new(&document, output)),
        Format::Xlsx => Box::new(xlsx::Xlsx::begin(&document, output)?),
        Format::Pdf => Box::new(pdf::Pdf::new(document, output, written)),
    })
}
