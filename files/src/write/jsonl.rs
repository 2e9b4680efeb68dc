//! JSON Lines: an object for each row.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{Cell, Column, Document, Kind, RenderError, Renderer, Row, rfc3339};

pub(super) struct Jsonl<W: Write> {
    columns: Vec<Column>,
    output: W,
}

impl<W: Write> Jsonl<W> {
    pub(super) fn new(document: &Document, output: W) -> Self {
        Self {
            columns: document.columns.clone(),
            output,
        }
    }
}

impl<W: Write> Renderer for Jsonl<W> {
    fn row(&mut self, row: Row) -> Result<(), RenderError> {
        let mut object = Map::new();
        for (column, cell) in self.columns.iter().zip(row.cells) {
            let value = match (cell, column.kind) {
                (Cell::Empty, _) => Value::Null,
                (Cell::Text(text), _) => text.into(),
                (Cell::Number(amount), Kind::Money) => json!({"amount": amount, "currency": row.currency}),
                (Cell::Number(number), _) => number.into(),
                (Cell::Flag(flag), _) => flag.into(),
                (Cell::Time(time), _) => rfc3339(&time).into(),
            };
            object.insert(column.name.to_owned(), value);
        }
        serde_json::to_writer(&mut self.output, &object).map_err(std::io::Error::from)?;
        self.output.write_all(b"\n")?;
        Ok(())
    }

    fn finish(mut self: Box<Self>, _totals: Vec<Row>) -> Result<(), RenderError> {
        Ok(self.output.flush()?)
    }
}
