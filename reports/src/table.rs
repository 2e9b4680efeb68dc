//! The sales report as a table for files.

use files::write::{Cell, Column, Document, Format, Kind, Paper, Row};
use proto::v1::{SalesReply, SalesRow};

use super::calendar::Interval;
use super::request::{Group, Report};
use super::words;

/// A column and its value in a row.
struct Field {
    column: Column,
    value: fn(&SalesRow) -> Cell,
}

/// Gross sales less discounts, for an order, rounded half up.
pub(super) fn average(row: &SalesRow) -> Option<i64> {
    let orders = i128::from(row.orders);
    if orders <= 0 {
        return None;
    }
    let sold = i128::from(row.gross) - i128::from(row.discounts);
    i64::try_from((sold * 2 + orders).div_euclid(orders * 2)).ok()
}

/// Hundredths of a percent; `None`: nothing was there before.
pub(super) fn points(now: i64, before: i64) -> Option<i64> {
    if before == 0 {
        return None;
    }
    let change = (i128::from(now) - i128::from(before)) * 10_000;
    let before = i128::from(before).abs();
    let rounded = (change.abs() * 2 + before) / (before * 2) * change.signum();
    i64::try_from(rounded).ok()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn before(row: &SalesRow, value: fn(&SalesRow) -> i64) -> Cell {
    row.previous
        .as_deref()
        .map_or(Cell::Empty, |previous| Cell::Number(value(previous)))
}

macro_rules! fields {
    ($($name:literal $title:literal $kind:ident $paper:ident $value:expr;)*) => {
        vec![$(Field {
            column: Column { name: $name, title: $title, kind: Kind::$kind, paper: Paper::$paper },
            value: $value,
        }),*]
    };
}

/// In the order that programs know.
fn fields(compared: bool) -> Vec<Field> {
    let mut fields = fields! {
        "period" "Period" Date Yes |row| text(&row.period);
        "time_zone" "Time zone" Text No |_| Cell::Empty;
        "key" "Key" Text No |row| text(&row.key);
        "label" "Name" Text Yes |row| text(&row.label);
        "name" "Product" Text Yes |row| text(&row.name);
        "currency" "Currency" Text Yes |row| text(&row.currency);
        "orders" "Orders" Number Yes |row| Cell::Number(row.orders);
        "units" "Units" Number Yes |row| Cell::Number(row.units);
        "gross" "Gross sales" Money Yes |row| Cell::Number(row.gross);
        "credits" "Returns" Money Said |row| Cell::Number(row.credits);
        "credited_units" "Returned units" Number No |row| Cell::Number(row.credited_units);
        "net_units" "Net units" Number No |row| Cell::Number(row.units.saturating_sub(row.credited_units));
        "net" "Net sales" Money Yes |row| Cell::Number(row.net);
        "discounts" "Discounts" Money Said |row| Cell::Number(row.discounts);
        "tax" "Tax" Money Said |row| Cell::Number(row.tax);
        "total" "Total sales" Money Yes |row| Cell::Number(row.net.saturating_add(row.tax));
        "average_order_value" "Average order" Money Yes |row| average(row).map_or(Cell::Empty, Cell::Number);
        "new_customers" "New customers" Number No |row| Cell::Number(row.new_orders);
        "returning_orders" "Orders of returning" Number No |row| Cell::Number(row.returning_orders);
        "guest_orders" "Orders of guests" Number No |row| Cell::Number(row.guest_orders);
        "new_net" "Net of new" Money No |row| Cell::Number(row.new_net);
        "returning_net" "Net of returning" Money No |row| Cell::Number(row.returning_net);
        "guest_net" "Net of guests" Money No |row| Cell::Number(row.guest_net);
        "other" "All others" Flag No |row| Cell::Flag(row.other);
        "direct" "Itself" Flag No |row| Cell::Flag(row.direct);
    };
    if compared {
        fields.extend(fields! {
            "previous_from" "Compared from" Date No |row| row.previous.as_deref().map_or(Cell::Empty, |row| text(&row.from));
            "previous_to" "Compared to" Date No |row| row.previous.as_deref().map_or(Cell::Empty, |row| text(&row.to));
            "previous_orders" "Orders before" Number No |row| before(row, |row| row.orders);
            "previous_units" "Units before" Number No |row| before(row, |row| row.units);
            "previous_gross" "Gross before" Money No |row| before(row, |row| row.gross);
            "previous_discounts" "Discounts before" Money No |row| before(row, |row| row.discounts);
            "previous_credits" "Returns before" Money No |row| before(row, |row| row.credits);
            "previous_net" "Net before" Money Yes |row| before(row, |row| row.net);
            "previous_tax" "Tax before" Money No |row| before(row, |row| row.tax);
            "net_change" "Net change" Money No |row| row.previous.as_deref()
                .map_or(Cell::Empty, |before| Cell::Number(row.net.saturating_sub(before.net)));
            "net_change_points" "Change, %" Points Yes |row| row.previous.as_deref()
                .and_then(|before| points(row.net, before.net)).map_or(Cell::Empty, Cell::Number);
        });
    }
    fields
}

/// The order in which people read.
const FOR_PEOPLE: [&str; 16] = [
    "period",
    "label",
    "name",
    "currency",
    "orders",
    "units",
    "gross",
    "discounts",
    "credits",
    "net",
    "tax",
    "total",
    "average_order_value",
    "previous_net",
    "net_change",
    "net_change_points",
];

/// How rows of a report stand in a file.
pub(super) struct Layout {
    fields: Vec<Field>,
    format: Format,
    group: Group,
    interval: Interval,
    zone: &'static str,
}

impl Layout {
    pub(super) fn new(report: &Report, format: Format) -> Self {
        let mut fields = fields(report.compare.is_some());
        if matches!(format, Format::Pdf | Format::Xlsx) {
            let place = |field: &Field| {
                FOR_PEOPLE
                    .iter()
                    .position(|name| *name == field.column.name)
                    .unwrap_or(FOR_PEOPLE.len())
            };
            fields.sort_by_key(place);
            fields.retain(|field| match field.column.name {
                "key" | "label" => report.group != Group::None,
                "name" => report.group == Group::Product,
                _ => true,
            });
            for field in fields.iter_mut().filter(|field| field.column.name == "label") {
                field.column.title = words::member(report.group);
            }
        }
        Self {
            fields,
            format,
            group: report.group,
            interval: report.interval,
            zone: report.dates.zone.name(),
        }
    }

    /// On paper there is room for what says something.
    pub(super) fn leave_out(&mut self, reply: &SalesReply) {
        let same_period = || reply.rows.iter().all(|row| row.period == reply.rows[0].period);
        for field in &mut self.fields {
            let empty = match field.column.name {
                "currency" => reply.totals.len() < 2,
                "total" => reply.rows.iter().chain(&reply.totals).all(|row| row.tax == 0),
                "period" => self.group != Group::None && same_period(),
                _ => false,
            };
            if empty {
                field.column.paper = Paper::No;
            }
        }
    }

    pub(super) fn row(&self, row: &SalesRow, total: bool) -> Row {
        let people = matches!(self.format, Format::Pdf | Format::Xlsx);
        let cells = self.fields.iter().map(|field| match field.column.name {
            "time_zone" => text(self.zone),
            "period" | "label" if total && people => text("Total"),
            "period" if self.format == Format::Pdf => Cell::Text(words::interval(self.interval, &row.period)),
            "label" if people => Cell::Text(words::label(self.group, &row.key, &row.label, row.other, row.direct)),
            "label" if row.other => text("other"),
            "label" | "name" | "key" if people && cell_is_empty(&(field.value)(row)) => Cell::Empty,
            _ => (field.value)(row),
        });
        Row {
            currency: row.currency.clone(),
            cells: cells.collect(),
        }
    }

    /// What the file says above its rows, as far as the rows need not be known.
    pub(super) fn document(&self, report: &Report, shop: &str) -> Document {
        Document {
            shop: shop.to_owned(),
            title: words::title(report),
            period: words::period(report.dates),
            notes: notes(report),
            columns: self.fields.iter().map(|field| field.column.clone()).collect(),
            ..Document::default()
        }
    }
}

fn cell_is_empty(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if text.is_empty())
}

fn notes(report: &Report) -> Vec<String> {
    let mut notes = vec![words::convention(report.by_order_date).to_owned()];
    notes.extend(words::filter(&report.filter));
    if let Some(compare) = report.compare {
        let (from, to) = compare.whole(report.interval, (report.dates.from, report.dates.to));
        notes.push(format!("Compared with {}.", words::days(from, to)));
    }
    if let Some(top) = report.top {
        notes.push(format!("The first {top}; all others are in one row."));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_and_changes_are_rounded_to_the_nearest() {
        let row = |orders, gross, discounts| SalesRow {
            orders,
            gross,
            discounts,
            ..SalesRow::default()
        };
        assert_eq!(average(&row(3, 1_000, 0)), Some(333));
        assert_eq!(average(&row(2, 105, 4)), Some(51));
        assert_eq!(average(&row(0, 500, 0)), None);
        assert_eq!(points(150, 100), Some(5_000));
        assert_eq!(points(-50, 100), Some(-15_000));
        assert_eq!(points(2, 3), Some(-3_333));
        assert_eq!(points(100, -50), Some(30_000));
        assert_eq!(points(5, 0), None);
    }
}
