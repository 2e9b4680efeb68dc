//! PostgreSQL dies and comes back while everything runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinSet;

use super::process::Process;
use crate::cluster::Cluster;
use crate::fold::expected;
use crate::support::{assert_same, open_store, settle, until, views};

const PASSWORD: &str = "correct horse battery";
const WRITERS: usize = 6;
/// Writes that are acknowledged before, between and after the outages.
const STAGE: usize = 60;

/// What all clients see of it together.
#[derive(Default)]
struct Seen {
    acknowledged: AtomicUsize,
    read: AtomicUsize,
    refused: AtomicUsize,
    enough: AtomicBool,
}

async fn log_in(server: &Process) -> String {
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    let answer = Client::new()
        .post(server.url("/v1/auth/login"))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let session: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    session["access_token"].as_str().unwrap().to_owned()
}

fn create_admin(url: &str) {
    use std::io::Write as _;
    let data = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_tillroll"))
        .args([
            "user",
            "create",
            "--email",
            "ada@example.com",
            "--role",
            "admin",
            "--password-stdin",
        ])
        .arg("--data-dir")
        .arg(data.path())
        .env_clear()
        .env("DATABASE_URL", url)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(child.wait().unwrap().success());
}

async fn send(request: reqwest::RequestBuilder) -> Option<(StatusCode, Value)> {
    let answer = request.send().await.ok()?;
    let status = answer.status();
    let text = answer.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

/// Receives one unit after another, each until it is acknowledged.
async fn write(url: String, token: String, product: String, writer: usize, seen: Arc<Seen>) {
    let client = Client::new();
    for number in 0_u64.. {
        loop {
            let request = client
                .post(&url)
                .bearer_auth(&token)
                .header("content-type", "application/json")
                .header("idempotency-key", format!("{writer}-{number}"))
                .body(json!({"product_id": product, "quantity": 1, "reason": "test"}).to_string());
            match send(request).await {
                Some((StatusCode::OK, _)) => break,
                Some((StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT, _)) => {}
                other => panic!("an outage is no other mistake: {other:?}"),
            }
        }
        seen.acknowledged.fetch_add(1, Ordering::SeqCst);
        if seen.enough.load(Ordering::SeqCst) {
            return;
        }
    }
}

/// Reads all the time: an answer, or word that there is none now.
async fn read(url: String, seen: Arc<Seen>) {
    let client = Client::new();
    while !seen.enough.load(Ordering::SeqCst) {
        match send(client.get(&url)).await {
            Some((StatusCode::OK, _)) => seen.read.fetch_add(1, Ordering::SeqCst),
            Some((StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT, problem)) => {
                assert!(problem["code"].is_string(), "{problem}");
                seen.refused.fetch_add(1, Ordering::SeqCst)
            }
            other => panic!("an outage is no other mistake: {other:?}"),
        };
    }
}

async fn more(what: &str, count: &AtomicUsize, by: usize) {
    let target = count.load(Ordering::SeqCst) + by;
    until(what, async || count.load(Ordering::SeqCst) >= target).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_back_finds_everything_going_on() {
    let cluster = Cluster::start().await;
    let server = Process::start("all", &cluster.url());
    server.ready().await;
    create_admin(&cluster.url());
    let token = log_in(&server).await;
    let product =
        json!({"sku": "MUG-1", "name": "Mug", "price": {"amount": 1250, "currency": "GBP"}, "status": "active"});
    let created = send(
        Client::new()
            .post(server.url("/v1/products"))
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .body(product.to_string()),
    )
    .await
    .unwrap();
    let product = created.1["id"].as_str().unwrap().to_owned();
    let read_url = server.url(&format!("/v1/products/{product}"));
    until("the product is projected", async || {
        reqwest::get(&read_url).await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;

    let seen = Arc::new(Seen::default());
    let mut clients = JoinSet::new();
    for writer in 0..WRITERS {
        let url = server.url("/v1/stock/receive");
        clients.spawn(write(url, token.clone(), product.clone(), writer, Arc::clone(&seen)));
    }
    clients.spawn(read(read_url, Arc::clone(&seen)));
    for outage in 1..=2 {
        more("writes before the outage", &seen.acknowledged, STAGE).await;
        more("reads before the outage", &seen.read, 1).await;
        cluster.stop_immediately().await;
        more("reads to be refused", &seen.refused, 1).await;
        until("the projectors to notice", async || {
            server.logged("the database does not answer: the read models wait") >= outage
        })
        .await;
        cluster.start_again().await;
        until("the projectors to go on", async || {
            server.logged("the read models go on") >= outage
        })
        .await;
        more("reads after the outage", &seen.read, 1).await;
    }
    more("writes after the outages", &seen.acknowledged, STAGE).await;
    seen.enough.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }

    let pool = PgPool::connect(&cluster.url()).await.unwrap();
    let store = open_store(&pool).await;
    settle(&pool, &store).await;
    assert_same(&views(&pool).await, &expected(&pool).await);
    let on_hand: i64 = sqlx::query_scalar("SELECT on_hand FROM stock")
        .fetch_one(&pool)
        .await
        .unwrap();
    let acknowledged = i64::try_from(seen.acknowledged.load(Ordering::SeqCst)).unwrap();
    assert_eq!(on_hand, acknowledged, "each acknowledged write counts once");
    let parked: i64 = sqlx::query_scalar("SELECT count(*) FROM projection_dead_letter")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(parked, 0);
    for line in [
        "the database does not answer: the read models wait",
        "the read models go on",
    ] {
        assert_eq!(server.logged(line), 2, "one line for each outage: {line}");
    }
    until("the metric says so", async || {
        server.metric("projection_stalled{projection=\"stock\"}").await == 0.0
    })
    .await;
}
