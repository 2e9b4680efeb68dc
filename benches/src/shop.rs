//! A shop of a hundred thousand products, all in one process, asked over HTTP: searches with facets, keystrokes, listings, and how
//! soon a write is found while orders come in.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::cluster::Cluster;
use crate::effort::{rounds, seconds};
use crate::http::Connection;
use crate::orders;
use crate::placing;
use crate::reads::load;
use crate::report::{self, Report, median, milliseconds};
use crate::server::{Server, expect};

const PRODUCTS: usize = 100_000;
/// Connections that fill the shop.
const WORKERS: usize = 32;
/// Products that orders are for, beside the others.
const SOLD: u32 = 10_000;
const PLENTY: i64 = 1_000_000_000;
/// Searches a second.
const RATE: u64 = 200;
/// Connections that they come over.
const SEARCHERS: u64 = 16;

const BRANDS: [&str; 12] = [
    "Acorn",
    "Birchwood",
    "Cobalt",
    "Dunmore",
    "Ember",
    "Fjord",
    "Granite",
    "Harbour",
    "Iris",
    "Juniper",
    "Kestrel",
    "Lumen",
];
const COLOURS: [&str; 8] = ["black", "white", "red", "blue", "green", "grey", "yellow", "orange"];
const KINDS: [(&str, &str); 16] = [
    ("kitchen/mugs", "enamel mug"),
    ("kitchen/kettles", "electric kettle"),
    ("kitchen/knives", "chef knife"),
    ("office/lamps", "desk lamp"),
    ("office/chairs", "office chair"),
    ("office/pens", "fountain pen"),
    ("electronics/phones", "wireless phone"),
    ("electronics/audio", "bluetooth headphones"),
    ("electronics/audio", "portable speaker"),
    ("electronics/computers", "gaming keyboard"),
    ("electronics/computers", "wireless mouse"),
    ("electronics/computers", "laptop sleeve"),
    ("outdoor/tents", "family tent"),
    ("outdoor/bags", "hiking backpack"),
    ("outdoor/bottles", "steel bottle"),
    ("outdoor/lights", "camping lantern"),
];
const ABOUT: [&str; 10] = [
    "made to last",
    "dishwasher safe",
    "recycled material",
    "two years of warranty",
    "light and sturdy",
    "for small hands",
    "award winning design",
    "easy to clean",
    "folds flat",
    "hand finished in small batches",
];
const QUERIES: [&str; 16] = [
    "enamel mug",
    "red mug",
    "kettle",
    "blue office chair",
    "acorn lamp",
    "wireless mouse",
    "bluetooth headphones black",
    "keybord",
    "wirelss phone",
    "hiking backpack green",
    "steel bottle 750",
    "kestrel tent",
    "lantern",
    "fountain pens",
    "birchwood knife",
    "portable speeker",
];

fn product(nth: usize) -> serde_json::Value {
    // The digits of a number of mixed base, so that everything meets everything.
    let (category, kind) = KINDS[nth % KINDS.len()];
    let rest = nth / KINDS.len();
    let (colour, rest) = (COLOURS[rest % COLOURS.len()], rest / COLOURS.len());
    let (brand, rest) = (BRANDS[rest % BRANDS.len()], rest / BRANDS.len());
    let size = [250, 500, 750, 1_000][rest % 4];
    let about = |at: usize| ABOUT[(nth / 3 + at * 7) % ABOUT.len()];
    json!({
        "sku": format!("SHOP-{nth}"),
        "name": format!("{brand} {kind} {colour} {size} M{nth}"),
        "description": format!("A {colour} {kind} by {brand}: {}, {}, {}.", about(0), about(1), about(2)),
        "price": {"amount": 500 + nth * 7_919 % 100_000, "currency": "GBP"},
        "category": category,
        "status": "active",
        "attributes": {"brand": brand, "colour": colour, "size": size, "rating": 1 + nth / 11 % 5},
    })
}

/// Creates the products, and waits until all are found.
async fn fill(server: &Server, login: &str) -> Result<()> {
    let workers = (0..WORKERS).map(|worker| {
        let (address, login) = (server.address, login.to_owned());
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut token = String::new();
            for nth in (worker..PRODUCTS).step_by(WORKERS) {
                let body = product(nth).to_string();
                let answer = connection.send("POST", "/v1/products", &login, &body).await?;
                expect(201, &answer)?;
                answer
                    .header("consistency-token")
                    .context("no token")?
                    .clone_into(&mut token);
            }
            anyhow::Ok(token)
        })
    });
    let mut connection = Connection::open(server.address).await?;
    for worker in workers.collect::<Vec<_>>() {
        let token = worker.await??;
        let headers = format!("Consistency-Token: {token}\r\n");
        let start = Instant::now();
        while connection.send("GET", "/v1/products?q=mug", &headers, "").await?.status != 200 {
            ensure!(start.elapsed() < Duration::from_mins(5), "the products are not found");
        }
    }
    Ok(())
}

