//! Load: orders from many connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::time::Instant;

use crate::effort::{CALLERS, seconds};
use crate::http::Connection;
use crate::server::{Server, expect};

/// What a phase of load saw.
pub(crate) struct Load {
    pub(crate) placed: u64,
    pub(crate) refused: u64,
    pub(crate) per_second: f64,
    pub(crate) latency: Histogram<u64>,
}

/// Places orders of `lines` products each from `CALLERS` connections: for the time of a run, or until stock runs out when `until_sold_out`.
pub(crate) async fn place(
    server: &Server,
    login: &str,
    products: &Arc<Vec<String>>,
    lines: usize,
    until_sold_out: bool,
) -> Result<Load> {
    static RUN: AtomicU64 = AtomicU64::new(0);
    let run = RUN.fetch_add(1, Ordering::Relaxed);
    let start = Instant::now();
    let end = start + Duration::from_secs(u64::from(seconds()));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (address, login, products) = (server.address, login.to_owned(), products.clone());
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut latency = Histogram::<u64>::new(3)?;
                let (mut placed, mut refused, mut attempt) = (0_u64, 0_u64, 0_u64);
                let mut random = u64::from(caller) * 7919 + run * 104_729 + 1;
                while until_sold_out || Instant::now() < end {
                    attempt += 1;
                    let body = order(&products, lines, &mut random);
                    let headers = format!("{login}Idempotency-Key: bench-{run}-{caller}-{attempt}\r\n");
                    let sent = Instant::now();
                    let answer = connection.send("POST", "/v1/orders", &headers, &body).await?;
                    latency.record(u64::try_from(sent.elapsed().as_micros())?)?;
                    match answer.status {
                        201 => placed += 1,
                        409 if until_sold_out => {
                            refused += 1;
                            break;
                        }
                        _ => {
                            expect(201, &answer)?;
                        }
                    }
                }
                anyhow::Ok((placed, refused, latency))
            })
        })
        .collect();
    let mut load = Load {
        placed: 0,
        refused: 0,
        per_second: 0.0,
        latency: Histogram::new(3)?,
    };
    for caller in callers {
        let (placed, refused, latency) = caller.await??;
        load.placed += placed;
        load.refused += refused;
        load.latency.add(latency)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    {
        load.per_second = load.placed as f64 / start.elapsed().as_secs_f64();
    }
    Ok(load)
}

/// The body of an order for `lines` different products.
pub(crate) fn order(products: &[String], lines: usize, random: &mut u64) -> String {
    let count = products.len() as u64;
    // SplitMix64, Steele, Lea and Flood 2014.
    *random = random.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *random;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    let first = mixed % count;
    let chosen = (0..lines as u64).map(|line| {
        let index = (first + line * (1 + (mixed >> 32) % (count / 2).max(1))) % count;
        json!({"product_id": products[usize::try_from(index).unwrap_or_default()], "quantity": 1})
    });
    json!({"lines": chosen.collect::<Vec<_>>(), "expected_total": {"amount": 1250 * lines, "currency": "GBP"}})
        .to_string()
}
