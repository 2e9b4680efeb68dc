//! The table, page by page.

use std::ops::Range;

use super::super::money::{amount, percent, signed};
use super::super::{Cell, Column, Document, Kind, Paper, Row};
use super::canvas::{ACCENT, Align, Canvas, INK, LOSS, PALE, RULE, Style, WHITE, float};
use super::fonts::Fonts;
use super::shape::Line;

/// Sizes of the letters; the first one at which the texts have room enough is taken.
const SIZES: [f32; 5] = [8.2, 7.6, 7.0, 6.4, 5.8];
/// Room for a text, in letters' heights, that is enough: a longer one is broken into lines.
const ENOUGH: f32 = 11.0;
/// Most lines of a cell.
const MOST: usize = 3;
/// What a row is higher than its lines.
const PAD: f32 = 4.2;
const GAP: f32 = 8.0;

pub(super) struct Table<'a> {
    columns: Vec<Placed<'a>>,
    rows: &'a [Row],
    totals: &'a [Row],
    /// Of the letters.
    size: f32,
    width: f32,
    header: f32,
    /// Of the rows, then of the totals.
    heights: Vec<f32>,
}

/// A column on the page.
struct Placed<'a> {
    index: usize,
    column: &'a Column,
    title: Vec<Line>,
    width: f32,
    /// Whether some cells are wider than it.
    broken: bool,
}

impl<'a> Table<'a> {
    pub(super) fn new(document: &'a Document, rows: &'a [Row], totals: &'a [Row], fonts: &Fonts, width: f32) -> Self {
        let all = || rows.iter().chain(totals);
        let says = |index: usize, column: &Column| {
            let mut cells = all().filter_map(|row| row.cells.get(index));
            match column.paper {
                Paper::No => false,
                // Without rows the titles are all there is.
                Paper::Yes => rows.is_empty() || cells.any(|cell| *cell != Cell::Empty),
                Paper::Said => cells.any(|cell| !matches!(cell, Cell::Empty | Cell::Number(0))),
            }
        };
        let widest_word = |title: &str| title.split(' ').map(|word| fonts.width(word, true)).fold(0.0, f32::max);
        let needed: Vec<(usize, &Column, f32)> = document
            .columns
            .iter()
            .enumerate()
            .filter(|(index, column)| says(*index, column))
            .map(|(index, column)| {
                let widest = all()
                    .filter_map(|row| Some(fonts.width(&shown_as(row.cells.get(index)?, column, &row.currency), true)))
                    .fold(widest_word(column.title), f32::max);
                (index, column, widest)
            })
            .collect();
        let (size, widths) = widths(&needed, width);
        let columns: Vec<Placed<'_>> = needed
            .into_iter()
            .zip(widths)
            .map(|((index, column, widest), width)| Placed {
                index,
                column,
                title: fonts.lines(column.title, true, (width - GAP) / size, MOST),
                width,
                broken: widest * size > width - GAP + 0.01,
            })
            .collect();
        let line = line(size);
        let height = |(index, row): (usize, &Row)| {
            let bold = index >= rows.len();
            let broken = columns.iter().filter(|placed| placed.broken);
            let lines = broken.map(|placed| placed.lines(row, fonts, bold, size).len());
            PAD + line * float(lines.max().unwrap_or(1))
        };
        let titles = columns.iter().map(|placed| placed.title.len()).max().unwrap_or(1);
        Self {
            heights: all().enumerate().map(height).collect(),
            header: 10.0 + line * float(titles),
            columns,
            rows,
            totals,
            size,
            width,
        }
    }

    fn height(&self, lines: Range<usize>) -> f32 {
        self.heights.get(lines).unwrap_or_default().iter().sum()
    }

    /// With its header, on one page.
    pub(super) fn whole(&self) -> f32 {
        self.header + self.height(0..self.heights.len())
    }

    /// The lines of each page, by the room that there is on the first one and on the others. The header alone is never left behind, and
    /// totals never stand without a row above them.
    pub(super) fn pages(&self, first: f32, others: f32) -> Vec<Range<usize>> {
        let count = self.heights.len();
        let last = self.rows.len().saturating_sub(1);
        let end = last..count;
        let (single, end) = if self.height(end.clone()) <= others - self.header {
            (last, Some(end))
        } else {
            (count, None)
        };
        let blocks = (0..single).map(|line| line..line + 1).chain(end);
        let mut pages = Vec::new();
        let (mut start, mut room) = (0, first - self.header);
        for block in blocks {
            let height = self.height(block.clone());
            let on_first = pages.is_empty();
            if height > room && (block.start > start || on_first) {
                // A few rows below the chart are not worth a header.
                let end = if on_first && block.start < 3 { 0 } else { block.start };
                pages.push(start..end);
                (start, room) = (end, others - self.header - self.height(end..block.start));
            }
            room -= height;
        }
        pages.push(start..count);
        pages
    }

