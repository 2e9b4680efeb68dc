//! A page that one would hand to one's manager.

mod canvas;
mod chart;
mod fonts;
mod shape;
mod table;

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use krilla::Document as File;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;

use super::{Document, RenderError, Renderer, Row};
use canvas::{Align, Canvas, INK, MUTED, RULE, Style};
use fonts::Fonts;

/// A4, lying.
const WIDTH: f32 = 841.89;
const HEIGHT: f32 = 595.28;
const MARGIN: f32 = 38.0;
const FOOT: f32 = 34.0;
// So that a year by month fits below it.
const CHART_HEIGHT: f32 = 132.0;
const FIGURE_HEIGHT: f32 = 52.0;

pub(super) struct Pdf<'w, W: Write> {
    document: Document,
    rows: Vec<Row>,
    output: W,
    /// How many rows have been drawn.
    written: &'w AtomicU64,
}

impl<'w, W: Write> Pdf<'w, W> {
    pub(super) fn new(document: Document, output: W, written: &'w AtomicU64) -> Self {
        Self {
            document,
            rows: Vec::new(),
            output,
            written,
        }
    }

    fn draw(&mut self, totals: &[Row]) -> Result<Vec<u8>, RenderError> {
        let (document, rows) = (&self.document, &self.rows);
        let fonts = Fonts::load().ok_or_else(|| failed("its fonts are damaged"))?;
        let table = table::Table::new(document, rows, totals, &fonts, WIDTH - 2.0 * MARGIN);
        let room = |top: f32| HEIGHT - top - FOOT - MARGIN / 2.0;
        let mut chart_height = CHART_HEIGHT;
        let over = table.whole() - room(head_height(document, chart_height));
        if let Some(chart) = &document.chart
            && over > 0.0
            && chart_height - over >= chart::least_height(chart)
        {
            // A lower chart saves a page.
            chart_height -= over;
        }
        let first_top = head_height(document, chart_height);
        let pages = table.pages(room(first_top), room(MARGIN + 22.0));
        let mut file = File::new();
        let mut metadata = Metadata::new()
            .title(document.title.clone())
            .description(document.period.clone())
            .creator("Tillroll".to_owned())
            .language("en".to_owned());
        if !document.shop.is_empty() {
            metadata = metadata.authors(vec![document.shop.clone()]);
        }
        file.set_metadata(metadata);
        for (index, lines) in pages.iter().enumerate() {
            // Nothing is written before the last page is drawn, but the reader may be gone.
            self.output.flush()?;
            let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| failed("the paper has no size"))?;
            let mut page = file.start_page_with(settings);
            let mut surface = page.surface();
            let mut canvas = Canvas::new(&mut surface, &fonts);
            let top = if index == 0 {
                head(document, chart_height, &mut canvas);
                first_top
            } else {
                running_head(document, &mut canvas);
                MARGIN + 22.0
            };
            table.draw(lines.clone(), MARGIN, top, &mut canvas);
            foot(document, index + 1, pages.len(), &mut canvas);
            surface.finish();
            page.finish();
            let drawn = lines.end.min(rows.len()).saturating_sub(lines.start);
            self.written.fetch_add(drawn as u64, Ordering::Relaxed);
        }
        file.finish().map_err(|error| RenderError::Pdf(format!("{error:?}")))
    }
}

impl<W: Write> Renderer for Pdf<'_, W> {
    fn row(&mut self, row: Row) -> Result<(), RenderError> {
        self.rows.push(row);
        Ok(())
    }

    fn finish(mut self: Box<Self>, totals: Vec<Row>) -> Result<(), RenderError> {
        let bytes = self.draw(&totals)?;
        self.output.write_all(&bytes)?;
        Ok(self.output.flush()?)
    }
}

fn failed(what: &str) -> RenderError {
    RenderError::Pdf(what.to_owned())
}

/// Where the table begins on the first page.
fn head_height(document: &Document, chart_height: f32) -> f32 {
    let lines: f32 = document.notes.iter().map(|_| 12.0).sum();
    let mut height = MARGIN + 52.0 + lines;
    if !document.figures.is_empty() {
        height += FIGURE_HEIGHT + 14.0;
    }
    if document.chart.is_some() {
        height += chart_height + 14.0;
    }
    height + 6.0
}

fn head(document: &Document, chart_height: f32, canvas: &mut Canvas<'_, '_>) {
    canvas.rect(0.0, 0.0, WIDTH, 6.0, canvas::ACCENT);
    let right = WIDTH - MARGIN;
    if !document.shop.is_empty() {
        canvas.text(
            right,
            MARGIN + 12.0,
            &document.shop,
            Style::bold(11.0, INK),
            Align::Right,
            240.0,
        );
    }
    let width = right - MARGIN - 250.0;
    canvas.text(
        MARGIN,
        MARGIN + 14.0,
        &document.title,
        Style::bold(20.0, INK),
        Align::Left,
        width,
    );
    canvas.text(
        MARGIN,
        MARGIN + 34.0,
        &document.period,
        Style::plain(11.0, INK),
        Align::Left,
        right - MARGIN,
    );
    let mut y = MARGIN + 50.0;
    for note in &document.notes {
        canvas.text(MARGIN, y, note, Style::plain(8.5, MUTED), Align::Left, right - MARGIN);
        y += 12.0;
    }
    y += 4.0;
    if !document.figures.is_empty() {
        figures(document, y, canvas);
        y += FIGURE_HEIGHT + 14.0;
    }
    if let Some(chart) = &document.chart {
        chart::draw(chart, MARGIN, y, right - MARGIN, chart_height, canvas);
    }
}

