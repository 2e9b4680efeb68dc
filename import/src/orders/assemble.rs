//! From the rows of a CSV file to orders: rows that follow each other with the same external id are one.
//!
//! A recorded order is a fact that later rows cannot complete. So an order with a wrong row is refused as a
//! whole, and so is one that stands beside a row that cannot be read and may have been a line of it.

use domain::{Currency, order::MAX_IMPORTED_LINES};
use files::read::Record;
use proto::v1::ImportOrderRow;

use super::super::error::{FieldError, RowError};
use super::super::header::Header;
use super::super::item::{Item, Origin, Ready};
use super::{HeadDraft, check_sum, credited, csv_line};

/// Most rows without an external id that are held back behind an order.
const MAX_LOOSE: usize = 1_000;

/// Joins rows to orders.
pub(crate) struct Assembler {
    header: Header,
    open: Option<Open>,
    loose: Vec<Loose>,
}

/// The order that the next row may continue.
struct Open {
    head: HeadDraft,
    row: Option<(ImportOrderRow, Currency)>,
    lines: Vec<u64>,
    /// Rows that it was read from, those that cannot be read included.
    rows: u64,
    errors: Vec<RowError>,
    start: u64,
    /// Offset and line behind its last row.
    end: (u64, u64),
}

/// A row that does not say which order it belongs to.
struct Loose {
    error: RowError,
    /// Empty: not known.
    occurred_at: String,
    end: (u64, u64),
}

impl Loose {
    fn may_belong(&self, head: &HeadDraft) -> bool {
        self.occurred_at.is_empty() || self.occurred_at == head.occurred_at
    }
}

impl Assembler {
    pub(crate) fn new(header: Header) -> Self {
        Self {
            header,
            open: None,
            loose: Vec::new(),
        }
    }

    /// Takes a row; what it completes goes to `emit`.
    pub(crate) fn push(&mut self, record: &Record, emit: &mut Vec<Item<ImportOrderRow>>) {
        let shape = self.header.check(record);
        // With fields missing or too many, only the first column stands where it should.
        let trusted = record.malformed.is_some() || shape.is_ok() || self.header.index("external_id") == Some(0);
        let key = self.header.key(record, "external_id").filter(|_| trusted);
        let Some(key) = key else {
            self.push_loose(record, shape, emit);
            return;
        };
        match &mut self.open {
            Some(open) if open.head.external_id == key => {
                let loose = std::mem::take(&mut self.loose);
                open.rows += loose.len() as u64;
                open.errors.extend(loose.into_iter().map(|loose| loose.error));
            }
            _ => {
                let torn = self.close(emit);
                self.open = Some(self.start(record, &key, torn));
            }
        }
        self.add(record, shape);
    }

    /// Ends the input.
    pub(crate) fn finish(&mut self, emit: &mut Vec<Item<ImportOrderRow>>) {
        self.close(emit);
    }

    fn push_loose(&mut self, record: &Record, shape: Result<(), FieldError>, emit: &mut Vec<Item<ImportOrderRow>>) {
        let mut occurred_at = "";
        let id = shape.and_then(|()| {
            occurred_at = self.header.text(record, "occurred_at").unwrap_or_default();
            self.header.text(record, "external_id")
        });
        let error = id
            .err()
            .unwrap_or_else(|| FieldError::new("external_id", "required", "must not be empty"));
        self.loose.push(Loose {
            error: error.at(record.line, ""),
            occurred_at: occurred_at.to_owned(),
            end: (record.end, record.next_line),
        });
        if self.loose.len() >= MAX_LOOSE || self.open.is_none() {
            // The last one stays, because it may be the first row of the order that comes next.
            let last = self.loose.len() - 1;
            let keep = self.loose.split_off(last);
            self.close(emit);
            self.loose = keep;
        }
    }