    pub(super) fn draw(&self, lines: Range<usize>, x: f32, y: f32, canvas: &mut Canvas<'_, '_>) {
        if lines.is_empty() && !self.heights.is_empty() {
            return;
        }
        let leading = line(self.size);
        canvas.rect(x, y, self.width, self.header, ACCENT);
        self.each(x, |placed, left, align| {
            let mut base = y + 5.0 + leading * 0.8;
            for part in &placed.title {
                canvas.put(left, base, part, Style::bold(self.size, WHITE), align);
                base += leading;
            }
        });
        let mut top = y + self.header;
        if self.heights.is_empty() {
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
            let (Some(row), Some(height)) = (row, self.heights.get(line)) else {
                continue;
            };
            if total {
                canvas.rect(x, top, self.width, *height, PALE);
                canvas.rect(x, top, self.width, 0.9, ACCENT);
            } else if line % 2 == 1 {
                canvas.rect(x, top, self.width, *height, (0xfa, 0xfb, 0xfc));
            }
            self.each(x, |placed, left, align| {
                let lost = matches!(row.cells.get(placed.index), Some(Cell::Number(number)) if *number < 0);
                let colour = if lost { LOSS } else { INK };
                let style = if total {
                    Style::bold(self.size, colour)
                } else {
                    Style::plain(self.size, colour)
                };
                let mut base = top + PAD / 2.0 + leading * 0.79;
                for part in placed.lines(row, canvas.fonts(), total, self.size) {
                    canvas.put(left, base, &part, style, align);
                    base += leading;
                }
            });
            top += height;
            canvas.rect(x, top - 0.3, self.width, 0.3, RULE);
        }
    }

    fn each(&self, x: f32, mut draw: impl FnMut(&Placed<'_>, f32, Align)) {
        let mut left = x;
        for placed in &self.columns {
            match placed.column.kind {
                Kind::Text | Kind::Date | Kind::Time | Kind::Flag => draw(placed, left + GAP / 2.0, Align::Left),
                Kind::Number | Kind::Money | Kind::Points => {
                    draw(placed, left + placed.width - GAP / 2.0, Align::Right);
                }
            }
            left += placed.width;
        }
    }
}

impl Placed<'_> {
    fn lines(&self, row: &Row, fonts: &Fonts, bold: bool, size: f32) -> Vec<Line> {
        let Some(cell) = row.cells.get(self.index) else {
            return Vec::new();
        };
        let text = shown_as(cell, self.column, &row.currency);
        let (width, most) = if self.broken {
            ((self.width - GAP) / size, MOST)
        } else {
            (f32::INFINITY, 1)
        };
        fonts.lines(&text, bold, width, most)
    }
}

/// From one line to the next.
fn line(size: f32) -> f32 {
    size * 1.25
}

/// The size of the letters and the widths of columns whose cells and titles need so many letters' heights. What is no text is as wide as
/// it has to be; of the texts the longest ones give way.
fn widths(needed: &[(usize, &Column, f32)], width: f32) -> (f32, Vec<f32>) {
    let is_text = |column: &Column| column.kind == Kind::Text;
    let whole = |need: f32, size: f32| need * size + GAP;
    let fits = |size: &&f32| {
        let least = needed.iter().map(|(_, column, need)| {
            let need = if is_text(column) { need.min(ENOUGH) } else { *need };
            whole(need, **size)
        });
        least.sum::<f32>() <= width
    };
    let [.., smallest] = SIZES;
    let size = SIZES.iter().find(fits).copied().unwrap_or(smallest);
    let mut texts: Vec<f32> = needed
        .iter()
        .filter(|(_, column, _)| is_text(column))
        .map(|(.., need)| whole(*need, size))
        .collect();
    texts.sort_by(f32::total_cmp);
    let others: f32 = needed
        .iter()
        .filter(|(_, column, _)| !is_text(column))
        .map(|(.., need)| whole(*need, size))
        .sum();
    // The width that no text exceeds, so that all of them fit.
    let (mut left, mut most) = (width - others, f32::INFINITY);
    for (index, text) in texts.iter().enumerate() {
        let share = left / float(texts.len() - index);
        if *text > share {
            most = share.max(GAP * 2.0);
            break;
        }
        left -= text;
    }
    let mut widths: Vec<f32> = needed
        .iter()
        .map(|(_, column, need)| {
            let whole = whole(*need, size);
            if is_text(column) { whole.min(most) } else { whole }
        })
        .collect();
    let used: f32 = widths.iter().sum();
    let spare = (width - used) / float(widths.len().max(1));
    for width in &mut widths {
        *width += spare.max(0.0);
    }
    (size, widths)
}

