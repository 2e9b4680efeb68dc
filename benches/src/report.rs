//! What was seen, as text that can be pasted into the README.

use hdrhistogram::Histogram;

/// The middle of the runs.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A heading.
pub(crate) fn section(title: &str) {
    println!("\n### {title}\n");
}

/// A rate with all of its runs, so that the noise shows.
pub(crate) fn rate(what: &str, runs: &[f64]) {
    let all: Vec<String> = runs.iter().map(|run| format!("{run:.0}")).collect();
    println!("- {what}: {:.0}/s (runs: {})", median(runs), all.join(", "));
}

/// Any other figure.
pub(crate) fn figure(what: &str, value: &str) {
    println!("- {what}: {value}");
}

/// A quantile of latencies in microseconds, in milliseconds.
pub(crate) fn milliseconds(latency: &Histogram<u64>, quantile: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a request")]
    let value = latency.value_at_quantile(quantile) as f64 / 1000.0;
    format!("{value:.1} ms")
}

/// Remembers which targets were missed.
#[derive(Default)]
pub(crate) struct Report {
    missed: Vec<String>,
}

impl Report {
    /// A ratio beside its target.
    pub(crate) fn ratio(&mut self, what: &str, value: f64, target: Option<f64>) {
        match target {
            Some(target) if value < target => {
                println!("- {what}: {value:.2}x, MISSED (target {target}x)");
                self.missed.push(what.to_owned());
            }
            Some(target) => println!("- {what}: {value:.2}x (target {target}x)"),
            None => println!("- {what}: {value:.2}x"),
        }
    }

    /// Says what fell short.
    pub(crate) fn close(&self) {
        if self.missed.is_empty() {
            println!("\nEvery target of the parts that ran was met.");
        } else {
            println!("\nMissed: {}", self.missed.join("; "));
        }
    }
}
