//! CSV as RFC 4180 has it, record by record, with the separator that the file has.
//!
//! Why not the csv crate: it takes everything behind a forgotten quote for one field, to the end of the file and
//! in memory. Here such a row is an error of its first line, and the lines after it are read as if nothing
//! had happened.

use std::io::{self, Read};

use crate::formula;

use super::input::{MAX_ROW, Malformed, Window};

/// One record; its fields are the bytes as they stand, quotes resolved.
#[derive(Debug, Default)]
pub struct Record {
    /// Number of the record's first line, from 1.
    pub line: u64,
    /// Offset of its first byte.
    pub start: u64,
    /// Offset behind its last byte, line end included.
    pub end: u64,
    /// Line that the next record begins on.
    pub next_line: u64,
    /// What is wrong with its shape. The fields are then those that could be read before.
    pub malformed: Option<Malformed>,
    data: Vec<u8>,
    ends: Vec<usize>,
}

impl Record {
    /// Number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field by its place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends[before],
            None => 0,
        };
        Some(&self.data[start..end])
    }

    /// Whether it has no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether nothing stands in it: a row of separators alone, as spreadsheets leave them behind.
    fn is_blank(&self) -> bool {
        self.data
            .iter()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    /// Takes off what our own files put before what a spreadsheet would run.
    fn unguard(&mut self) {
        if !self.data.contains(&b'\'') {
            return;
        }
        let (data, ends) = (std::mem::take(&mut self.data), std::mem::take(&mut self.ends));
        let mut start = 0;
        for end in ends {
            match std::str::from_utf8(&data[start..end]) {
                Ok(text) => self.data.extend_from_slice(formula::unguard(text).as_bytes()),
                Err(_) => self.data.extend_from_slice(&data[start..end]),
            }
            self.end_field();
            start = end;
        }
    }

    fn clear(&mut self) {
        self.malformed = None;
        self.data.clear();
        self.ends.clear();
    }

    fn end_field(&mut self) {
        self.ends.push(self.data.len());
    }
}

/// How far a record could be read.
enum Parsed {
    /// Bytes and line ends that it takes.
    Whole(usize, u64),
    /// The bytes end inside it.
    Cut,
    Malformed(Malformed),
}

/// The records of an input.
#[derive(Debug)]
pub struct Records<R> {
    window: Window<R>,
    /// What stands between fields.
    separator: u8,
}

impl<R: Read> Records<R> {
    /// Reads the same file from another place, which is the beginning of a record.
    #[must_use]
    pub fn at(&self, mut window: Window<R>) -> Self {
        window.line_ends_in_cr = self.window.line_ends_in_cr;
        Self { window, ..*self }
    }

    /// Reads from the beginning of a file, of which the first line that is not empty says the separator: by name (`sep=;`, as spreadsheets write it) or by
    /// what stands between the names of the columns.
    pub fn begin(mut window: Window<R>) -> io::Result<Self> {
        window.begin()?;
        let length = loop {
            while window.first_line().is_none() && !window.is_full() {
                window.fill()?;
            }
            let length = window.first_line().unwrap_or_default();
            let is_blank = window.bytes().get(..length).unwrap_or_default().trim_ascii().is_empty();
            if length == 0 || !is_blank {
                break length;
            }
            window.consume(length, 1);
        };
        let line = window.bytes().get(..length).unwrap_or_default().trim_ascii_end();
        let named = match line.split_at_checked(4) {
            Some((name, &[separator])) if name.eq_ignore_ascii_case(b"sep=") => Some(separator),
            // The tab has been trimmed away.
            Some((name, [])) if name.eq_ignore_ascii_case(b"sep=") => Some(b'\t'),
            _ => None,
        };
        let separator = named.unwrap_or_else(|| separator_of(line));
        if named.is_some() {
            window.consume(length, 1);
        }
        Ok(Self { window, separator })
    }

