//! More requests than there are places for.

use e2e::{Answer, Client, PATIENCE, Request, System, wait_until};
use serde_json::json;
use sqlx::Connection as _;
use tokio::task::JoinSet;

/// A system with one place for each class, and hardly any queue.
async fn narrow() -> System {
    System::options()
        .with("load-shedding", "on")
        .with("max-writes", "1")
        .with("max-reads", "1")
        .with("max-reports", "1")
        .with("queue-wait", "1")
        .start()
        .await
}

/// Holds a product's lane, so that a write to it does not end before this is dropped.
async fn hold_writes(system: &System) -> sqlx::PgConnection {
    let mut lock = sqlx::PgConnection::connect(&system.database().url()).await.unwrap();
    sqlx::query("BEGIN").execute(&mut lock).await.unwrap();
    sqlx::query("SELECT FROM lanes FOR UPDATE")
        .fetch_all(&mut lock)
        .await
        .unwrap();
    lock
}

/// Sends writes until one is under way and another one was refused because of it; returns both.
async fn take_the_place(write: &impl Fn() -> Request) -> (JoinSet<Answer>, Answer) {
    let mut writes = JoinSet::new();
    for _ in 0..3 {
        let request = write();
        writes.spawn(async move { request.await });
    }
    let mut refused = None;
    while writes.len() > 1 {
        let answer = writes.join_next().await.unwrap().unwrap();
        refused = Some(answer.refused(503, "overloaded"));
    }
    (writes, refused.unwrap())
}

async fn metric(public: &Client, name: &str, labels: &str) -> f64 {
    let text = public.get("/metrics").await.ok(200).text().to_owned();
    text.lines()
        .filter(|line| line.starts_with(name) && line.contains(labels))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_refused_at_once_and_the_next_request_after_it_is_not() {
    let system = narrow().await;
    let admin = system.admin().await;
    let public = system.anonymous();
    let mug = admin.stocked("MUG-1", 1250, 1000).await;
    let receive = |who: &Client| {
        who.post("/v1/stock/receive")
            .json(json!({"product_id": mug.id, "quantity": 1, "reason": "test"}))
    };

    let lock = hold_writes(&system).await;
    let (mut under_way, refused) = take_the_place(&|| receive(&admin)).await;
    assert_eq!(refused.header("retry-after"), Some("1"), "{refused:?}");
    assert_eq!(refused["type"], "/errors/overloaded");

    // A flood: every one is refused, and nothing else suffers.
    let mut flood = JoinSet::new();
    for _ in 0..50 {
        let request = receive(&admin);
        flood.spawn(async move { request.await });
    }
    let health = public.get("/healthz").await.ok(200);
    assert_eq!(health["status"], "ok");
    let _ = public.get("/metrics").await.ok(200);
    let _ = public.get("/readyz").await.ok(200);
    let _ = public.get("/v1/products").await.ok(200);
    let again = public.log_in("admin@shop.example", e2e::PASSWORD).await;
    let _ = again.get("/v1/projections").await.ok(200);
    let report = "/v1/reports/sales?interval=day&from=2026-01-01&to=2026-01-02";
    let _ = admin.get(report).await.ok(200);
    while let Some(answer) = flood.join_next().await {
        let _ = answer.unwrap().refused(503, "overloaded");
    }
    assert!(metric(&public, "http_shed_total", r#"class="write""#).await >= 50.0);

    // As soon as there is room again, the next one is accepted; and what was refused left no trace.
    drop(lock);
    let _ = under_way.join_next().await.unwrap().unwrap().ok(200);
    let stock = receive(&admin).await.ok(200);
    assert_eq!(stock["on_hand"], 1002);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_gives_its_place_back() {
    let system = narrow().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 1000).await;
    let receive = || {
        admin
            .post("/v1/stock/receive")
            .json(json!({"product_id": mug.id, "quantity": 1, "reason": "test"}))
    };
    let lock = hold_writes(&system).await;
    // Gone before it is answered; the place is free again although the database still holds it up.
    let (mut leaver, _) = take_the_place(&receive).await;
    leaver.shutdown().await;
    let refused_before_the_service = json!({"product_id": mug.id, "quantity": "many"});
    wait_until("the place to be free", PATIENCE, async || {
        let answer = admin
            .post("/v1/stock/receive")
            .json(refused_before_the_service.clone())
            .await;
        match answer.status() {
            422 => Some(()),
            503 => None,
            _ => panic!("{answer:?}"),
        }
    })
    .await;
    drop(lock);
    wait_until("writes to go through", PATIENCE, async || {
        (receive().await.status() == 200).then_some(())
    })
    .await;
}
