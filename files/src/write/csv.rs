//! CSV (RFC 4180). Amounts are in minor units.

use std::io::Write;

use csv::{Terminator, Writer, WriterBuilder};

use super::{Cell, Document, RenderError, Renderer, Row, rfc3339};
use crate::formula::guard;

pub(super) struct Csv<W: Write> {
    writer: Writer<W>,
}

impl<W: Write> Csv<W> {
    pub(super) fn begin(document: &Document, output: W) -> Result<Self, RenderError> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(output);
        writer
            .write_record(document.columns.iter().map(|column| column.name))
            .map_err(io)?;
        Ok(Self { writer })
    }
}

impl<W: Write> Renderer for Csv<W> {
    fn row(&mut self, row: Row) -> Result<(), RenderError> {
        for cell in &row.cells {
            match cell {
                Cell::Empty => self.writer.write_field(""),
                Cell::Text(text) => self.writer.write_field(&*guard(text)),
                Cell::Number(number) => self.writer.write_field(number.to_string()),
                Cell::Flag(flag) => self.writer.write_field(flag.to_string()),
                Cell::Time(time) => self.writer.write_field(rfc3339(time)),
            }
            .map_err(io)?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(io)?;
        Ok(())
    }

    fn finish(mut self: Box<Self>, _totals: Vec<Row>) -> Result<(), RenderError> {
        Ok(self.writer.flush()?)
    }
}

fn io(error: csv::Error) -> RenderError {
    RenderError::Io(error.into())
}

#[cfg(test)]
mod tests {
    use super::super::{Column, Kind, Paper};
    use super::*;

    fn column(name: &'static str, kind: Kind) -> Column {
        Column {
            name,
            title: name,
            kind,
            paper: Paper::Yes,
        }
    }

    fn document() -> Document {
        Document {
            columns: vec![
                column("label", Kind::Text),
                column("name", Kind::Text),
                column("net", Kind::Money),
            ],
            ..Document::default()
        }
    }

    #[test]
    fn rows_are_quoted_where_needed_and_never_formulas() {
        let mut bytes = Vec::new();
        let mut csv = Csv::begin(&document(), &mut bytes).unwrap();
        let text = |text: &str| Cell::Text(text.to_owned());
        let cells = vec![
            text("=HYPERLINK(\"http://x\")"),
            text("MUG, \"RED\"\nBIG;=1+1"),
            Cell::Number(-500),
        ];
        let currency = "GBP".to_owned();
        csv.row(Row { currency, cells }).unwrap();
        Box::new(csv).finish(Vec::new()).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "label,name,net\r\n\"'=HYPERLINK(\"\"http://x\"\")\",\"MUG, \"\"RED\"\"\nBIG;'=1+1\",-500\r\n"
        );
    }

    #[test]
    fn no_rows_are_a_header() {
        let mut bytes = Vec::new();
        let csv = Csv::begin(&document(), &mut bytes).unwrap();
        Box::new(csv).finish(Vec::new()).unwrap();
        assert_eq!(bytes, b"label,name,net\r\n");
    }
}