fn figures(document: &Document, y: f32, canvas: &mut Canvas<'_, '_>) {
    let gap = 12.0;
    let count = canvas::float(document.figures.len());
    let width = (WIDTH - 2.0 * MARGIN - gap * (count - 1.0)) / count;
    let mut x = MARGIN;
    for figure in &document.figures {
        canvas.rect(x, y, width, FIGURE_HEIGHT, canvas::PALE);
        canvas.rect(x, y, 3.0, FIGURE_HEIGHT, canvas::ACCENT);
        canvas.text(
            x + 14.0,
            y + 17.0,
            &figure.title,
            Style::plain(8.5, MUTED),
            Align::Left,
            width - 20.0,
        );
        canvas.text(
            x + 14.0,
            y + 39.0,
            &figure.value,
            Style::bold(16.0, INK),
            Align::Left,
            width - 20.0,
        );
        if !figure.change.is_empty() {
            let colour = if figure.change.starts_with('−') {
                canvas::LOSS
            } else {
                canvas::GAIN
            };
            canvas.text(
                x + width - 10.0,
                y + 17.0,
                &figure.change,
                Style::bold(8.5, colour),
                Align::Right,
                width / 2.0,
            );
        }
        x += width + gap;
    }
}

/// What is said again on every page.
fn running_head(document: &Document, canvas: &mut Canvas<'_, '_>) {
    canvas.rect(0.0, 0.0, WIDTH, 6.0, canvas::ACCENT);
    let text = format!("{} · {}", document.title, document.period);
    canvas.text(
        MARGIN,
        MARGIN - 2.0,
        &text,
        Style::bold(9.0, MUTED),
        Align::Left,
        WIDTH - 2.0 * MARGIN - 200.0,
    );
    canvas.text(
        WIDTH - MARGIN,
        MARGIN - 2.0,
        &document.shop,
        Style::plain(9.0, MUTED),
        Align::Right,
        190.0,
    );
}

fn foot(document: &Document, page: usize, pages: usize, canvas: &mut Canvas<'_, '_>) {
    let y = HEIGHT - FOOT;
    canvas.rect(MARGIN, y, WIDTH - 2.0 * MARGIN, 0.6, RULE);
    canvas.text(
        MARGIN,
        y + 14.0,
        &document.title,
        Style::plain(8.0, MUTED),
        Align::Left,
        500.0,
    );
    let text = format!("Page {page} of {pages}");
    canvas.text(
        WIDTH - MARGIN,
        y + 14.0,
        &text,
        Style::plain(8.0, MUTED),
        Align::Right,
        200.0,
    );
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Column, Kind, Paper};
    use super::*;

    /// The reader is gone after this many checks.
    struct Leaving {
        looks: usize,
        bytes: usize,
    }

    impl Write for &mut Leaving {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.bytes += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.looks = self.looks.checked_sub(1).ok_or(std::io::ErrorKind::BrokenPipe)?;
            Ok(())
        }
    }

    fn pages(output: &mut Leaving, written: &AtomicU64) -> Result<(), RenderError> {
        let column = Column {
            name: "units",
            title: "Units",
            kind: Kind::Number,
            paper: Paper::Yes,
        };
        let document = Document {
            columns: vec![column],
            ..Document::default()
        };
        let mut pdf = Pdf::new(document, output, written);
        for number in 0..200 {
            let cells = vec![Cell::Number(number)];
            let currency = "GBP".to_owned();
            pdf.row(Row { currency, cells })?;
        }
        assert_eq!(written.load(Ordering::Relaxed), 0, "nothing is drawn yet");
        Box::new(pdf).finish(Vec::new())
    }

    #[test]
    fn rows_count_when_they_are_drawn_and_nobody_draws_for_somebody_who_has_gone() {
        let (mut stays, written) = (Leaving { looks: 1_000, bytes: 0 }, AtomicU64::new(0));
        pages(&mut stays, &written).unwrap();
        assert_eq!(written.load(Ordering::Relaxed), 200);
        assert!(stays.bytes > 0);

        let (mut leaves, written) = (Leaving { looks: 2, bytes: 0 }, AtomicU64::new(0));
        assert!(pages(&mut leaves, &written).is_err());
        assert!((1..200).contains(&written.load(Ordering::Relaxed)));
        assert_eq!(leaves.bytes, 0);
    }
}