    fn start(&self, record: &Record, key: &str, torn: Option<Loose>) -> Open {
        let mut open = Open {
            head: HeadDraft {
                external_id: key.to_owned(),
                ..HeadDraft::default()
            },
            row: None,
            lines: Vec::new(),
            rows: 0,
            errors: Vec::new(),
            start: record.start,
            end: (record.end, record.next_line),
        };
        let Ok(head) = csv_line::head(&self.header, record) else {
            // Told by `add`, if the row has the right shape otherwise.
            return open;
        };
        if let Some(torn_by) = torn
            && torn_by.may_belong(&head)
        {
            let error = torn_error(torn_by.error.line).at(record.line, key);
            open.errors.push(error);
        }
        open.head = head;
        open
    }

    fn add(&mut self, record: &Record, shape: Result<(), FieldError>) {
        let Some(open) = &mut self.open else {
            return;
        };
        open.end = (record.end, record.next_line);
        open.rows += 1;
        let first = open.lines.is_empty();
        open.lines.push(record.line);
        let added = shape.and_then(|()| {
            let head = csv_line::head(&self.header, record)?;
            if first {
                open.row = Some(head.check()?);
            } else {
                let line = open.lines.first().copied().unwrap_or_default();
                csv_line::agrees(&open.head, &head, line)?;
            }
            // Without a readable first row there is no currency to read the others in.
            let Some((row, currency)) = &mut open.row else {
                return Ok(());
            };
            if row.lines.len() >= MAX_IMPORTED_LINES {
                return Err(FieldError::new(
                    "external_id",
                    "too_many_lines",
                    format!("an order has at most {MAX_IMPORTED_LINES} lines"),
                ));
            }
            let line = csv_line::line(&self.header, record, row.credit, *currency)?;
            row.lines.push(line);
            Ok(())
        });
        if let Err(error) = added {
            let too_many = error.code == "too_many_lines";
            if too_many {
                open.lines.pop();
            }
            if !(too_many && open.errors.iter().any(|error| error.code == "too_many_lines")) {
                open.errors.push(error.at(record.line, &open.head.external_id));
            }
        }
    }

    /// Hands out the open order and the loose rows behind it. Answers with the last loose row, because it may
    /// be the first of the next order.
    fn close(&mut self, emit: &mut Vec<Item<ImportOrderRow>>) -> Option<Loose> {
        let loose = std::mem::take(&mut self.loose);
        if let Some(mut open) = self.open.take() {
            // The rows of an order follow each other: if the first loose row is none of them, no other is.
            if let Some(torn_by) = loose.first().filter(|loose| loose.may_belong(&open.head)) {
                let line = open.lines.first().copied().unwrap_or_default();
                let error = torn_error(torn_by.error.line).at(line, &open.head.external_id);
                open.errors.push(error);
            }
            emit.push(open.into_item());
        }
        emit.extend(loose.iter().map(|loose| Item {
            row: Err(vec![loose.error.clone()]),
            offset: loose.end.0,
            line: loose.end.1,
            rows: 1,
        }));
        loose.into_iter().next_back()
    }
}

impl Open {
    fn into_item(mut self) -> Item<ImportOrderRow> {
        let (offset, line) = self.end;
        if let (Some((row, _)), [], Some(first)) = (&self.row, &*self.errors, self.lines.first())
            && let Err(error) = check_sum(row)
        {
            self.errors.push(error.at(*first, &self.head.external_id));
        }
        let row = match self.row {
            Some((row, _)) if self.errors.is_empty() => Ok(Ready {
                key: row.external_id.clone(),
                needs: credited(&row),
                origin: Origin::Lines(self.lines),
                size: usize::try_from(offset - self.start).unwrap_or(usize::MAX),
                row,
            }),
            _ => Err(self.errors),
        };
        let rows = self.rows;
        Item {
            row,
            offset,
            line,
            rows,
        }
    }
}

fn torn_error(line: u64) -> FieldError {
    FieldError::new(
        "external_id",
        "incomplete",
        format!("line {line} beside it cannot be read and may belong to this order"),
    )
}
