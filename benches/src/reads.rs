//! A product by its id beside a route of axum that answers a constant of the same length, in turn, from the same client.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use hdrhistogram::Histogram;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::effort::{CALLERS, rounds, seconds};
use crate::http::Connection;
use crate::report::{self, Report};
use crate::server::Server;

/// The word that makes this binary the peer instead of the measurement.
pub(crate) const CONSTANT: &str = "constant";
const PRODUCTS: u32 = 1_000;
/// Less than this share of the constant's rate is too little.
const TARGET: f64 = 0.5;

/// Serves the peer: `constant ADDRESS BODY`.
pub(crate) async fn constant(arguments: &[String]) -> Result<()> {
    let [address, body] = arguments else {
        anyhow::bail!("{CONSTANT} ADDRESS BODY");
    };
    let body = bytes(body);
    let route = get(async move || ([(CONTENT_TYPE, "application/json")], body));
    let listener = tokio::net::TcpListener::bind(address.parse::<SocketAddr>()?).await?;
    axum::serve(listener, route.into_make_service()).await?;
    Ok(())
}

/// Leaked once, so that an answer costs no copy: the peer is to be as fast as can be.
fn bytes(body: &str) -> &'static str {
    Box::leak(body.to_owned().into_boxed_str())
}

struct Peer {
    child: Child,
    address: SocketAddr,
}

impl Peer {
    async fn start(body: &str) -> Result<Self> {
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(std::env::current_exe()?)
            .args([CONSTANT, &address.to_string(), body])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let start = Instant::now();
        while Connection::open(address).await.is_err() {
            ensure!(
                start.elapsed() < Duration::from_secs(10),
                "the constant route did not start"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { child, address })
    }
}

/// Rate of a request from `CALLERS` connections for the time of a run, and the latencies in microseconds.
pub(crate) async fn load(
    address: SocketAddr,
    paths: &Arc<Vec<String>>,
    headers: &str,
    status: u16,
) -> Result<(f64, Histogram<u64>)> {
    let start = Instant::now();
    let end = start + Duration::from_secs(u64::from(seconds()));
    let callers: Vec<_> = (0..CALLERS as usize)
        .map(|caller| {
            let (paths, headers) = (Arc::clone(paths), headers.to_owned());
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut latency = Histogram::<u64>::new(3)?;
                let mut next = caller * 7919;
                while Instant::now() < end {
                    next += 1;
                    let sent = Instant::now();
                    let answer = connection.send("GET", &paths[next % paths.len()], &headers, "").await?;
                    latency.record(u64::try_from(sent.elapsed().as_micros())?)?;
                    ensure!(answer.status == status, "{} instead of {status}", answer.status);
                }
                anyhow::Ok(latency)
            })
        })
        .collect();
    let mut all = Histogram::new(3)?;
    for caller in callers {
        all.add(caller.await??)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = all.len() as f64 / start.elapsed().as_secs_f64();
    Ok((rate, all))
}

/// Products that are kept by the gateway, read by visitors and by somebody who is logged in, and asked for again with their tag.
pub(crate) async fn reads(cluster: &Cluster, report: &mut Report) -> Result<()> {
    report::section("Product by id, 64 connections");
    let database = cluster.database("reads").await?;
    let server = Server::start(&database.url).await?;
    let login = server.log_in().await?;
    let ids = server.products(&login, "read", PRODUCTS, 10).await?;
    let paths = Arc::new(ids.iter().map(|id| format!("/v1/products/{id}")).collect::<Vec<_>>());
    let mut connection = Connection::open(server.address).await?;
    // The read models are there once the last product is, and then every product is read once.
    let start = Instant::now();
    for path in paths.iter() {
        while connection.send("GET", path, "", "").await?.status != 200 {
            ensure!(start.elapsed() < Duration::from_mins(1), "the products do not appear");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let product = connection.send("GET", &paths[0], "", "").await?;
    let body = String::from_utf8(product.body.clone())?;
    let tag = product.header("etag").context("no ETag")?.to_owned();
    let mut peer = Peer::start(&body).await?;
    let (root, one) = (Arc::new(vec!["/".to_owned()]), Arc::new(vec![paths[0].clone()]));
    let known = format!("If-None-Match: {tag}\r\n");

    let (mut constant, mut visitor, mut user, mut unchanged) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut latency = Histogram::<u64>::new(3)?;
    for _ in 0..rounds() {
        constant.push(load(peer.address, &root, "", 200).await?.0);
        let (rate, seen) = load(server.address, &paths, "", 200).await?;
        visitor.push(rate);
        latency.add(seen)?;
        user.push(load(server.address, &paths, &login, 200).await?.0);
        unchanged.push(load(server.address, &one, &known, 304).await?.0);
    }
    report::rate("axum, a constant of the same length", &constant);
    report::rate("product by id, visitors", &visitor);
    report::rate("product by id, with a JWT", &user);
    report::rate("product by id, unchanged (304)", &unchanged);
    let quantile = |q| format!("{} µs", latency.value_at_quantile(q));
    report::figure(
        "latency of visitors",
        &format!("p50 {}, p99 {}", quantile(0.5), quantile(0.99)),
    );
    report.ratio(
        "product by id to the constant",
        report::median(&visitor) / report::median(&constant),
        Some(TARGET),
    );
    peer.child.kill().await?;
    server.stop().await?;
    Ok(())
}
