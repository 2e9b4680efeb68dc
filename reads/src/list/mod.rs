//! Lists page by page: one keyset walk, both ways, for every list of the read services.
//!
//! A page is found by the sort key of the row beside it, never by an offset, so rows that are inserted or removed meanwhile
//! make no other row appear twice or not at all. Every order ends in a unique column. Where a sort column may be null, nulls
//! come last, whichever way it is sorted.

mod cursor;
mod keyset;

use chrono::{DateTime, Utc};
use prost::Message;
use proto::v1::{PageInfo, PageRequest};
use serde::Serialize;

use crate::error::Error;
use cursor::{Cursor, Direction};
pub use cursor::{fingerprint, hash};

const DEFAULT_LIMIT: u32 = 24;
const MAX_LIMIT: u32 = 200;

/// A page ends early rather than exceed this, because a gRPC client accepts no message above 4 MiB by default. One row
/// alone may.
const PAGE_BYTES: usize = 3 << 20;

/// A column that a list is ordered by.
pub struct Column<R> {
    /// How it is written in the query.
    pub sql: &'static str,
    /// What stands in it.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
    /// What stands in it in a row.
    pub value: fn(&R) -> Value,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A text, compared byte by byte.
    Text,
    /// A moment.
    Time,
}

/// What a row has in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// A moment.
    Time(DateTime<Utc>),
}

/// A sort that clients name.
pub struct Sort<R: 'static> {
    /// As clients write it.
    pub name: &'static str,
    /// What it sorts by.
    pub column: Column<R>,
}

/// How a list can be walked.
pub struct List<R: 'static> {
    /// Distinguishes its cursors from those of other lists.
    pub name: &'static str,
    /// The orders that clients may ask for.
    pub sorts: &'static [Sort<R>],
    /// Of `sorts`, with or without `-`: when the client names none.
    pub default_sort: &'static str,
    /// What orders rows of equal sort value; the last is unique. None is nullable.
    pub ties: &'static [Column<R>],
}

/// One page of a list, asked for.
pub struct Page<R: 'static> {
    /// The sort's column, then the ties.
    columns: Vec<&'static Column<R>>,
    descending: bool,
    limit: usize,
    fingerprint: u64,
    start: Option<Start>,
}

/// Where a page other than the first begins.
struct Start {
    direction: Direction,
    inclusive: bool,
    /// One for each of the page's columns.
    values: Vec<Value>,
}

/// The size of a page.
pub fn limit(asked: u32) -> Result<usize, Error> {
    match asked {
        0 => Ok(DEFAULT_LIMIT as usize),
        limit if limit <= MAX_LIMIT => Ok(limit as usize),
        _ => Err(Error::invalid(
            "limit",
            "out_of_range",
            format!("must be from 1 to {MAX_LIMIT}"),
        )),
    }
}

impl<R> List<R> {
    /// Checks what was asked for. `filter` is everything that decides which rows the list has: a cursor of another one is
    /// refused.
    pub fn page(
        &'static self,
        request: Option<PageRequest>,
        sort: &str,
        filter: &impl Serialize,
    ) -> Result<Page<R>, Error> {
        let request = request.unwrap_or_default();
        let limit = limit(request.limit)?;
        let sort = if sort.is_empty() { self.default_sort } else { sort };
        let (name, descending) = match sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (sort, false),
        };
        let column = self.sorts.iter().find(|candidate| candidate.name == name);
        let column = column.ok_or_else(|| self.unknown_sort())?;
        let columns: Vec<_> = std::iter::once(&column.column).chain(self.ties).collect();
        let fingerprint = fingerprint(self.name, sort, filter);
        let start = match request.cursor.as_str() {
            "" => None,
            text => Some(Cursor::decode(text)?.into_start(fingerprint, &columns)?),
        };
        Ok(Page {
            columns,
            descending,
            limit,
            fingerprint,
            start,
        })
    }

    /// Refuses an order that clients cannot name.
    pub fn check_sort(&self, sort: &str) -> Result<(), Error> {
        let name = sort.strip_prefix('-').unwrap_or(sort);
        if sort.is_empty() || self.sorts.iter().any(|known| known.name == name) {
            Ok(())
        } else {
            Err(self.unknown_sort())
        }
    }

    fn unknown_sort(&self) -> Error {
        let names: Vec<_> = self.sorts.iter().map(|sort| sort.name).collect();
        let names = names.join(", ");
        Error::invalid(
            "sort",
            "unknown",
            format!("must be one of {names}; a leading - reverses"),
        )
    }
}

