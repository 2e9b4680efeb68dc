//! The curve as a table and as a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::Step;

const BEGIN: &str = "<!-- written by `overload` from here on -->";
const END: &str = "<!-- written by `overload` up to here -->";

pub(super) fn table(capacity: f64, with: &[Step], without: &[Step], recovered: &str) -> String {
    let mut text = format!(
        "Capacity in a closed loop with 64 connections: {capacity:.0} orders/s.\n\n\
         | offered | shedding | sent/s | accepted/s | refused/s | failed | p50 | p99 | a bystander's p99 |\n\
         |---|---|---|---|---|---|---|---|---|\n"
    );
    for (kind, steps) in [("on", with), ("off", without)] {
        for step in steps {
            let _ = writeln!(
                text,
                "| {:.1}x | {kind} | {:.0} | {:.0} | {:.0} | {} | {:.0} ms | {:.0} ms | {:.0} ms |",
                step.multiple,
                step.offered,
                step.accepted,
                step.shed,
                step.failed,
                step.p50,
                step.p99,
                step.bystander_p99
            );
        }
    }
    let _ = write!(text, "\nAfter 4x with shedding: {recovered}.");
    text
}

pub(super) fn write(table: &str, with: &[Step], without: &[Step]) -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = docs.join("overload.md");
    let text = std::fs::read_to_string(&page).context("docs/overload.md")?;
    let (before, rest) = text
        .split_once(BEGIN)
        .context("docs/overload.md has no place for the table")?;
    let (_, after) = rest
        .split_once(END)
        .context("docs/overload.md has no place for the table")?;
    std::fs::write(&page, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    std::fs::write(docs.join("overload.svg"), picture(with, without))?;
    Ok(())
}

/// Left, orders accepted a second; right, the 99th percentile of their latency, logarithmic.
fn picture(with: &[Step], without: &[Step]) -> String {
    let all = || with.iter().chain(without);
    let most = all().map(|step| step.accepted).fold(1.0, f64::max) * 1.1;
    let slowest = all().map(|step| step.p99).fold(10.0, f64::max).log10().ceil();
    let mut text = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 920 360\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"920\" height=\"360\" fill=\"#fff\"/>\n",
    );
    panel(&mut text, 0.0, "orders accepted a second", most, |value| {
        format!("{value:.0}")
    });
    lines(&mut text, 0.0, with, without, |step| step.accepted / most);
    panel(
        &mut text,
        460.0,
        "p99 of the accepted, milliseconds (logarithmic)",
        slowest,
        |value| format!("{:.0}", 10_f64.powf(value)),
    );
    lines(&mut text, 460.0, with, without, |step| {
        step.p99.max(1.0).log10() / slowest
    });
    text.push_str("</svg>\n");
    text
}

const LEFT: f64 = 70.0;
const WIDTH: f64 = 360.0;
const TOP: f64 = 50.0;
const HEIGHT: f64 = 240.0;
const WIDEST: f64 = 4.2;

fn panel(text: &mut String, x: f64, title: &str, most: f64, label: impl Fn(f64) -> String) {
    let left = x + LEFT;
    let _ = writeln!(text, "<text x=\"{left}\" y=\"28\" font-weight=\"bold\">{title}</text>");
    for tick in 0..=4 {
        let share = f64::from(tick) / 4.0;
        let y = TOP + HEIGHT * (1.0 - share);
        let _ = writeln!(
            text,
            "<path d=\"M{left} {y}h{WIDTH}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            left - 8.0,
            y + 4.0,
            label(most * share)
        );
    }
    for multiple in 0..=4 {
        let at = left + WIDTH * f64::from(multiple) / WIDEST;
        let _ = writeln!(
            text,
            "<text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{multiple}x</text>",
            TOP + HEIGHT + 20.0
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">offered, in multiples of the capacity</text>",
        left + WIDTH / 2.0,
        TOP + HEIGHT + 42.0
    );
}

fn lines(text: &mut String, x: f64, with: &[Step], without: &[Step], share: impl Fn(&Step) -> f64) {
    for (steps, colour, name, row) in [
        (with, "#06c", "with load shedding", 0.0),
        (without, "#c33", "without", 1.0),
    ] {
        let points: Vec<String> = steps
            .iter()
            .map(|step| {
                let at = x + LEFT + WIDTH * step.multiple / WIDEST;
                format!("{at:.1},{:.1}", TOP + HEIGHT * (1.0 - share(step)))
            })
            .collect();
        let _ = writeln!(
            text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/><text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
            points.join(" "),
            x + LEFT + 10.0,
            TOP + 18.0 + 18.0 * row
        );
    }
}
