//! A sheet of a spreadsheet: numbers are numbers, texts are texts whatever they begin with.

use std::collections::HashMap;
use std::io::Write;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::money::digits;
use super::{Cell, Column, Document, Kind, RenderError, Renderer, Row};

const ACCENT: Color = Color::RGB(0x1F_4E_79);
const GREY: Color = Color::RGB(0x60_60_60);

pub(super) struct Xlsx<W: Write + Send> {
    workbook: Workbook,
    columns: Vec<Column>,
    formats: HashMap<(Kind2, String, bool), Format>,
    next: u32,
    output: W,
}

/// A kind that has a hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind2 {
    Text,
    Date,
    Time,
    Number,
    Money,
    Points,
    Flag,
}

impl<W: Write + Send> Xlsx<W> {
    pub(super) fn begin(document: &Document, output: W) -> Result<Self, RenderError> {
        let mut workbook = Workbook::new();
        // The time of making would make two files of the same report differ.
        let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
        let properties = DocProperties::new()
            .set_title(&document.title)
            .set_company(&document.shop)
            .set_subject(&document.period)
            .set_creation_datetime(&made);
        workbook.set_properties(&properties);
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name("Report")?;
        for (index, column) in (0..).zip(&document.columns) {
            let width = match column.kind {
                Kind::Text if column.name == "name" => 36.0,
                Kind::Text if column.name == "label" => 24.0,
                Kind::Text => 16.0,
                Kind::Time => 19.0,
                Kind::Money => 15.0,
                Kind::Date | Kind::Number | Kind::Points | Kind::Flag => 11.0,
            };
            sheet.set_column_width(index, width)?;
        }
        let mut line = 0;
        if !document.shop.is_empty() {
            sheet.write_string_with_format(line, 0, &document.shop, &Format::new().set_font_color(GREY))?;
            line += 1;
        }
        let title = Format::new().set_bold().set_font_size(16).set_font_color(ACCENT);
        sheet.write_string_with_format(line, 0, &document.title, &title)?;
        sheet.write_string_with_format(line + 1, 0, &document.period, &Format::new().set_bold())?;
        line += 2;
        for note in &document.notes {
            sheet.write_string_with_format(line, 0, note, &Format::new().set_font_color(GREY))?;
            line += 1;
        }
        line += 1;
        let header = Format::new()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(ACCENT)
            .set_align(FormatAlign::VerticalCenter)
            .set_text_wrap();
        for (index, column) in (0..).zip(&document.columns) {
            let format = match column.kind {
                Kind::Text | Kind::Date | Kind::Time | Kind::Flag => header.clone(),
                _ => header.clone().set_align(FormatAlign::Right),
            };
            sheet.write_string_with_format(line, index, column.title, &format)?;
        }
        sheet.set_freeze_panes(line + 1, 0)?;
        sheet.set_repeat_rows(line, line)?;
        sheet.set_landscape().set_print_fit_to_pages(1, 0);
        Ok(Self {
            workbook,
            columns: document.columns.clone(),
            formats: HashMap::new(),
            next: line + 1,
            output,
        })
    }

    fn write(&mut self, row: &Row, total: bool) -> Result<(), RenderError> {
        let line = self.next;
        self.next += 1;
        for (index, (column, cell)) in (0..).zip(self.columns.iter().zip(&row.cells)) {
            let kind = match column.kind {
                Kind::Text => Kind2::Text,
                Kind::Date => Kind2::Date,
                Kind::Time => Kind2::Time,
                Kind::Number => Kind2::Number,
                Kind::Money => Kind2::Money,
                Kind::Points => Kind2::Points,
                Kind::Flag => Kind2::Flag,
            };
            let format = self
                .formats
                .entry((kind, row.currency.clone(), total))
                .or_insert_with(|| format(kind, &row.currency, total));
            let sheet = self.workbook.worksheet_from_index(0)?;
            write(sheet, line, index, kind, cell, &row.currency, format)?;
        }
        Ok(())
    }
}

fn format(kind: Kind2, currency: &str, total: bool) -> Format {
    let format = match kind {
        Kind2::Text | Kind2::Flag => Format::new(),
        Kind2::Date => Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
        Kind2::Time => Format::new()
            .set_num_format("yyyy-mm-dd hh:mm:ss")
            .set_align(FormatAlign::Left),
        Kind2::Number => Format::new().set_num_format("#,##0"),
        Kind2::Points => Format::new().set_num_format("+0.0%;-0.0%;0.0%"),
        Kind2::Money => {
            let digits = digits(currency) as usize;
            let point = if digits == 0 { "" } else { "." };
            Format::new().set_num_format(format!("[${currency}] #,##0{point}{}", "0".repeat(digits)))
        }
    };
    if total {
        format.set_bold().set_border_top(FormatBorder::Thin)
    } else {
        format
    }
}

fn write(
    sheet: &mut Worksheet,
    line: u32,
    column: u16,
    kind: Kind2,
    cell: &Cell,
    currency: &str,
    format: &Format,
) -> Result<(), RenderError> {
    #[expect(clippy::cast_precision_loss, reason = "a spreadsheet has no other numbers")]
    let number = |number: i64| number as f64;
    match (cell, kind) {
        (Cell::Empty, _) => sheet.write_blank(line, column, format)?,
        (Cell::Number(amount), Kind2::Money) => {
            let scale = 10_i32.pow(digits(currency));
            sheet.write_number_with_format(line, column, number(*amount) / f64::from(scale), format)?
        }
        (Cell::Number(points), Kind2::Points) => {
            sheet.write_number_with_format(line, column, number(*points) / 10_000.0, format)?
        }
        (Cell::Number(value), _) => sheet.write_number_with_format(line, column, number(*value), format)?,
        (Cell::Text(text), Kind2::Date) => moment(sheet, line, column, text, format)?,
        (Cell::Flag(flag), _) => sheet.write_boolean_with_format(line, column, *flag, format)?,
        (Cell::Time(time), _) => {
            let local = time.format("%Y-%m-%dT%H:%M:%S").to_string();
            moment(sheet, line, column, &local, format)?
        }
        (Cell::Text(text), _) => {
            let text: String = text.chars().take(32_767).collect();
            sheet.write_string_with_format(line, column, text, format)?
        }
    };
    Ok(())
}

fn moment<'s>(
    sheet: &'s mut Worksheet,
    line: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<&'s mut Worksheet, XlsxError> {
    match ExcelDateTime::parse_from_str(text) {
        Ok(moment) => sheet.write_datetime_with_format(line, column, moment, format),
        // Before 1900 a spreadsheet knows no dates.
        Err(_) => sheet.write_string_with_format(line, column, text, format),
    }
}

impl<W: Write + Send> Renderer for Xlsx<W> {
    fn row(&mut self, row: Row) -> Result<(), RenderError> {
        self.write(&row, false)
    }

    fn finish(mut self: Box<Self>, totals: Vec<Row>) -> Result<(), RenderError> {
        for total in &totals {
            self.write(total, true)?;
        }
        self.workbook.save_to_writer(&mut self.output)?;
        Ok(self.output.flush()?)
    }
}
