//! How fast the search engines answer, alone on the machine: the engines themselves, without HTTP and without the read model.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use search::{Change, Document, Engine, Facet, Filter, Meilisearch, Page, Request, Settings, Start, Status, Tantivy};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::judged;

const INDEX: &str = "speed";
const PRODUCTS: usize = 100_000;
const AT_ONCE: usize = 5_000;
/// Seconds of one run.
const SECONDS: u64 = 10;
/// Searches a second with facets.
const RATE: u64 = 200;

const QUERIES: &[&str] = &[
    "laptop",
    "black laptop",
    "wireless mouse",
    "usb hub",
    "hdmi cable 2m",
    "samsung",
    "laser printer",
    "toner cartridge black",
    "gaming keyboard",
    "external hard drive",
    "ddr3 memory 4gb",
    "notebook 15 inch intel core i5",
    "phone case",
    "monitor 24",
    "network switch",
    "ssd 256gb",
    "headphones",
    "ink cartridge",
    "docking station",
    "power supply 500w",
    "labtop",
    "keybord",
    "hedphones",
    "wirelss router",
    "projecter",
    "webcam",
    "tablet",
    "server rack",
    "lenovo thinkpad",
    "hp probook",
];

/// Fills each engine with a hundred thousand products made of the catalogue in a folder, and asks.
pub(crate) async fn run(data: &Path, url: Option<&str>, key: Option<&str>) -> Result<()> {
    let products = many(&judged::products(&data.join("products.jsonl.zst"))?);
    let folder = tempfile::tempdir()?;
    measure(Arc::new(Tantivy::open(folder.path()).await?), &products).await?;
    if let Some(url) = url {
        measure(Arc::new(Meilisearch::new(url, key, "bench-")?), &products).await?;
    }
    Ok(())
}

/// The catalogue several times over, each copy with another id, price, date and model number.
fn many(catalogue: &[Document]) -> Vec<Document> {
    let copies = catalogue.iter().cycle().take(PRODUCTS).enumerate();
    let copy = |(at, product): (usize, &Document)| {
        let copy = at / catalogue.len();
        let mut product = product.clone();
        if copy > 0 {
            product.id = format!("{}-{copy}", product.id);
            product.sku = format!("{} V{copy}", product.sku);
            product.name = format!("{} Edition {copy}", product.name);
        }
        let spread = i64::try_from(at).unwrap_or_default();
        product.price.amount = product.price.amount * (100 + spread % 37) / 100;
        product.units_sold = spread * 7_919 % 1_000;
        product.in_stock = at % 9 != 0;
        product.category = format!("department-{}/shelf-{}", at % 12, at % 144);
        product
    };
    copies.map(copy).collect()
}

async fn measure(engine: Arc<dyn Engine>, products: &[Document]) -> Result<()> {
    println!("\n{}, {} products:", engine.name(), products.len());
    engine.create(INDEX, &Settings::default()).await?;
    let begin = Instant::now();
    for some in products.chunks(AT_ONCE) {
        let changes = some.iter().map(|product| Change::Put(Box::new(product.clone())));
        engine.apply(INDEX, changes.collect(), "bench").await?;
    }
    println!("- filled in {:.1} s", begin.elapsed().as_secs_f64());

    let facets = vec![
        Facet::Category,
        Facet::InStock,
        Facet::Attribute("brand".to_owned()),
        Facet::Attribute("product_colour".to_owned()),
        Facet::Attribute("product_type".to_owned()),
    ];
    let plain = Request {
        filter: Filter {
            statuses: vec![Status::Active],
            ..Filter::default()
        },
        page: Page {
            limit: 20,
            start: Start::Offset(0),
        },
        ..Request::default()
    };
    let searches = QUERIES.iter().map(|query| Request {
        words: (*query).to_owned(),
        facets: facets.clone(),
        price_statistics: true,
        highlight: true,
        ..plain.clone()
    });
    let searches: Vec<Request> = searches.collect();
    at_rate(
        &engine,
        "searches with five facets, prices and highlights",
        &searches,
        RATE,
    )
    .await?;

    let typed = QUERIES.iter().flat_map(|query| {
        let ends = query.char_indices().skip(1).map(|(end, _)| end).chain([query.len()]);
        ends.map(|end| query[..end].to_owned())
    });
    let typing = typed.map(|words| Request {
        words,
        as_you_type: true,
        page: Page {
            limit: 8,
            start: Start::Offset(0),
        },
        highlight: true,
        ..plain.clone()
    });
    let typing: Vec<Request> = typing.collect();
    one_by_one(&engine, "as you type, every keystroke, alone", &typing).await?;
    one_by_one(&engine, "searches with facets, alone", &searches).await?;
    one_by_one(&engine, "plain listing, alone", std::slice::from_ref(&plain)).await?;
    let listing = Request {
        facets: facets.clone(),
        ..plain
    };
    one_by_one(&engine, "listing with facets, alone", &[listing]).await?;

    // A little write every tenth of a second, as sales make them.
    let writing = tokio::spawn(write(
        Arc::clone(&engine),
        products.iter().take(2_000).cloned().collect(),
    ));
    at_rate(
        &engine,
        "searches with facets beside 10 writes/s of 20 products",
        &searches,
        RATE,
    )
    .await?;
    writing.abort();
    engine.drop_index(INDEX).await?;
    Ok(())
}

async fn write(engine: Arc<dyn Engine>, products: Vec<Document>) -> Result<()> {
    let mut ticks = interval(Duration::from_millis(100));
    for some in products.chunks(20).cycle() {
        ticks.tick().await;
        let changes = some.iter().map(|product| Change::Put(Box::new(product.clone())));
        engine.apply(INDEX, changes.collect(), "bench").await?;
    }
    Ok(())
}

/// Sends at a fixed rate, whatever the answers take, and counts from the moment at which each was due.
async fn at_rate(engine: &Arc<dyn Engine>, what: &str, requests: &[Request], rate: u64) -> Result<()> {
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(rate)?);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut running = JoinSet::new();
    for request in requests.iter().cycle().take(usize::try_from(rate * SECONDS)?) {
        let due = ticks.tick().await;
        let (engine, request) = (Arc::clone(engine), request.clone());
        running.spawn(async move { engine.search(INDEX, &request).await.map(|_| due.elapsed()) });
    }
    let mut times = Histogram::<u64>::new(3)?;
    let mut failed = 0;
    while let Some(done) = running.join_next().await {
        match done? {
            Ok(time) => times.record(u64::try_from(time.as_micros())?)?,
            Err(_) => failed += 1,
        }
    }
    report(what, &times);
    if failed > 0 {
        println!("  and {failed} without an answer in time");
    }
    Ok(())
}

async fn one_by_one(engine: &Arc<dyn Engine>, what: &str, requests: &[Request]) -> Result<()> {
    let mut times = Histogram::<u64>::new(3)?;
    let end = Instant::now() + Duration::from_secs(SECONDS / 2);
    for request in requests.iter().cycle() {
        let begin = Instant::now();
        if begin > end {
            break;
        }
        engine.search(INDEX, request).await?;
        times.record(u64::try_from(begin.elapsed().as_micros())?)?;
    }
    report(what, &times);
    Ok(())
}

fn report(what: &str, times: &Histogram<u64>) {
    let at = |quantile| Duration::from_micros(times.value_at_quantile(quantile)).as_secs_f64() * 1e3;
    println!(
        "- {what}: p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms ({} answers)",
        at(0.5),
        at(0.99),
        at(1.0),
        times.len()
    );
}