/// Sends at a fixed rate, whatever the answers take, and counts from the moment at which each was due; where nothing but the clock was
/// waited for, from the moment at which that woke us, which is up to a millisecond later.
async fn at_rate(server: &Server, paths: &Arc<Vec<String>>) -> Result<Histogram<u64>> {
    let searchers = (0..SEARCHERS).map(|searcher| {
        let (address, paths) = (server.address, Arc::clone(paths));
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut times = Histogram::<u64>::new(3)?;
            let pace = Duration::from_secs(SEARCHERS) / u32::try_from(RATE)?;
            tokio::time::sleep(pace.mul_f64(0.001 * f64::from(u32::try_from(searcher * 61 % 1_000)?))).await;
            let mut ticks = interval(pace);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for nth in 0..RATE * u64::from(seconds()) / SEARCHERS {
                let free = Instant::now();
                let due = ticks.tick().await;
                let begin = if free < due { Instant::now() } else { due };
                let path = &paths[usize::try_from(nth * SEARCHERS + searcher)? % paths.len()];
                expect(200, &connection.send("GET", path, "", "").await?)?;
                times.record(u64::try_from(begin.elapsed().as_micros())?)?;
            }
            anyhow::Ok(times)
        })
    });
    let mut all = Histogram::new(3)?;
    for searcher in searchers.collect::<Vec<_>>() {
        all.add(searcher.await??)?;
    }
    Ok(all)
}

/// One after the other.
async fn alone(server: &Server, paths: &[String]) -> Result<Histogram<u64>> {
    let mut connection = Connection::open(server.address).await?;
    let mut times = Histogram::<u64>::new(3)?;
    for path in paths.iter().cycle().take(2_000) {
        let sent = Instant::now();
        expect(200, &connection.send("GET", path, "", "").await?)?;
        times.record(u64::try_from(sent.elapsed().as_micros())?)?;
    }
    Ok(times)
}

fn show(report: &mut Report, what: &str, times: &Histogram<u64>, target_ms: f64) {
    let quantiles = [("p50", 0.5), ("p99", 0.99), ("max", 1.0)];
    let quantiles = quantiles.map(|(name, quantile)| format!("{name} {}", milliseconds(times, quantile)));
    report::figure(what, &format!("{} ({} requests)", quantiles.join(", "), times.len()));
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a request")]
    let p99 = times.value_at_quantile(0.99) as f64 / 1000.0;
    report.ratio(&format!("{what}: {target_ms} ms / p99"), target_ms / p99, Some(1.0));
}

fn encoded(query: &str) -> String {
    query.replace(' ', "+")
}

/// Every category in four orders.
fn listings() -> Vec<String> {
    let orders = ["-created_at", "name", "price", "-price"];
    let of = |(category, _): &(&str, &str)| {
        orders.map(|order| format!("/v1/products?category={category}&sort={order}&limit=24"))
    };
    KINDS.iter().flat_map(of).collect()
}

pub(crate) async fn shop(cluster: &Cluster, report: &mut Report) -> Result<()> {
    report::section(&format!("A shop of {PRODUCTS} products, one process, over HTTP"));
    let database = cluster.database("shop").await?;
    let server = Server::start(&database.url).await?;
    let login = server.log_in().await?;
    let start = Instant::now();
    fill(&server, &login).await?;
    report::figure(
        "products created one by one until all are found",
        &format!("{:.0} s", start.elapsed().as_secs_f64()),
    );

    let searches = QUERIES.map(|query| {
        let facets = "facets=category,in_stock,attr.brand,attr.colour,price";
        format!("/v1/products?q={}&limit=20&highlight=true&{facets}", encoded(query))
    });
    let searches = Arc::new(searches.to_vec());
    alone(&server, &searches).await?;
    for round in 1..=rounds() {
        let times = at_rate(&server, &searches).await?;
        show(
            report,
            &format!("{RATE} searches/s with five facets and highlights, round {round}"),
            &times,
            10.0,
        );
    }
    let keystrokes: Vec<String> = QUERIES
        .iter()
        .flat_map(|query| (1..=query.len()).map(|end| &query[..end]))
        .map(|typed| format!("/v1/products/suggest?q={}", encoded(typed.trim_end())))
        .collect();
    alone(&server, &keystrokes).await?;
    show(
        report,
        "as you type, every keystroke, alone",
        &alone(&server, &keystrokes).await?,
        5.0,
    );

    let (mut plain, mut chosen) = (Vec::new(), Vec::new());
    let all = Arc::new(vec!["/v1/products?limit=24".to_owned()]);
    let listings = Arc::new(listings());
    for _ in 0..rounds() {
        plain.push(load(server.address, &all, "", 200).await?.0);
        chosen.push(load(server.address, &listings, "", 200).await?.0);
    }
    report::rate("plain listings of 24, 64 connections", &plain);
    report.ratio("plain listings / 2,000 a second", median(&plain) / 2_000.0, Some(1.0));
    report::rate("listings of 24 of a category, in four orders", &chosen);

    let sold = Arc::new(server.products(&login, "sold", SOLD, PLENTY).await?);
    orders::caught_up(&server, &database.pool).await?;
    let peak = placing::place(&server, &login, &sold, 2, false).await?.per_second;
    orders::caught_up(&server, &database.pool).await?;
    report::figure("peak of orders beside the index", &format!("{peak:.0}/s"));
    let seen = orders::lag(&server, &login, &sold, peak / 2.0, |_| {
        "/v1/products?q=product&limit=1".to_owned()
    })
    .await?;
    show(
        report,
        "from a write to the search that shows it, at half of that",
        &seen,
        1_000.0,
    );
    server.stop().await
}
