//! What happens beyond capacity: orders offered at multiples of it, in an open loop, with and without load shedding.

mod chart;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::http::Connection;
use crate::report;
use crate::server::Server;

const PRODUCTS: u32 = 1_000;
const PLENTY: i64 = 1_000_000_000;
/// Connections of the closed loop that finds the capacity.
const CALLERS: usize = 64;
const CAPACITY_TIME: Duration = Duration::from_secs(6);
/// How long each multiple is offered.
const STEP: Duration = Duration::from_secs(6);
const RECOVERY: Duration = Duration::from_secs(3);
const MULTIPLES: [f64; 6] = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0];
/// A client that has this many requests open sends no more for the moment: it would run out of ports and memory before the server.
const MOST_OPEN: u64 = 3_000;
/// A request that takes longer is given up.
const GIVE_UP: Duration = Duration::from_secs(15);

/// What was seen at one multiple.
pub(crate) struct Step {
    pub(crate) multiple: f64,
    pub(crate) offered: f64,
    pub(crate) accepted: f64,
    pub(crate) shed: f64,
    pub(crate) failed: u64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) bystander_p99: f64,
}

/// Requests and what became of them.
#[derive(Default)]
struct Tally {
    offered: u64,
    accepted: u64,
    shed: u64,
    failed: u64,
    latency: Vec<u64>,
}

/// A shop under load.
struct Target {
    server: Server,
    login: String,
    products: Vec<String>,
    idle: Mutex<Vec<Connection>>,
    open: AtomicU64,
    sequence: AtomicU64,
}

impl Target {
    async fn start(cluster: &Cluster, name: &str, flags: &[&str]) -> Result<Arc<Self>> {
        let database = cluster.database(name).await?;
        let server = Server::start_with(&database.url, flags).await?;
        let login = server.log_in().await?;
        let products = server.products(&login, name, PRODUCTS, PLENTY).await?;
        Ok(Arc::new(Self {
            server,
            login,
            products,
            idle: Mutex::default(),
            open: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
        }))
    }

    /// One order, over a connection that is free or a new one; its status.
    async fn order(&self) -> Result<u16> {
        let number = self.sequence.fetch_add(1, Ordering::Relaxed);
        let index = usize::try_from(number.wrapping_mul(7_919) % u64::from(PRODUCTS))?;
        let body = json!({"lines": [{"product_id": self.products[index], "quantity": 1}]}).to_string();
        let free = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => Connection::open(self.server.address).await?,
        };
        let answer = connection.send("POST", "/v1/orders", &self.login, &body).await?;
        if answer.header("connection") != Some("close") {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
        Ok(answer.status)
    }
}

/// Orders a second that the system answers when each caller waits for its answer.
async fn capacity(target: &Arc<Target>) -> Result<f64> {
    let end = Instant::now() + CAPACITY_TIME;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let target = Arc::clone(target);
        callers.spawn(async move {
            let mut placed = 0_u32;
            while Instant::now() < end {
                placed += u32::from(target.order().await? == 201);
            }
            anyhow::Ok(placed)
        });
    }
    let mut placed = 0;
    while let Some(caller) = callers.join_next().await {
        placed += caller??;
    }
    Ok(f64::from(placed) / CAPACITY_TIME.as_secs_f64())
}

/// Offers `rate` orders a second for `time`, whatever becomes of them. Latency counts from the moment at which a request was due.
async fn offer(target: &Arc<Target>, rate: f64, time: Duration) -> Result<Tally> {
    let start = Instant::now();
    let mut tally = Tally::default();
    let mut sent = 0.0;
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    let mut requests = JoinSet::new();
    while start.elapsed() < time {
        ticks.tick().await;
        let due = start.elapsed().as_secs_f64() * rate;
        while sent < due {
            let scheduled = start + Duration::from_secs_f64(sent / rate);
            sent += 1.0;
            if target.open.load(Ordering::Relaxed) >= MOST_OPEN {
                continue;
            }
            tally.offered += 1;
            target.open.fetch_add(1, Ordering::Relaxed);
            let target = Arc::clone(target);
            requests.spawn(async move {
                let answer = tokio::time::timeout(GIVE_UP, target.order()).await;
                target.open.fetch_sub(1, Ordering::Relaxed);
                let status = answer.ok().and_then(Result::ok);
                (status, scheduled.elapsed())
            });
        }
    }
    while let Some(answer) = requests.join_next().await {
        let (status, took) = answer?;
        match status {
            Some(201) => {
                tally.accepted += 1;
                tally.latency.push(u64::try_from(took.as_micros())?);
            }
            Some(503) => tally.shed += 1,
            _ => tally.failed += 1,
        }
    }
    Ok(tally)
}

