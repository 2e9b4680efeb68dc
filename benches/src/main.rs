//! Measures Tillroll beside pgbench on the same PostgreSQL in the same run. `benches/README.md` says how to read it.

mod append;
mod baseline;
mod cluster;
mod counter;
mod effort;
mod history;
mod http;
mod judged;
mod orders;
mod overload;
mod pgbench;
mod placing;
mod project;
mod reads;
mod relevance;
mod report;
mod reports;
mod seal;
mod server;
mod shop;
mod speed;

use std::path::Path;

use anyhow::{Result, bail};

const PARTS: [&str; 6] = ["append", "hot", "orders", "flash", "idle", "reads"];
/// Parts that run only when asked for: they take long, or much disk.
const EXTRA: [&str; 7] = ["history", "overload", "project", "reports", "sealed", "shop", "verify"];

#[tokio::main]
async fn main() -> Result<()> {
    let mut asked: Vec<String> = std::env::args().skip(1).collect();
    if asked.first().is_some_and(|part| part == reads::CONSTANT) {
        return reads::constant(&asked[1..]).await;
    }
    effort::choose(&mut asked);
    if asked.is_empty() {
        asked = PARTS.map(str::to_owned).to_vec();
    }
    if let Some(part @ ("relevance" | "search")) = asked.first().map(String::as_str) {
        return on_catalogue(part, &asked[1..]).await;
    }
    if let Some(unknown) = asked
        .iter()
        .find(|part| !PARTS.contains(&part.as_str()) && !EXTRA.contains(&part.as_str()))
    {
        let known = [PARTS.as_slice(), EXTRA.as_slice()].concat().join(", ");
        bail!("no part is called {unknown:?}; there are: {known}");
    }
    let cluster = cluster::Cluster::start().await?;
    let mut report = report::Report::default();
    for part in &asked {
        match part.as_str() {
            "append" => append::fresh(&cluster, &mut report).await?,
            "hot" => append::hot(&cluster, &mut report).await?,
            "orders" => orders::orders(&cluster, &mut report).await?,
            "reports" => reports::reports(&cluster, &mut report).await?,
            "reads" => reads::reads(&cluster, &mut report).await?,
            "flash" => orders::flash(&cluster, &mut report).await?,
            "history" => history::long_stream(&cluster).await?,
            "shop" => shop::shop(&cluster, &mut report).await?,
            "sealed" => seal::append(&cluster, &mut report).await?,
            "verify" => seal::verify(&cluster, &mut report).await?,
            "overload" => overload::overload(&cluster).await?,
            "project" => project::project(&cluster).await?,
            _ => orders::idle(&cluster).await?,
        }
        cluster.rest().await?;
    }
    report.close();
    cluster.stop().await
}

/// The parts that need a catalogue and no PostgreSQL: `--data DIR`, and `--meili URL` with `--key KEY` for the other engine.
async fn on_catalogue(part: &str, arguments: &[String]) -> Result<()> {
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let Some(data) = value("--data").map(Path::new) else {
        bail!("say where the catalogue is: {part} --data DIR");
    };
    let (url, key) = (value("--meili"), value("--key"));
    match part {
        "relevance" => relevance::run(data, value("--ranking").map(Path::new), url, key).await,
        _ => speed::run(data, url, key).await,
    }
}
