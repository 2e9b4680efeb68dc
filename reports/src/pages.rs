//! The sales report on pages: its table with figures and a chart.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days};
use files::write::{Chart, Document, Figure, Format, Point, Row, in_words};
use proto::v1::{SalesReply, SalesRow};

use super::table::{Layout, average, points};
use crate::request::{Group, Report};
use crate::words;

/// Most bars of a ranking.
pub(super) const RANKED: usize = 10;

/// What stands on the pages of a report.
pub(super) struct Pages {
    pub(super) document: Document,
    pub(super) rows: Vec<Row>,
    pub(super) totals: Vec<Row>,
}

pub(super) fn pages(report: &Report, reply: &SalesReply, shop: &str) -> Pages {
    let mut layout = Layout::new(report, Format::Pdf);
    layout.leave_out(reply);
    let mut document = layout.document(report, shop);
    if let ([only], Some(note)) = (reply.totals.as_slice(), document.notes.first_mut()) {
        *note = format!("All amounts in {}. {note}", only.currency);
    }
    Pages {
        document: Document {
            figures: figures(reply),
            chart: chart(report, reply),
            ..document
        },
        rows: reply.rows.iter().map(|row| layout.row(row, false)).collect(),
        totals: reply.totals.iter().map(|row| layout.row(row, true)).collect(),
    }
}

/// The total with the most orders: figures and chart show one currency.
fn main_total(reply: &SalesReply) -> Option<&SalesRow> {
    reply.totals.iter().max_by_key(|total| (total.orders, total.net))
}

fn figures(reply: &SalesReply) -> Vec<Figure> {
    let Some(total) = main_total(reply) else {
        return Vec::new();
    };
    let change = |value: fn(&SalesRow) -> Option<i64>| {
        let now = value(total)?;
        let before = value(total.previous.as_deref()?)?;
        Some(files::write::percent(points(now, before)?))
    };
    let figure = |title: &str, text: String, value: fn(&SalesRow) -> Option<i64>| Figure {
        title: match reply.totals.as_slice() {
            [_] => title.to_owned(),
            _ => format!("{title}, {}", total.currency),
        },
        value: text,
        change: change(value).unwrap_or_default(),
    };
    let money = |amount: i64| in_words(amount, &total.currency);
    let count = |number: i64| files::write::grouped(number.unsigned_abs());
    vec![
        figure("Net sales", money(total.net), |row| Some(row.net)),
        figure("Orders", count(total.orders), |row| Some(row.orders)),
        figure(
            "Average order value",
            average(total).map_or_else(|| "–".to_owned(), money),
            average,
        ),
        figure("New customers", count(total.new_orders), |row| Some(row.new_orders)),
    ]
}

fn chart(report: &Report, reply: &SalesReply) -> Option<Chart> {
    let currency = main_total(reply)?.currency.clone();
    let rows = reply.rows.iter().filter(|row| row.currency == currency);
    let title = format!("Net sales, {currency}");
    if report.group == Group::None {
        let years = report.dates.from.year() != (report.dates.to - Days::new(1)).year();
        let points: Vec<Point> = rows
            .map(|row| Point {
                label: words::tick(report.interval, &row.period, years),
                value: row.net,
                previous: row.previous.as_deref().map(|row| row.net),
            })
            .collect();
        return (points.len() > 1).then_some(Chart {
            title,
            currency,
            over_time: true,
            points,
        });
    }
    let mut sums: BTreeMap<(&str, bool), Point> = BTreeMap::new();
    for row in rows.filter(|row| !row.other) {
        let point = sums.entry((&row.key, row.direct)).or_insert_with(|| {
            let label = words::label(report.group, &row.key, &row.label, false, row.direct);
            let label = if row.name.is_empty() || row.name == label {
                label
            } else {
                row.name.clone()
            };
            Point {
                label,
                value: 0,
                previous: None,
            }
        });
        point.value = point.value.saturating_add(row.net);
        if let Some(previous) = row.previous.as_deref() {
            point.previous = Some(point.previous.unwrap_or_default().saturating_add(previous.net));
        }
    }
    let mut points: Vec<Point> = sums.into_values().collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.value));
    points.truncate(RANKED);
    (!points.is_empty()).then_some(Chart {
        title,
        currency,
        over_time: false,
        points,
    })
}