/// Reads a product and asks for health, ten times a second each: nothing of this is what there is too much of.
async fn bystander(target: Arc<Target>, time: Duration) -> Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    let end = Instant::now() + time;
    let mut connection = Connection::open(target.server.address).await?;
    let product = format!("/v1/products/{}", target.products[0]);
    while Instant::now() < end {
        for path in [product.as_str(), "/healthz"] {
            let sent = Instant::now();
            let answer = connection.send("GET", path, "", "").await?;
            anyhow::ensure!(answer.status == 200, "a bystander got {}", answer.status);
            latency.record(u64::try_from(sent.elapsed().as_micros())?)?;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(latency)
}

async fn step(target: &Arc<Target>, capacity: f64, multiple: f64) -> Result<Step> {
    let looking = tokio::spawn(bystander(Arc::clone(target), STEP));
    let tally = offer(target, capacity * multiple, STEP).await?;
    let bystander = looking.await??;
    let mut latency = Histogram::<u64>::new(3)?;
    for micros in &tally.latency {
        latency.record(*micros)?;
    }
    let seconds = STEP.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds")]
    let (rate, milliseconds) = (
        |count: u64| count as f64 / seconds,
        |latency: &Histogram<u64>, quantile| latency.value_at_quantile(quantile) as f64 / 1000.0,
    );
    Ok(Step {
        multiple,
        offered: rate(tally.offered),
        accepted: rate(tally.accepted),
        shed: rate(tally.shed),
        failed: tally.failed,
        p50: milliseconds(&latency, 0.5),
        p99: milliseconds(&latency, 0.99),
        bystander_p99: milliseconds(&bystander, 0.99),
    })
}

/// Half of the capacity, right after the worst: how many are refused, and how long until the first is accepted.
async fn recovery(target: &Arc<Target>, capacity: f64) -> Result<String> {
    let start = Instant::now();
    let mut refused = 0;
    while target.order().await? != 201 {
        refused += 1;
    }
    let first = start.elapsed();
    let tally = offer(target, capacity / 2.0, RECOVERY).await?;
    let mut latency = tally.latency.clone();
    latency.sort_unstable();
    let p99 = latency.get(latency.len() * 99 / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "microseconds")]
    let p99 = p99 as f64 / 1000.0;
    Ok(format!(
        "the first order after it was accepted in {:.1} ms ({refused} refused before); at half of the capacity right after it, {} of {} were accepted, p99 {p99:.1} ms",
        first.as_secs_f64() * 1000.0,
        tally.accepted,
        tally.offered
    ))
}

/// The curve, into `docs/overload.md` and `docs/overload.svg`.
pub(crate) async fn overload(cluster: &Cluster) -> Result<()> {
    let target = Target::start(cluster, "overload", &[]).await?;
    let capacity = capacity(&target).await?;
    report::section("Overload: orders in an open loop, one process, load shedding on");
    report::figure(
        "capacity, 64 connections in a closed loop",
        &format!("{capacity:.0} orders/s"),
    );
    let mut with = Vec::new();
    for multiple in MULTIPLES {
        with.push(step(&target, capacity, multiple).await?);
    }
    let recovered = recovery(&target, capacity).await?;
    Arc::into_inner(target)
        .context("requests are still under way")?
        .server
        .stop()
        .await?;

    let target = Target::start(cluster, "overload_without", &["--load-shedding", "off"]).await?;
    let mut without = Vec::new();
    for multiple in MULTIPLES {
        without.push(step(&target, capacity, multiple).await?);
    }
    Arc::into_inner(target)
        .context("requests are still under way")?
        .server
        .stop()
        .await?;

    let table = chart::table(capacity, &with, &without, &recovered);
    println!("{table}");
    chart::write(&table, &with, &without)
}
