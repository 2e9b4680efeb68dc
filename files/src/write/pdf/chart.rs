//! The chart: bars over time, a line where bars would be too thin, and bars that lie where groups are ranked.

use super::super::money::{digits, signed, symbol};
use super::super::{Chart, Point};
use super::canvas::{ACCENT, Align, BEFORE, Canvas, INK, MUTED, RULE, Style, float};

/// More bars than this are a line.
const MAX_BARS: usize = 62;
const TITLE: f32 = 16.0;

pub(super) fn draw(chart: &Chart, x: f32, y: f32, width: f32, height: f32, canvas: &mut Canvas<'_, '_>) {
    canvas.text(x, y + 9.0, &chart.title, Style::bold(9.0, INK), Align::Left, width);
    if chart.points.iter().any(|point| point.previous.is_some()) {
        let right = x + width;
        canvas.rect(right - 148.0, y + 2.5, 8.0, 8.0, ACCENT);
        canvas.text(
            right - 136.0,
            y + 9.5,
            "this period",
            Style::plain(8.0, MUTED),
            Align::Left,
            60.0,
        );
        canvas.rect(right - 78.0, y + 2.5, 8.0, 8.0, BEFORE);
        canvas.text(
            right - 66.0,
            y + 9.5,
            "compared with",
            Style::plain(8.0, MUTED),
            Align::Left,
            70.0,
        );
    }
    let (top, inner) = (y + TITLE + 6.0, height - TITLE - 6.0);
    if chart.over_time {
        over_time(chart, x, top, width, inner, canvas);
    } else {
        ranked(chart, x, top, width, inner, canvas);
    }
}

/// Below it the letters would not have room.
pub(super) fn least_height(chart: &Chart) -> f32 {
    if chart.over_time {
        90.0
    } else {
        TITLE + 6.0 + 9.5 * float(chart.points.len())
    }
}

fn values(points: &[Point]) -> impl Iterator<Item = i64> {
    points
        .iter()
        .flat_map(|point| [Some(point.value), point.previous])
        .flatten()
}

#[expect(clippy::cast_precision_loss, reason = "a height on a page")]
fn height_of(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a place on a page")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// A round step with which about four lines reach from the lowest to the highest value.
fn step(low: f64, high: f64) -> f64 {
    let raw = ((high - low) / 4.0).max(1.0);
    let scale = 10_f64.powf(raw.log10().floor());
    let rounded = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|step| step * scale >= raw);
    rounded.unwrap_or(10.0) * scale
}

fn over_time(chart: &Chart, x: f32, y: f32, width: f32, height: f32, canvas: &mut Canvas<'_, '_>) {
    let low = values(&chart.points).min().unwrap_or_default().min(0);
    let high = values(&chart.points).max().unwrap_or_default().max(0);
    let step = step(height_of(low), height_of(high).max(1.0));
    let (bottom, top) = (
        (height_of(low) / step).floor() * step,
        (height_of(high).max(1.0) / step).ceil() * step,
    );
    let (left, plot) = (x + 54.0, height - 16.0);
    let place = |value: f64| y + narrow((top - value) / (top - bottom)) * plot;
    let mut at = bottom;
    while at <= top + step / 2.0 {
        canvas.rect(left, place(at), width - 54.0, 0.5, RULE);
        let label = short(at, &chart.currency);
        canvas.text(
            left - 6.0,
            place(at) + 2.8,
            &label,
            Style::plain(7.5, MUTED),
            Align::Right,
            52.0,
        );
        at += step;
    }
    let count = chart.points.len();
    let slot = (width - 54.0) / float(count.max(1));
    let zero = place(0.0);
    if count <= MAX_BARS {
        for (index, point) in chart.points.iter().enumerate() {
            let start = left + slot * float(index);
            let (share, room) = if point.previous.is_some() {
                (0.36, 0.12)
            } else {
                (0.64, 0.18)
            };
            if let Some(previous) = point.previous {
                bar(
                    start + slot * room,
                    slot * share,
                    zero,
                    place(height_of(previous)),
                    BEFORE,
                    canvas,
                );
            }
            let offset = if point.previous.is_some() {
                room + share + 0.02
            } else {
                room
            };
            bar(
                start + slot * offset,
                slot * share,
                zero,
                place(height_of(point.value)),
                ACCENT,
                canvas,
            );
        }
    } else {
        let line = |value: fn(&Point) -> Option<i64>| -> Vec<(f32, f32)> {
            let points = chart.points.iter().enumerate();
            points
                .filter_map(|(index, point)| {
                    Some((left + slot * (float(index) + 0.5), place(height_of(value(point)?))))
                })
                .collect()
        };
        canvas.line(&line(|point| point.previous), 0.9, BEFORE);
        canvas.line(&line(|point| Some(point.value)), 1.2, ACCENT);
    }
    // As many labels as have room.
    let every = (count * 58 / 700).max(1);
    for (index, point) in chart
        .points
        .iter()
        .enumerate()
        .filter(|(index, _)| index.is_multiple_of(every))
    {
        let middle = left + slot * (float(index) + 0.5);
        let room = slot * float(every);
        canvas.text(
            middle,
            y + height - 3.0,
            &point.label,
            Style::plain(7.5, MUTED),
            Align::Middle,
            room.max(50.0),
        );
    }
    canvas.rect(left, zero - 0.4, width - 54.0, 0.8, MUTED);
}