impl<R> Page<R> {
    /// True when these are as many rows as the page and the look beyond it need.
    #[must_use]
    pub fn is_filled_by(&self, rows: usize) -> bool {
        rows > self.limit
    }

    /// True when no cursor was given.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.start.is_none()
    }

    /// The rows that the page's query found, as messages in the list's order, and the cursors of the pages beside it.
    #[must_use]
    pub fn finish<M: Message>(&self, rows: Vec<R>, convert: impl Fn(R) -> M) -> (Vec<M>, PageInfo) {
        let found = rows.len();
        let mut messages = Vec::with_capacity(found.min(self.limit));
        let (mut first, mut last) = (None, None);
        let mut bytes = 0;
        for row in rows.into_iter().take(self.limit) {
            let values = self.values(&row);
            let message = convert(row);
            bytes += message.encoded_len();
            if bytes > PAGE_BYTES && !messages.is_empty() {
                break;
            }
            messages.push(message);
            first.get_or_insert_with(|| values.clone());
            last = Some(values);
        }
        let more = messages.len() < found;
        let info = match (first, last, &self.start) {
            (Some(first), Some(last), start) => self.beside(&first, &last, more, start.as_ref()),
            (_, _, Some(start)) => self.beside_nothing(start),
            (_, _, None) => PageInfo::default(),
        };
        if self.backward() {
            messages.reverse();
        }
        (messages, info)
    }

    /// The cursors around a page whose outermost rows in the direction of the walk are `first` and `last`.
    fn beside(&self, first: &[Value], last: &[Value], more: bool, start: Option<&Start>) -> PageInfo {
        let cursor = |direction, values| self.cursor(direction, false, values);
        match start.map(|start| start.direction) {
            None => PageInfo {
                next_cursor: if more {
                    cursor(Direction::Next, last)
                } else {
                    String::new()
                },
                prev_cursor: String::new(),
            },
            Some(Direction::Next) => PageInfo {
                next_cursor: if more {
                    cursor(Direction::Next, last)
                } else {
                    String::new()
                },
                prev_cursor: cursor(Direction::Prev, first),
            },
            Some(Direction::Prev) => PageInfo {
                next_cursor: cursor(Direction::Next, first),
                prev_cursor: if more {
                    cursor(Direction::Prev, last)
                } else {
                    String::new()
                },
            },
        }
    }

    /// The cursors around a page whose rows are gone by now: the way back from where it began.
    fn beside_nothing(&self, start: &Start) -> PageInfo {
        let back = |direction| self.cursor(direction, !start.inclusive, &start.values);
        match start.direction {
            Direction::Next => PageInfo {
                next_cursor: String::new(),
                prev_cursor: back(Direction::Prev),
            },
            Direction::Prev => PageInfo {
                next_cursor: back(Direction::Next),
                prev_cursor: String::new(),
            },
        }
    }

    fn cursor(&self, direction: Direction, inclusive: bool, values: &[Value]) -> String {
        Cursor::new(self.fingerprint, direction, inclusive, values).encode()
    }

    fn values(&self, row: &R) -> Vec<Value> {
        self.columns.iter().map(|column| (column.value)(row)).collect()
    }

    fn backward(&self) -> bool {
        matches!(&self.start, Some(start) if start.direction == Direction::Prev)
    }
}
