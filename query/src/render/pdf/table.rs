//! The table, page by page.

use std::ops::Range;

use super::super::money::{amount, percent, signed};
use super::super::{Cell, Column, Document, Kind, Row};
use super::canvas::{ACCENT, Align, Canvas, Fonts, INK, LOSS, PALE, RULE, Style, WHITE};

const LINE: f32 = 14.4;
const HEADER: f32 = 20.0;
const TEXT: f32 = 8.2;
const GAP: f32 = 8.0;

pub(super) struct Table<'a> {
    columns: Vec<(usize, &'a Column, f32)>,
    rows: &'a [Row],
    totals: &'a [Row],
    width: f32,
}

impl<'a> Table<'a> {
    pub(super) fn new(document: &'a Document, rows: &'a [Row], totals: &'a [Row], fonts: &Fonts, width: f32) -> Self {
        let filled = |index: usize| {
            rows.iter()
                .chain(totals)
                .any(|row| row.cells.get(index).is_some_and(|cell| *cell != Cell::Empty))
        };
        let shown: Vec<(usize, &Column)> = document
            .columns
            .iter()
            .enumerate()
            .filter(|(index, column)| column.width > 0 && filled(*index))
            .collect();
        // Numbers take what they need, texts share the rest.
        let needed = |index: usize, column: &Column| {
            let all = rows.iter().chain(totals);
            let widest = all
                .filter_map(|row| {
                    Some(fonts.width(
                        &shown_as(row.cells.get(index)?, column, &row.currency),
                        Style::bold(TEXT, INK),
                    ))
                })
                .fold(0.0_f32, f32::max);
            widest.max(fonts.width(column.title, Style::bold(TEXT, INK))) + GAP
        };
        let fixed: f32 = shown
            .iter()
            .filter(|(_, column)| column.kind != Kind::Text)
            .map(|(index, column)| needed(*index, column))
            .sum();
        let shares: f32 = shown
            .iter()
            .filter(|(_, column)| column.kind == Kind::Text)
            .map(|(_, column)| f32::from(column.width))
            .sum();
        let rest = (width - fixed).max(if shares > 0.0 { width * 0.2 } else { 0.0 });
        // Without texts the numbers share what is left.
        let spare = if shares > 0.0 {
            0.0
        } else {
            rest / super::canvas::float(shown.len().max(1))
        };
        let columns = shown
            .into_iter()
            .map(|(index, column)| match column.kind {
                Kind::Text => (index, column, rest * f32::from(column.width) / shares.max(1.0)),
                _ => (index, column, needed(index, column) + spare),
            })
            .collect();
        Self {
            columns,
            rows,
            totals,
            width,
        }
    }

    fn lines(&self) -> usize {
        self.rows.len() + self.totals.len()
    }

    /// The lines of each page, by the room that there is on the first one and on the others. The header alone is never left behind.
    pub(super) fn pages(&self, first: f32, others: f32) -> Vec<Range<usize>> {
        let fit = |room: f32| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen")]
            let lines = ((room - HEADER) / LINE).max(0.0) as usize;
            lines
        };
        let mut pages = Vec::new();
        let mut start = 0;
        let on_first = fit(first);
        let end = if on_first < 3 && self.lines() > on_first {
            0
        } else {
            on_first.min(self.lines())
        };
        pages.push(start..end);
        start = end;
        while start < self.lines() {
            let end = (start + fit(others).max(1)).min(self.lines());
            pages.push(start..end);
            start = end;
        }
        pages
    }

    pub(super) fn draw(&self, lines: Range<usize>, x: f32, y: f32, canvas: &mut Canvas<'_, '_>) {
        if lines.is_empty() && self.lines() > 0 {
            return;
        }
        canvas.rect(x, y, self.width, HEADER, ACCENT);
        self.each(x, |column, _, left, width, align| {
            canvas.text(left, y + 13.2, column.title, Style::bold(TEXT, WHITE), align, width);
        });
        let mut top = y + HEADER;
        if self.lines() == 0 {
            canvas.text(
                x + 6.0,
                top + 14.0,
                "Nothing was sold in this period.",
                Style::plain(9.0, INK),
                Align::Left,
                300.0,
            );
        }
        for line in lines {
            let total = line >= self.rows.len();
            let row = self.rows.get(line).or_else(|| self.totals.get(line - self.rows.len()));
            let Some(row) = row else { continue };
            if total {
                canvas.rect(x, top, self.width, LINE, PALE);
                canvas.rect(x, top, self.width, 0.9, ACCENT);
            } else if line % 2 == 1 {
                canvas.rect(x, top, self.width, LINE, (0xfa, 0xfb, 0xfc));
            }
            self.each(x, |column, index, left, width, align| {
                let Some(cell) = row.cells.get(index) else { return };
                let lost = matches!(cell, Cell::Number(number) if *number < 0);
                let colour = if lost { LOSS } else { INK };
                let style = if total {
                    Style::bold(TEXT, colour)
                } else {
                    Style::plain(TEXT, colour)
                };
                canvas.text(
                    left,
                    top + 10.2,
                    &shown_as(cell, column, &row.currency),
                    style,
                    align,
                    width,
                );
            });
            top += LINE;
            canvas.rect(x, top - 0.3, self.width, 0.3, RULE);
        }
    }

    fn each(&self, x: f32, mut draw: impl FnMut(&Column, usize, f32, f32, Align)) {
        let mut left = x;
        for (index, column, width) in &self.columns {
            match column.kind {
                Kind::Text | Kind::Date => draw(column, *index, left + GAP / 2.0, width - GAP, Align::Left),
                Kind::Number | Kind::Money | Kind::Points => {
                    draw(column, *index, left + width - GAP / 2.0, width - 2.0, Align::Right);
                }
            }
            left += width;
        }
    }
}

fn shown_as(cell: &Cell, column: &Column, currency: &str) -> String {
    match (cell, column.kind) {
        (Cell::Empty, _) => String::new(),
        (Cell::Text(text), _) => text.clone(),
        (Cell::Number(number), Kind::Money) => amount(*number, currency),
        (Cell::Number(number), Kind::Points) => percent(*number),
        (Cell::Number(number), _) => signed(*number),
    }
}
