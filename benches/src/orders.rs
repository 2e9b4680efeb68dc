//! Whole orders over HTTP: JWT, JSON, stock reserved, idempotency key; one process; 64 connections.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use sqlx::PgPool;
use tokio::time::Instant;

use crate::cluster::{Cluster, Database};
use crate::effort::{CALLERS, rounds, seconds, unless_quick};
use crate::http::{Answer, Connection};
use crate::pgbench;
use crate::placing::{order, place};
use crate::report::{self, Report, median, milliseconds};
use crate::server::{Server, expect};

const PRODUCTS: u32 = 10_000;
const FEW_PRODUCTS: u32 = 200;
const PLENTY: i64 = 1_000_000_000;

/// Units that were promised and are not there.
async fn oversold(pool: &PgPool) -> Result<i64> {
    let deltas: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(greatest(-available, 0)), 0)::bigint FROM (
            SELECT sum(CASE event_type
                WHEN 'StockReceived' THEN (payload->'StockReceived'->>'quantity')::bigint
                WHEN 'StockReserved' THEN -(payload->'StockReserved'->>'quantity')::bigint
                WHEN 'StockReleased' THEN (payload->'StockReleased'->>'quantity')::bigint
                ELSE 0 END) AS available
            FROM events WHERE aggregate_type = 'stock' GROUP BY aggregate_id) stock",
    )
    .fetch_one(pool)
    .await?;
    Ok(deltas)
}

async fn shop(
    cluster: &Cluster,
    name: &str,
    products: u32,
    quantity: i64,
) -> Result<(Database, Server, String, Arc<Vec<String>>)> {
    let database = cluster.database(name).await?;
    let server = Server::start(&database.url).await?;
    let login = server.log_in().await?;
    let products = server.products(&login, name, products, quantity).await?;
    Ok((database, server, login, Arc::new(products)))
}

/// H3, first half, and H4's lag and rebuild on what it leaves behind.
pub(crate) async fn orders(cluster: &Cluster, report: &mut Report) -> Result<()> {
    let (mut peer16, mut peer64, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    let (database, server, login, products) =
        shop(cluster, "orders", unless_quick(PRODUCTS, FEW_PRODUCTS), PLENTY).await?;
    let peer = cluster.database("orders_peer").await?;
    pgbench::prepare(&peer.pool).await?;
    let mut latency = Histogram::<u64>::new(3)?;
    let mut placed = 0;
    for _ in 0..rounds() {
        peer16.push(pgbench::run(&peer.url, pgbench::CRUD_ORDER, 16, seconds()).await?);
        peer64.push(pgbench::run(&peer.url, pgbench::CRUD_ORDER, 64, seconds()).await?);
        let load = place(&server, &login, &products, 2, false).await?;
        ours.push(load.per_second);
        latency.add(load.latency)?;
        placed += load.placed;
        caught_up(&server, &database.pool).await?;
    }
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'OrderPlaced'")
        .fetch_one(&database.pool)
        .await?;
    ensure!(
        u64::try_from(stored)? == placed,
        "{placed} orders were acknowledged, {stored} are in the log"
    );
    report::section("Orders over HTTP: two lines, JWT, stock reserved, idempotency key, 64 connections, one process");
    report::rate("pgbench, CRUD by hand, 16 clients", &peer16);
    report::rate("pgbench, CRUD by hand, 64 clients", &peer64);
    report::rate("tillroll, 64 connections", &ours);
    report::figure(
        "tillroll, latency",
        &format!(
            "p50 {}, p99 {}",
            milliseconds(&latency, 0.5),
            milliseconds(&latency, 0.99)
        ),
    );
    report::figure("oversold units", &oversold(&database.pool).await?.to_string());
    report.ratio(
        "tillroll / better pgbench",
        median(&ours) / median(&peer16).max(median(&peer64)),
        Some(1.0),
    );

    // H4
    let half = median(&ours) / 2.0;
    let seen = lag(&server, &login, &products, half, |id| format!("/v1/orders/{id}")).await?;
    report::section("From the answer of a write to the read that shows it, at half of the peak load");
    report::figure("load", &format!("{half:.0} orders/s, {} samples", seen.len()));
    report::figure(
        "lag (target: p99 under 100 ms)",
        &format!(
            "p50 {}, p99 {}, max {}",
            milliseconds(&seen, 0.5),
            milliseconds(&seen, 0.99),
            milliseconds(&seen, 1.0)
        ),
    );
    caught_up(&server, &database.pool).await?;
    rebuild(&server, &database.pool, report).await?;
    server.stop().await
}

/// H3, second half.
pub(crate) async fn flash(cluster: &Cluster, report: &mut Report) -> Result<()> {
    let (database, server, login, products) = shop(cluster, "flash", 1, PLENTY).await?;
    let peer = cluster.database("flash_peer").await?;
    pgbench::prepare(&peer.pool).await?;
    let (mut ours, mut peer64, mut best) = (Vec::new(), Vec::new(), (0, 0.0));
    for _ in 0..rounds() {
        peer64.push(pgbench::run(&peer.url, pgbench::CRUD_HOT_ORDER, 64, seconds()).await?);
        ours.push(place(&server, &login, &products, 1, false).await?.per_second);
        caught_up(&server, &database.pool).await?;
    }
    for clients in [1, 2, 4, 8, 16] {
        let rate = pgbench::run(&peer.url, pgbench::CRUD_HOT_ORDER, clients, seconds()).await?;
        if rate > best.1 {
            best = (clients, rate);
        }
    }
    let units: u32 = unless_quick(5_000, 500);
    let few = Arc::new(server.products(&login, "few", 1, i64::from(units)).await?);
    let sold_out = place(&server, &login, &few, 1, true).await?;
    ensure!(
        sold_out.placed == u64::from(units),
        "{} orders for {units} units",
        sold_out.placed
    );
    report::section("Flash sale: one product, 64 buyers");
    report::rate("pgbench, one hot row, 64 clients", &peer64);
    report::figure(
        "pgbench, one hot row, best of 1 to 16 clients",
        &format!("{:.0}/s at {} clients", best.1, best.0),
    );
    report::rate("tillroll, 64 buyers", &ours);
    report::figure(
        &format!("{units} units, 64 buyers until each is refused"),
        &format!("{} sold, {} refused", sold_out.placed, sold_out.refused),
    );
    report::figure("oversold units", &oversold(&database.pool).await?.to_string());
    report.ratio(
        "tillroll / pgbench at 64 clients",
        median(&ours) / median(&peer64),
        Some(5.0),
    );
    report.ratio("tillroll / pgbench at its best", median(&ours) / best.1, Some(1.0));
    server.stop().await
}

/// Waits until the read models have seen everything.
pub(crate) async fn caught_up(server: &Server, pool: &PgPool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let behind: Option<i64> = sqlx::query_scalar(
            "SELECT sum(l.head - c.position)::bigint FROM lanes l JOIN projection_cursor c USING (lane)",
        )
        .fetch_one(pool)
        .await?;
        if behind == Some(0) {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "the projections are {behind:?} events behind; is the server {} alive?",
            server.address
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What passes, in microseconds, from the answer of an order to that of the read that shows it, at `rate` orders a second. `path` is what
/// is read, by the order's id.
pub(crate) async fn lag(
    server: &Server,
    login: &str,
    products: &Arc<Vec<String>>,
    rate: f64,
    path: fn(&str) -> String,
) -> Result<Histogram<u64>> {
    let start = Instant::now();
    let end = start + Duration::from_secs(u64::from(seconds()));
    let pace = Duration::from_secs_f64(f64::from(CALLERS) / rate);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (address, login, products) = (server.address, login.to_owned(), products.clone());
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut reader = Connection::open(address).await?;
                let mut seen = Histogram::<u64>::new(3)?;
                let mut random = u64::from(caller) + 99_991;
                let mut due = start + pace.mul_f64(f64::from(caller) / f64::from(CALLERS));
                let mut count = 0_u32;
                while due < end {
                    tokio::time::sleep_until(due).await;
                    due += pace;
                    count += 1;
                    let headers = format!("{login}Idempotency-Key: lag-{caller}-{count}\r\n");
                    let answer = connection
                        .send("POST", "/v1/orders", &headers, &order(&products, 2, &mut random))
                        .await?;
                    let id = expect(201, &answer)?["id"].as_str().context("no id")?.to_owned();
                    if count % 8 == caller % 8 {
                        let written = Instant::now();
                        let read = read_back(&mut reader, &login, &path(&id), &answer).await?;
                        expect(200, &read)?;
                        seen.record(u64::try_from(written.elapsed().as_micros())?)?;
                    }
                }
                anyhow::Ok(seen)
            })
        })
        .collect();
    let mut seen = Histogram::<u64>::new(3)?;
    for caller in callers {
        seen.add(caller.await??)?;
    }
    Ok(seen)
}

