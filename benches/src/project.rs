//! How fast events become rows: all read models live and together, each rebuilt alone, and the lag from write to row under load.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use domain::{order::Order, stock::Stock};
use eventstore::{Metadata, Plan, Store};
use projections::{Config, Options, Runner, rebuild};
use serde_json::json;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::report;

const ORDERS: u64 = 200_000;
const PRODUCTS: u64 = 2_000;
const CUSTOMERS: u64 = 1_000;
/// An order, and the stock of two products.
const EVENTS: u64 = 3;

fn product(nth: u64) -> String {
    format!("prod_01939b7e-5c1a-7f00-8000-{:012}", nth % PRODUCTS)
}

/// An order with two lines, and the stock that it reserves.
async fn order(store: &Store, nth: u64) -> Result<()> {
    // Time-ordered ids, as minted ones are.
    let id = format!("ord_0193{:04x}-{:04x}-7f00-8000-{nth:012}", nth >> 16, nth & 0xffff);
    let products = [product(nth.wrapping_mul(7_919)), product(nth.wrapping_mul(104_729) + 1)];
    let line = |id: &String| {
        json!({"product_id": id, "sku": "SKU-12345", "name": "A mug for tea or coffee", "category": "kitchen/mugs",
               "quantity": 1, "unit_price": 1250, "total": 1250})
    };
    let lines: Vec<_> = products.iter().map(line).collect();
    let customer = format!("usr_01939b7e-5c1a-7f00-8000-{:012}", nth % CUSTOMERS);
    let placed = serde_json::from_value(
        json!({"OrderPlaced": {"order_id": id, "number": nth, "customer_id": customer,
        "country": "GB", "currency": "GBP", "lines": lines, "total": 2500,
        "placed_at": "2026-03-01T12:00:00Z"}}),
    )?;
    let reserved = serde_json::from_value(json!({"StockReserved": {"order_id": id, "quantity": 1}}))?;
    let metadata = Metadata {
        actor: "usr_bench".to_owned(),
        correlation_id: Uuid::from_u64_pair(7, nth),
        causation_id: None,
        request_id: "bench".to_owned(),
    };
    let mut plan = Plan::new(metadata).create::<Order>(id.as_str());
    for product in &products {
        plan = plan.write::<Stock>(product.as_str());
    }
    let committed = store.transact(plan, move |transaction| {
        transaction.append::<Order>(&id, vec![Clone::clone(&placed)]);
        for product in &products {
            transaction.append::<Stock>(product, vec![Clone::clone(&reserved)]);
        }
        Ok::<(), ()>(())
    });
    committed.await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(())
}

async fn orders(store: &Store, from: u64, count: u64, at_once: u64) -> Result<f64> {
    let started = Instant::now();
    let next = Arc::new(AtomicU64::new(from));
    let mut buyers = JoinSet::new();
    for _ in 0..at_once {
        let (store, next) = (store.clone(), Arc::clone(&next));
        buyers.spawn(async move {
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= from + count {
                    return anyhow::Ok(());
                }
                order(&store, nth).await?;
            }
        });
    }
    while let Some(buyer) = buyers.join_next().await {
        buyer??;
    }
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

/// All of it.
pub(crate) async fn project(cluster: &Cluster) -> Result<()> {
    let database = cluster.database("project").await?;
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(20)
        .connect(&database.url)
        .await?;
    projections::install(&pool).await?;
    #[expect(clippy::disallowed_methods, reason = "the ids of a measurement")]
    let ids = eventstore::Config::new(Arc::new(Uuid::now_v7));
    let store = Store::open(pool.clone(), ids).await?;
    report::section("Projecting: orders of two lines, three events each");
    let alone = orders(&store, 0, ORDERS, 256).await?;
    report::figure("append alone", &format!("{alone:.0} orders/s"));

    let events = (ORDERS * EVENTS) as f64;
    let started = Instant::now();
    let stop = CancellationToken::new();
    let running = tokio::spawn(Runner::new(pool.clone(), store.log(), Config::default()).run(stop.clone()));
    let mut open: Vec<&str> = projections::all().iter().map(|projection| projection.name()).collect();
    while !open.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        for status in projections::status(&pool).await? {
            if status.lag_events == 0 && open.contains(&status.name.as_str()) {
                open.retain(|name| *name != status.name);
                let rate = events / started.elapsed().as_secs_f64();
                report::figure(
                    &format!("live, all together: {}", status.name),
                    &format!("{rate:.0} events/s"),
                );
            }
        }
    }
    for projection in projections::all() {
        let rebuilt = rebuild(&pool, &store.log(), projection.name(), Options::default(), |_| {}).await?;
        let value = format!(
            "{:.0} events/s of it, {:.0} events/s of the log, {:.1} s before verification",
            rebuilt.events as f64 / rebuilt.seconds,
            events / rebuilt.seconds,
            rebuilt.seconds
        );
        report::figure(&format!("rebuild {}", projection.name()), &value);
    }
    let together = orders(&store, ORDERS, ORDERS / 4, 64).await?;
    report::figure("append with all read models live", &format!("{together:.0} orders/s"));
    let started = Instant::now();
    let heads = store.log().heads().await?;
    while !projections::caught_up(&pool, &heads).await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let behind = started.elapsed().as_secs_f64();
    report::figure("behind after that by", &format!("{behind:.2} s"));
    lag(&pool, &store, together / 2.0).await?;
    stop.cancel();
    running.await?;
    store.close().await;
    Ok(())
}

/// From the commit of an order to its row, at this many orders a second.
async fn lag(pool: &PgPool, store: &Store, rate: f64) -> Result<()> {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let per_tick = (rate / 100.0) as u64;
    let (mut next, mut probes, mut load) = (ORDERS * 2, JoinSet::new(), JoinSet::new());
    for tick in 0..1_000 {
        ticks.tick().await;
        for _ in 0..per_tick {
            next += 1;
            let (store, nth) = (store.clone(), next);
            load.spawn(async move { order(&store, nth).await });
        }
        if tick % 10 == 0 {
            next += 1;
            let (store, pool, nth) = (store.clone(), pool.clone(), next);
            probes.spawn(async move {
                order(&store, nth).await?;
                let committed = Instant::now();
                let seen = async || {
                    sqlx::query_scalar("SELECT EXISTS (SELECT FROM orders WHERE number = $1)")
                        .bind(nth.cast_signed())
                        .fetch_one(&pool)
                        .await
                };
                while !seen().await? {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                anyhow::Ok(committed.elapsed())
            });
        }
    }
    let mut lags = Vec::new();
    while let Some(probe) = probes.join_next().await {
        lags.push(probe??);
    }
    while let Some(order) = load.join_next().await {
        order??;
    }
    lags.sort();
    let (middle, high, worst) = (
        lags.get(lags.len() / 2).context("no probes")?,
        lags.get(lags.len() * 99 / 100).context("no probes")?,
        lags.last().context("no probes")?,
    );
    report::figure(
        &format!("write to readable at {rate:.0} orders/s"),
        &format!("p50 {middle:?}, p99 {high:?}, worst {worst:?}"),
    );
    Ok(())
}
