//! Tables as files: CSV, JSON Lines, XLSX, PDF.

mod csv;
mod jsonl;
mod money;
mod pdf;
mod xlsx;

use std::io::Write;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, FixedOffset, SecondsFormat};

pub(crate) use money::{grouped, in_words, percent};

/// What a file says above and beside its rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    /// Whose numbers they are; empty: not said.
    pub(crate) shop: String,
    pub(crate) title: String,
    /// In words, with the time zone.
    pub(crate) period: String,
    /// What else must be known to read the numbers, a line each.
    pub(crate) notes: Vec<String>,
    pub(crate) columns: Vec<Column>,
    /// The numbers that matter most.
    pub(crate) figures: Vec<Figure>,
    pub(crate) chart: Option<Chart>,
}

/// A number in large type.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) title: String,
    pub(crate) value: String,
    /// How it has changed; empty: nothing is compared.
    pub(crate) change: String,
}

/// A picture of the rows.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// Currency of the values.
    pub(crate) currency: String,
    /// Whether the points follow each other in time; otherwise they are ranked.
    pub(crate) over_time: bool,
    pub(crate) points: Vec<Point>,
}

#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) label: String,
    pub(crate) value: i64,
    pub(crate) previous: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// For programs.
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    pub(crate) paper: Paper,
}

/// Whether a page has the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paper {
    No,
    Yes,
    /// If any row has something else than zero in it.
    Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A date, `YYYY-MM-DD`.
    Date,
    Time,
    Number,
    /// Minor units of the row's currency.
    Money,
    /// Hundredths of a percent.
    Points,
    Flag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Empty,
    Text(String),
    Number(i64),
    Flag(bool),
    /// A moment on the clocks of a zone.
    Time(DateTime<FixedOffset>),
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Of its amounts.
    pub(crate) currency: String,
    /// One for each column.
    pub(crate) cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Jsonl,
    Xlsx,
    Pdf,
}

impl Format {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// Most rows that such a file can have, or that anybody would want to turn over.
    pub(crate) fn max_rows(self) -> usize {
        match self {
            Self::Csv | Self::Jsonl => usize::MAX,
            Self::Xlsx => 1_048_000,
            Self::Pdf => 20_000,
        }
    }
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    /// Whoever reads it has gone, or the disk is full.
    #[error("the file could not be written: {0}")]
    Io(#[from] std::io::Error),
    #[error("the sheet could not be made: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    #[error("the page could not be made: {0}")]
    Pdf(String),
}

/// A moment as programs read it.
fn rfc3339(time: &DateTime<FixedOffset>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What has no width and may be dropped: byte order marks, marks of direction, joiners, variation selectors, tags.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}

/// Writes a file row by row.
pub(crate) trait Renderer {
    fn row(&mut self, row: Row) -> Result<(), RenderError>;

    /// Ends the file. Totals are shown where people read; programs add up themselves.
    fn finish(self: Box<Self>, totals: Vec<Row>) -> Result<(), RenderError>;
}

/// Begins a file. `written` counts the rows of pages; the other forms write a row when they are given it.
pub(crate) fn begin<'w>(
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