async fn read_back(reader: &mut Connection, login: &str, path: &str, written: &Answer) -> Result<Answer> {
    let token = written.header("consistency-token").context("no Consistency-Token")?;
    reader
        .send("GET", path, &format!("{login}Consistency-Token: {token}\r\n"), "")
        .await
}

/// H4: the orders view from the first event, while serving.
async fn rebuild(server: &Server, pool: &PgPool, report: &mut Report) -> Result<()> {
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM events WHERE aggregate_type IN ('order', 'credit')")
        .fetch_one(pool)
        .await?;
    let start = Instant::now();
    let printed = server.tillroll(&["rebuild", "orders"], "").await?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = events as f64 / start.elapsed().as_secs_f64();
    report::section("Rebuild of orders");
    report::figure("order events", &events.to_string());
    report::figure(
        "from the start of the command to the switch",
        &format!("{:.1} s, {rate:.0} events/s", start.elapsed().as_secs_f64()),
    );
    report::figure("output", printed.trim().lines().last().unwrap_or_default());
    report.ratio("rebuild / 30,000 events/s", rate / 30_000.0, Some(1.0));
    Ok(())
}

/// H4: memory and start.
pub(crate) async fn idle(cluster: &Cluster) -> Result<()> {
    let database = cluster.database("idle").await?;
    Server::start(&database.url).await?.stop().await?;
    let mut ready = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..rounds() {
        let server = Server::start(&database.url).await?;
        ready.push(server.ready_after.as_secs_f64());
        tokio::time::sleep(Duration::from_secs(2)).await;
        memory.push(server.resident_mb()?);
        server.stop().await?;
    }
    report::section("Idle process, on an existing store");
    report::figure("ready after (target: under 1 s)", &format!("{:.2} s", median(&ready)));
    report::figure(
        "resident memory (target: under 120 MB)",
        &format!("{:.0} MB", median(&memory)),
    );
    Ok(())
}