    /// Reads the next record into `record`; false at the end. Empty lines and rows of empty fields are passed over.
    pub fn read(&mut self, record: &mut Record) -> io::Result<bool> {
        loop {
            if self.window.bytes().is_empty() {
                if self.window.is_last() {
                    return Ok(false);
                }
                self.window.fill()?;
                continue;
            }
            record.clear();
            record.line = self.window.line;
            record.start = self.window.offset;
            match parse(self.window.bytes(), self.window.is_last(), self.separator, record) {
                Parsed::Whole(length, _) if length > MAX_ROW => {
                    record.malformed = Some(Malformed::TooLong);
                    self.window.skip_line()?;
                }
                Parsed::Whole(length, lines) => {
                    self.window.consume(length, lines);
                    if record.is_blank() {
                        continue;
                    }
                    record.unguard();
                }
                Parsed::Cut if !self.window.is_last() && !self.window.is_full() => {
                    self.window.fill()?;
                    continue;
                }
                Parsed::Cut => {
                    let in_quotes = self.window.first_line().is_some();
                    record.malformed = Some(if in_quotes {
                        Malformed::UnterminatedQuote
                    } else {
                        Malformed::TooLong
                    });
                    self.window.skip_line()?;
                }
                Parsed::Malformed(malformed) => {
                    record.malformed = Some(malformed);
                    self.window.skip_line()?;
                }
            }
            record.end = self.window.offset;
            record.next_line = self.window.line;
            return Ok(true);
        }
    }
}

/// What stands most often between the names of columns; a comma if nothing does.
fn separator_of(header: &[u8]) -> u8 {
    let mut best = (0, b',');
    for separator in *b",;\t|" {
        let mut quoted = false;
        let count = header
            .iter()
            .filter(|byte| {
                quoted ^= **byte == b'"';
                !quoted && **byte == separator
            })
            .count();
        if count > best.0 {
            best = (count, separator);
        }
    }
    best.1
}

fn parse(bytes: &[u8], last: bool, separator: u8, record: &mut Record) -> Parsed {
    let mut at = 0;
    let mut lines = 0;
    loop {
        let quoted = bytes.get(at) == Some(&b'"');
        let stop = if quoted {
            match quoted_field(bytes, at + 1, &mut lines, record) {
                Some(stop) => stop,
                None => return Parsed::Cut,
            }
        } else {
            let rest = &bytes[at..];
            let length = rest
                .iter()
                .position(|byte| *byte == separator || *byte == b'\n')
                .unwrap_or(rest.len());
            at + length
        };
        let closing = bytes.get(stop).copied();
        // The carriage return of CR LF, or of CR and the end of the file, belongs to the line end.
        if closing.is_none() && !last {
            return Parsed::Cut;
        }
        if quoted {
            let rest_is_line_end =
                closing == Some(b'\r') && matches!((bytes.get(stop + 1), last), (Some(b'\n'), _) | (None, true));
            if closing == Some(b'\r') && bytes.get(stop + 1).is_none() && !last {
                return Parsed::Cut;
            }
            if !(closing.is_none_or(|byte| byte == separator || byte == b'\n') || rest_is_line_end) {
                return Parsed::Malformed(Malformed::StrayQuote);
            }
            record.end_field();
            if rest_is_line_end {
                let length = (stop + 2).min(bytes.len());
                return Parsed::Whole(length, lines + 1);
            }
        } else {
            let field = &bytes[at..stop];
            let field = if closing == Some(separator) {
                field
            } else {
                field.strip_suffix(b"\r").unwrap_or(field)
            };
            record.data.extend_from_slice(field);
            record.end_field();
        }
        match closing {
            Some(byte) if byte == separator => at = stop + 1,
            Some(_) => return Parsed::Whole(stop + 1, lines + 1),
            None => return Parsed::Whole(stop, lines + 1),
        }
    }
}

