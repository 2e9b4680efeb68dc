//! How fast. Not part of the test run: `cargo nextest run --release -p projections --run-ignored only --no-capture`.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventstore::Store;
use projections::{Config, Options, rebuild};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::Instant;

use crate::shop::{Kind, append};
use crate::support::{Running, open, settle};

const ORDERS: u64 = 200_000;
const PRODUCTS: u64 = 2_000;
const CUSTOMERS: u64 = 1_000;

fn product(nth: u64) -> String {
    format!("prod_01939b7e-5c1a-7f00-8000-{:012}", nth % PRODUCTS)
}

/// An order with two lines, and the stock that it reserves.
async fn order(store: &Store, nth: u64) {
    // Time-ordered ids, as minted ones are.
    let id = format!("ord_0193{:04x}-{:04x}-7f00-8000-{:012}", nth >> 16, nth & 0xffff, nth);
    let products = [product(nth.wrapping_mul(7_919)), product(nth.wrapping_mul(104_729) + 1)];
    let lines: Vec<_> = products
        .iter()
        .map(|id| {
            json!({"product_id": id, "sku": "SKU-12345", "name": "A mug for tea or coffee", "category": "kitchen/mugs",
                   "quantity": 1, "unit_price": 1250, "total": 1250})
        })
        .collect();
    let customer = format!("usr_01939b7e-5c1a-7f00-8000-{:012}", nth % CUSTOMERS);
    let placed = json!({"OrderPlaced": {"order_id": id, "number": nth, "customer_id": customer, "country": "GB",
                        "currency": "GBP", "lines": lines, "total": 2500, "placed_at": "2026-03-01T12:00:00Z"}});
    let mut appends = vec![(Kind::Order, id.clone(), vec![placed])];
    for product in products {
        appends.push((
            Kind::Stock,
            product,
            vec![json!({"StockReserved": {"order_id": id, "quantity": 1}})],
        ));
    }
    append(store, None, appends).await;
}

async fn orders(store: &Store, from: u64, count: u64, at_once: u64) -> f64 {
    let started = Instant::now();
    let next = Arc::new(AtomicU64::new(from));
    let buyers: Vec<_> = (0..at_once)
        .map(|_| {
            let (store, next) = (store.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= from + count {
                        return;
                    }
                    order(&store, nth).await;
                }
            })
        })
        .collect();
    for buyer in buyers {
        buyer.await.unwrap();
    }
    count as f64 / started.elapsed().as_secs_f64()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
#[ignore = "measures"]
async fn rates(pool: PgPool) {
    let options = (*pool.connect_options()).clone();
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let pool = sqlx::postgres::PgPoolOptions::new()
                .max_connections(20)
                .connect_with(options)
                .await
                .unwrap();
            measure(pool).await;
        });
    })
    .await
    .unwrap();
}

async fn measure(pool: PgPool) {
    let store = open(&pool).await;
    let alone = orders(&store, 0, ORDERS, 256).await;
    println!("append alone: {alone:.0} orders/s ({:.0} events/s)", alone * 3.0);

    // Each projection on its own, from the start of the log to its end, live.
    let events = ORDERS as f64 * 3.0;
    let started = Instant::now();
    let running = Running::start(&pool, &store, Config::default());
    let mut open: Vec<&str> = projections::all().iter().map(|projection| projection.name()).collect();
    while !open.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        for status in projections::status(&pool).await.unwrap() {
            if status.lag_events == 0 && open.contains(&status.name.as_str()) {
                open.retain(|name| *name != status.name);
                let seconds = started.elapsed().as_secs_f64();
                println!(
                    "live, all together: {:8} {:8.0} events/s",
                    status.name,
                    events / seconds
                );
            }
        }
    }
    for projection in projections::all() {
        let started = Instant::now();
        let rebuilt = rebuild(&pool, &store.log(), projection.name(), Options::default(), |_| {})
            .await
            .unwrap();
        println!(
            "rebuild {:8} {:8.0} events/s of it, {:8.0} events/s of the log; {:.1} s, {:.1} s with verification and switch",
            projection.name(),
            rebuilt.events as f64 / rebuilt.seconds,
            events / rebuilt.seconds,
            rebuilt.seconds,
            started.elapsed().as_secs_f64(),
        );
    }
    let together = orders(&store, ORDERS, ORDERS / 4, 64).await;
    println!("append with all projections live: {together:.0} orders/s");
    let started = Instant::now();
    settle(&pool, &store).await;
    println!("behind by {:.2} s after that", started.elapsed().as_secs_f64());
    lag(&pool, &store, together / 2.0).await;
    running.stop().await;
}

/// From the commit of an order to its row, at this many orders a second.
async fn lag(pool: &PgPool, store: &Store, rate: f64) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let per_tick = (rate / 100.0) as u64;
    let (mut next, mut probes) = (ORDERS * 2, Vec::new());
    for tick in 0..1_000 {
        ticks.tick().await;
        for _ in 0..per_tick {
            next += 1;
            let (store, nth) = (store.clone(), next);
            tokio::spawn(async move { order(&store, nth).await });
        }
        if tick % 10 == 0 {
            next += 1;
            let (store, pool, nth) = (store.clone(), pool.clone(), next);
            probes.push(tokio::spawn(async move {
                order(&store, nth).await;
                let committed = Instant::now();
                let seen = async || -> bool {
                    sqlx::query_scalar("SELECT EXISTS (SELECT FROM orders WHERE number = $1)")
                        .bind(nth.cast_signed())
                        .fetch_one(&pool)
                        .await
                        .unwrap()
                };
                while !seen().await {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                committed.elapsed()
            }));
        }
    }
    let mut lags = Vec::new();
    for probe in probes {
        lags.push(probe.await.unwrap());
    }
    lags.sort();
    println!(
        "write to readable at {rate:.0} orders/s: p50 {:?}, p99 {:?}, worst {:?}",
        lags[lags.len() / 2],
        lags[lags.len() * 99 / 100],
        lags[lags.len() - 1]
    );
}