fn bar(x: f32, width: f32, zero: f32, end: f32, colour: super::canvas::Colour, canvas: &mut Canvas<'_, '_>) {
    canvas.rect(x, zero.min(end), width, (zero - end).abs(), colour);
}

fn ranked(chart: &Chart, x: f32, y: f32, width: f32, height: f32, canvas: &mut Canvas<'_, '_>) {
    let high = values(&chart.points).map(i64::abs).max().unwrap_or_default().max(1);
    let slot = (height / float(chart.points.len().max(1))).min(22.0);
    let (names, amounts) = (170.0, 80.0);
    let plot = width - names - amounts;
    for (index, point) in chart.points.iter().enumerate() {
        let top = y + slot * float(index);
        let middle = top + slot / 2.0 + 2.8;
        canvas.text(
            x + names - 8.0,
            middle,
            &point.label,
            Style::plain(8.0, INK),
            Align::Right,
            names - 10.0,
        );
        let length = |value: i64| narrow(height_of(value.max(0)) / height_of(high)) * plot;
        let thick = slot * 0.66;
        if let Some(previous) = point.previous {
            canvas.rect(x + names, top + slot * 0.56, length(previous), slot * 0.26, BEFORE);
            canvas.rect(x + names, top + slot * 0.16, length(point.value), slot * 0.4, ACCENT);
        } else {
            canvas.rect(
                x + names,
                top + (slot - thick) / 2.0,
                length(point.value),
                thick,
                ACCENT,
            );
        }
        let amount = super::super::in_words(point.value, &chart.currency);
        let end = x + names + length(point.value.max(point.previous.unwrap_or_default())) + 6.0;
        canvas.text(end, middle, &amount, Style::plain(8.0, MUTED), Align::Left, amounts);
    }
}

/// An amount for an axis: 1.5k, 2M.
fn short(minor: f64, currency: &str) -> String {
    let major = minor / 10_f64.powi(digits(currency).cast_signed());
    let (scaled, unit) = match major.abs() {
        size if size >= 1e9 => (major / 1e9, "bn"),
        size if size >= 1e6 => (major / 1e6, "M"),
        size if size >= 1e3 => (major / 1e3, "k"),
        _ => (major, ""),
    };
    #[expect(clippy::cast_possible_truncation, reason = "fewer than a thousand tenths")]
    let tenths = (scaled * 10.0).round() as i64;
    let sign = if tenths < 0 { "−" } else { "" };
    let whole = signed((tenths / 10).abs());
    let fraction = if tenths % 10 == 0 {
        String::new()
    } else {
        format!(".{}", (tenths % 10).abs())
    };
    format!("{sign}{}{whole}{fraction}{unit}", symbol(currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_numbers() {
        let rounded = |low, high| short(step(low, high) * 100.0, "CHF");
        assert_eq!(
            [rounded(0.0, 100.0), rounded(0.0, 730.0), rounded(-50.0, 4_100.0)],
            ["CHF 25", "CHF 200", "CHF 2k"]
        );
        assert_eq!(short(150_000.0, "GBP"), "£1.5k");
        assert_eq!(short(-200_000_000.0, "EUR"), "−€2M");
        assert_eq!(short(0.0, "CHF"), "CHF 0");
    }
}