fn shown_as(cell: &Cell, column: &Column, currency: &str) -> String {
    match (cell, column.kind) {
        (Cell::Empty, _) => String::new(),
        (Cell::Text(text), _) => text.clone(),
        (Cell::Flag(flag), _) => flag.to_string(),
        (Cell::Time(time), _) => time.format("%Y-%m-%d %H:%M").to_string(),
        (Cell::Number(number), Kind::Money) => amount(*number, currency),
        (Cell::Number(number), Kind::Points) => percent(*number),
        (Cell::Number(number), _) => signed(*number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(title: &'static str, kind: Kind) -> Column {
        Column {
            name: title,
            title,
            kind,
            paper: Paper::Yes,
        }
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    /// What each column shows of a row.
    fn shown(table: &Table<'_>, row: &Row, fonts: &Fonts) -> Vec<String> {
        let text = |line: &Line| -> String {
            let glyphs = line.parts.iter().flat_map(|part| &part.glyphs);
            glyphs.map(|glyph| &line.text[glyph.text_range.clone()]).collect()
        };
        let lines = |placed: &Placed<'_>| {
            let lines = placed.lines(row, fonts, true, table.size);
            let fits = |line: &Line| line.width * table.size <= placed.width - GAP + 0.1;
            assert!(
                lines.iter().all(fits),
                "{:?} leave {}",
                lines.iter().map(text).collect::<Vec<_>>(),
                placed.width
            );
            lines.iter().map(text).collect()
        };
        table.columns.iter().map(lines).collect()
    }

    #[test]
    fn a_wide_table_stays_on_the_page_and_nothing_of_it_is_cut() {
        let fonts = Fonts::load().unwrap();
        let money = (0..10).map(|_| column("Average order", Kind::Money));
        let texts = ["Name", "Order", "Currency"].map(|title| column(title, Kind::Text));
        let document = Document {
            columns: texts.into_iter().chain(money).collect(),
            ..Document::default()
        };
        let order = "ord_0190a8b1-7e6c-7b8a-9d3c-2f1e4d5c6b7a";
        let mut cells = vec![text("A tea towel with a pattern of teapots"), text(order), text("GBP")];
        cells.extend((0..10).map(|_| Cell::Number(-1_234_567_890)));
        let rows = [Row {
            currency: "GBP".to_owned(),
            cells,
        }];
        let table = Table::new(&document, &rows, &[], &fonts, 766.0);
        let width: f32 = table.columns.iter().map(|placed| placed.width).sum();
        assert!(width <= 766.1, "{width}");
        let shown = shown(&table, &rows[0], &fonts);
        assert_eq!(shown[0].replace(' ', ""), "Ateatowelwithapatternofteapots");
        assert_eq!((shown[1].as_str(), shown[2].as_str()), (order, "GBP"));
        assert!(shown[3..].iter().all(|amount| amount == "−12,345,678.90"));
    }

    #[test]
    fn every_row_is_on_one_page() {
        let fonts = Fonts::load().unwrap();
        let document = Document {
            columns: vec![column("Name", Kind::Text), column("Units", Kind::Number)],
            ..Document::default()
        };
        let rows: Vec<Row> = (0..100)
            .map(|number| Row {
                currency: "GBP".to_owned(),
                cells: vec![text(&"word ".repeat(number)), Cell::Number(1)],
            })
            .collect();
        let table = Table::new(&document, &rows, &[], &fonts, 300.0);
        for first in [20.0, 60.0, 150.0] {
            let pages = table.pages(first, 300.0);
            assert!(pages.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!((pages[0].start, pages[pages.len() - 1].end), (0, 100));
            for page in pages.iter().skip(1) {
                let height: f32 = table.heights[page.clone()].iter().sum();
                assert!(height + table.header <= 300.1, "{page:?} is {height} high");
            }
        }
    }

    #[test]
    fn totals_never_stand_alone() {
        let fonts = Fonts::load().unwrap();
        let document = Document {
            columns: vec![column("Name", Kind::Text), column("Units", Kind::Number)],
            ..Document::default()
        };
        let row = |name: &str| Row {
            currency: "GBP".to_owned(),
            cells: vec![text(name), Cell::Number(1)],
        };
        let totals = [row("Total"), row("Total")];
        for count in 1..60 {
            let rows: Vec<Row> = (0..count).map(|_| row("a row")).collect();
            let table = Table::new(&document, &rows, &totals, &fonts, 300.0);
            for first in [40.0, 100.0, 211.0] {
                let pages = table.pages(first, 300.0);
                let last = pages.last().unwrap().clone();
                assert!(last.start < count && last.end == count + 2, "{count} rows: {pages:?}");
            }
        }
    }
}