/// Reads the field behind an opening quote; answers the place behind its closing quote.
fn quoted_field(bytes: &[u8], mut at: usize, lines: &mut u64, record: &mut Record) -> Option<usize> {
    loop {
        let byte = *bytes.get(at)?;
        if byte == b'"' {
            if bytes.get(at + 1) != Some(&b'"') {
                return Some(at + 1);
            }
            at += 1;
        } else if byte == b'\n' {
            *lines += 1;
        }
        record.data.push(byte);
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that hands out a few bytes at a time, so that every boundary is met.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    type Row = (u64, Vec<String>, Option<Malformed>);

    fn read_all(text: &[u8], step: usize) -> Vec<Row> {
        let mut records = Records::begin(Window::new(Trickle(text, step), 0, 1)).unwrap();
        let mut record = Record::default();
        let mut rows = Vec::new();
        let mut behind = 0;
        while records.read(&mut record).unwrap() {
            assert!(record.start >= behind && record.end > record.start);
            behind = record.end;
            let fields = (0..record.len())
                .map(|index| String::from_utf8_lossy(record.get(index).unwrap()).into_owned())
                .collect();
            rows.push((record.line, fields, record.malformed));
        }
        rows
    }

    fn check(text: &str, expected: &[(u64, &[&str], Option<Malformed>)]) {
        for step in [1, 2, 3, 7, 1 << 20] {
            let rows = read_all(text.as_bytes(), step);
            let rows: Vec<_> = rows
                .iter()
                .map(|(line, fields, malformed)| {
                    (*line, fields.iter().map(String::as_str).collect::<Vec<_>>(), *malformed)
                })
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(line, fields, malformed)| (*line, fields.to_vec(), *malformed))
                .collect();
            assert_eq!(rows, expected, "in steps of {step}");
        }
    }

    #[test]
    fn fields_quotes_and_line_ends() {
        check(
            "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\n,\n\"\"\n\"q\"\r\nlast,5\"",
            &[
                (1, &["a", "b"], None),
                (2, &["1", "x, \"y\"\nz"], None),
                (7, &["q"], None),
                (8, &["last", "5\""], None),
            ],
        );
        check("", &[]);
        check("\n\r\n\n", &[]);
        check("a\r", &[(1, &["a"], None)]);
        check("\"a\"\r", &[(1, &["a"], None)]);
        check(
            "a\rb\r\"c\rd\"\r",
            &[(1, &["a"], None), (2, &["b"], None), (3, &["c\nd"], None)],
        );
    }

    #[test]
    fn rows_of_nothing_are_passed_over() {
        check(
            "a,b\n,\n\"\",\n \t, \r\n\"\n\",\n1,\n",
            &[(1, &["a", "b"], None), (7, &["1", ""], None)],
        );
    }

    #[test]
    fn the_first_line_says_the_separator() {
        for text in [
            "a;b\n1;\"x;y\"\n",
            "a\tb\n1\t\"x;y\"\n",
            "\"a\"|b\r\n1|x;y\r\n",
            "a;b\r1;\"x;y\"\r",
        ] {
            check(text, &[(1, &["a", "b"], None), (2, &["1", "x;y"], None)]);
        }
        for text in [
            "sep=;\na,;b\n",
            "SEP=;\r\na,;b\r\n",
            "\u{feff}sep=;\ra,;b\r",
            "sep=\t\na,\tb",
        ] {
            check(text, &[(2, &["a,", "b"], None)]);
        }
        for text in ["\na;b\n", "\r\n \t\r\nsep=;\r\na;b\r\n", "\u{feff}\n\n\na;b"] {
            let line = 1 + text.trim_end().matches('\n').count() as u64;
            check(text, &[(line, &["a", "b"], None)]);
        }
        check("\n \n", &[]);
        check("\"a;;b\",c\n", &[(1, &["a;;b", "c"], None)]);
    }

    #[test]
    fn what_our_own_files_put_before_formulas_is_taken_off() {
        check(
            "a,b\n'=1,\"x;'-2\"\n'a,''=1\n",
            &[
                (1, &["a", "b"], None),
                (2, &["=1", "x;-2"], None),
                (3, &["'a", "'=1"], None),
            ],
        );
    }

    #[test]
    fn a_forgotten_quote_costs_one_line() {
        check(
            "a,\"b\nc,d\ne,f\n",
            &[
                (1, &["a"], Some(Malformed::UnterminatedQuote)),
                (2, &["c", "d"], None),
                (3, &["e", "f"], None),
            ],
        );
        check(
            "a,\"b\" x\nc,d",
            &[(1, &["a"], Some(Malformed::StrayQuote)), (2, &["c", "d"], None)],
        );
        check(
            "a,b\na,\"b\"\rx\n",
            &[(1, &["a", "b"], None), (2, &["a"], Some(Malformed::StrayQuote))],
        );
    }

    #[test]
    fn a_row_without_end_is_refused_and_passed_over() {
        let mut text = b"a,b\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * MAX_ROW));
        text.extend_from_slice(b"\nc,d\ne,\"");
        text.extend(std::iter::repeat_n(b'\n', 2 * MAX_ROW));
        text.extend_from_slice(b"f,g\n");
        let rows = read_all(&text, 100_000);
        let shape: Vec<_> = rows
            .iter()
            .map(|(line, fields, malformed)| (*line, fields.len(), *malformed))
            .collect();
        assert_eq!(
            shape,
            [
                (1, 2, None),
                (2, 0, Some(Malformed::TooLong)),
                (3, 2, None),
                (4, 1, Some(Malformed::UnterminatedQuote)),
                (4 + 2 * MAX_ROW as u64, 2, None),
            ]
        );
    }
}
