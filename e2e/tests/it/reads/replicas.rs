//! Reads on real streaming replicas that pause, fall behind, die and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use e2e::{Client, Cluster, PATIENCE, System, free_port, product, wait_until};
use serde_json::json;

async fn is_used(system: &System, replica: &Cluster, used: bool) {
    let up = format!(r#"tillroll_replica_up{{replica="{}"}}"#, replica.name());
    wait_until(
        if used {
            "the replica to be used"
        } else {
            "the replica to be left out"
        },
        PATIENCE,
        async || ((system.metric(&up).await > 0.0) == used).then_some(()),
    )
    .await;
}

async fn served(system: &System, replica: &Cluster) -> f64 {
    let name = format!(
        r#"tillroll_replica_reads_total{{replica="{}",outcome="served"}}"#,
        replica.name()
    );
    system.metric(&name).await
}

/// Writes a price, and must see it with the token.
async fn price_is(admin: &Client, path: &str, price: i64) {
    let change = json!({"price": {"amount": price, "currency": "GBP"}});
    let written = admin.patch(path).json(change).await.ok(200);
    let read = admin.get(path).seeing(&written).await.ok(200);
    assert_eq!(read["price"]["amount"], price);
    let list = admin.get("/v1/products?sku=MUG-1").seeing(&written).await.ok(200);
    assert_eq!(list.items()[0]["price"]["amount"], price);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_answer_while_they_are_near_and_harm_nobody_otherwise() {
    let primary = Cluster::primary().await;
    let replica = primary.replica().await;
    let nobody = format!("postgres://tillroll@127.0.0.1:{}/postgres", free_port());
    let system = System::options()
        .with("database-url", primary.url())
        .with(
            "read-database-url",
            format!("{},{nobody},{}", replica.url(), primary.url()),
        )
        // What is kept would answer instead.
        .with("cache-mb", "0")
        .start()
        .await;
    let admin = system.admin().await;
    is_used(&system, &replica, true).await;
    // It answers, but it follows no primary.
    is_used(&system, &primary, false).await;
    let lag = format!(r#"tillroll_replica_lag_seconds{{replica="{}"}}"#, primary.name());
    assert!(system.metric(&lag).await.is_infinite());
    let mug = admin.stocked("MUG-1", 1, 5).await;
    let path = format!("/v1/products/{}", mug.id);
    for price in 2..12 {
        price_is(&admin, &path, price).await;
    }
    let before = served(&system, &replica).await;
    for _ in 0..10 {
        let _ = admin.get(&path).await.ok(200);
    }
    assert!(served(&system, &replica).await > before, "the replica answers");

    // Somebody reads all the time, and is never refused.
    let stop = Arc::new(AtomicBool::new(false));
    let reader = {
        let (admin, path, stop) = (admin.clone(), path.clone(), Arc::clone(&stop));
        tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let _ = admin.get(&path).await.ok(200);
                let _ = admin.get("/v1/products?limit=5").await.ok(200);
            }
        })
    };

    // Paused: a token is honoured all the same, by the primary. Once it is behind for too long, nobody sees the old state.
    replica.run("SELECT pg_wal_replay_pause()").await;
    for price in 20..25 {
        price_is(&admin, &path, price).await;
    }
    // Even what the replica has never heard of is found.
    let created = admin.post("/v1/products").json(product("NEW-1", 1)).await.ok(201);
    let new = format!("/v1/products/{}", created.id());
    let _ = admin.get(&new).seeing(&created).await.ok(200);
    let _ = admin.get(&new).await.ok(200);
    is_used(&system, &replica, false).await;
    assert_eq!(admin.get(&path).await.ok(200)["price"]["amount"], 24);
    replica.run("SELECT pg_wal_replay_resume()").await;
    is_used(&system, &replica, true).await;

    // Killed in the middle of reads.
    replica.kill().await;
    for price in 30..35 {
        price_is(&admin, &path, price).await;
    }
    is_used(&system, &replica, false).await;
    assert_eq!(admin.get(&path).await.ok(200)["price"]["amount"], 34);
    replica.start().await;
    is_used(&system, &replica, true).await;
    let before = served(&system, &replica).await;
    wait_until("the replica's answers", PATIENCE, async || {
        (served(&system, &replica).await > before).then_some(())
    })
    .await;
    price_is(&admin, &path, 40).await;
    stop.store(true, Ordering::SeqCst);
    reader.await.unwrap();
    assert!(served(&system, &primary).await < 1.0);
}
