//! Measures Tillroll beside pgbench on the same PostgreSQL in the same run. `benches/README.md` says how to read it.

mod append;
mod cluster;
mod counter;
mod http;
mod orders;
mod overload;
mod pgbench;
mod project;
mod reads;
mod report;
mod seal;
mod server;

use anyhow::{Result, bail};

/// Concurrent callers, connections or buyers.
const CALLERS: u32 = 64;
/// Seconds of one run.
const SECONDS: u32 = 8;
/// Runs of each, in turn with the peer's, so that a drifting machine drifts for both.
const ROUNDS: usize = 3;

const PARTS: [&str; 6] = ["append", "hot", "orders", "flash", "idle", "reads"];
/// Parts that run only when asked for.
const EXTRA: [&str; 4] = ["overload", "project", "sealed", "verify"];

#[tokio::main]
async fn main() -> Result<()> {
    let mut asked: Vec<String> = std::env::args().skip(1).collect();
    if asked.first().is_some_and(|part| part == reads::CONSTANT) {
        return reads::constant(&asked[1..]).await;
    }
    if asked.is_empty() {
        asked = PARTS.map(str::to_owned).to_vec();
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
            "reads" => reads::reads(&cluster, &mut report).await?,
            "flash" => orders::flash(&cluster, &mut report).await?,
            "sealed" => seal::append(&cluster, &mut report).await?,
            "verify" => seal::verify(&cluster, &mut report).await?,
            "overload" => overload::overload(&cluster).await?,
            "project" => project::project(&cluster).await?,
            _ => orders::idle(&cluster).await?,
        }
    }
    report.close();
    cluster.stop().await
}
