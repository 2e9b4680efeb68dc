//! What gateways share of what they keep, in a real Redis that dies and comes back with something old.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use e2e::{Answer, Client, PATIENCE, Redis, System, product, wait_until};
use serde_json::json;

use super::cache::Shop;

const UP: &str = r#"tillroll_redis_up{cache="products"}"#;
const SHARED_HITS: &str = r#"tillroll_cache_reads_total{cache="products",outcome="shared_hit"}"#;
const PRODUCTS: i64 = 4;
const ROUNDS: i64 = 60;

fn price(answer: &Answer) -> i64 {
    answer["price"]["amount"].as_i64().expect("a price")
}

async fn redis_is_used(system: &System, used: bool) {
    wait_until("Redis to be used or not", PATIENCE, async || {
        ((system.metric(UP).await > 0.0) == used).then_some(())
    })
    .await;
}

/// Writes one price after another and reads each through both gateways; never may a read be older than its token.
async fn write_and_read(admins: [Client; 2], path: String, number: i64, written: Arc<AtomicI64>) {
    for round in 2..ROUNDS {
        let writer = &admins[usize::try_from((number + round) % 2).unwrap()];
        let change = json!({"price": {"amount": round, "currency": "GBP"}});
        let write = writer.patch(&path).json(change).await.ok(200);
        let reads = (0..4_usize).map(|reader| admins[reader % 2].get(&path).seeing(&write).into_future());
        for read in futures::future::join_all(reads).await {
            assert_eq!(price(&read.ok(200)), round, "a read that must see the write");
        }
        for admin in &admins {
            let seen = price(&admin.get(&path).await.ok(200));
            assert!(seen <= round, "{seen} after {round}");
        }
        written.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_after_a_write_is_never_old_while_redis_dies_and_comes_back() {
    let mut redis = Redis::start().await;
    let url = redis.url();
    let shop = Shop::open(|options| options.with("redis-url", &url)).await;
    redis_is_used(&shop.gateways[0], true).await;
    let mut paths = Vec::new();
    for number in 0..PRODUCTS {
        let created = shop.admins[0]
            .post("/v1/products")
            .json(product(&format!("P-{number}"), 1))
            .await
            .ok(201);
        let path = format!("/v1/products/{}", created.id());
        let _ = shop.admins[1].get(&path).seeing(&created).await.ok(200);
        paths.push(path);
    }
    let written = Arc::new(AtomicI64::new(0));
    let mut tasks = Vec::new();
    for (number, path) in (0..PRODUCTS).zip(&paths) {
        let task = write_and_read(shop.admins.clone(), path.clone(), number, Arc::clone(&written));
        tasks.push(tokio::spawn(task));
    }
    let reached = async |share: i64| {
        wait_until("writes", PATIENCE * 4, async || {
            (written.load(Ordering::SeqCst) >= PRODUCTS * (ROUNDS - 2) * share / 8).then_some(())
        })
        .await;
    };
    // A snapshot to come back with, by then long out of date.
    reached(1).await;
    assert_eq!(redis.cli(&["SAVE"]).await, "OK");
    reached(3).await;
    redis.kill().await;
    reached(5).await;
    redis.start_again().await;
    for task in tasks {
        task.await.unwrap();
    }
    redis_is_used(&shop.gateways[0], true).await;
    for (path, admin) in paths
        .iter()
        .flat_map(|path| shop.admins.iter().map(move |admin| (path, admin)))
    {
        wait_until("the last price", PATIENCE, async || {
            (price(&admin.get(path).await.ok(200)) == ROUNDS - 1).then_some(())
        })
        .await;
        for _ in 0..5 {
            assert_eq!(
                price(&admin.get(path).await.ok(200)),
                ROUNDS - 1,
                "nothing old comes back"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_gateway_has_read_another_finds() {
    let redis = Redis::start().await;
    let url = redis.url();
    let shop = Shop::open(|options| options.with("redis-url", &url)).await;
    redis_is_used(&shop.gateways[0], true).await;
    let created = shop.admins[0]
        .post("/v1/products")
        .json(product("P-1", 1))
        .await
        .ok(201);
    let path = format!("/v1/products/{}", created.id());
    let _ = shop.admins[0].get(&path).seeing(&created).await.ok(200);
    // Both have to be in one epoch, and to have heard of the product; then what one has read the other finds.
    let change = json!({"price": {"amount": 2, "currency": "GBP"}});
    let rounds = AtomicI64::new(2);
    wait_until("a hit of the other", PATIENCE, async || {
        let round = rounds.fetch_add(1, Ordering::SeqCst) + 1;
        let change = json!({"price": {"amount": round, "currency": "GBP"}});
        let written = shop.admins[0].patch(&path).json(change).await.ok(200);
        assert_eq!(price(&shop.admins[0].get(&path).seeing(&written).await.ok(200)), round);
        for _ in 0..10 {
            let _ = shop.admins[0].get(&path).await.ok(200);
        }
        assert_eq!(price(&shop.admins[1].get(&path).seeing(&written).await.ok(200)), round);
        (shop.gateways[1].metric(SHARED_HITS).await > 0.0).then_some(())
    })
    .await;
    assert_ne!(redis.cli(&["DBSIZE"]).await, "0");

    // Forgetting everything on the way, epoch and all, harms nobody.
    assert_eq!(redis.cli(&["FLUSHALL"]).await, "OK");
    let written = shop.admins[1].patch(&path).json(change).await.ok(200);
    for admin in &shop.admins {
        assert_eq!(price(&admin.get(&path).seeing(&written).await.ok(200)), 2);
    }
    redis_is_used(&shop.gateways[0], true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_the_shop_keeps_its_answers_to_itself() {
    let redis = Redis::start().await;
    let system = System::start().await;
    let created = system
        .admin()
        .await
        .post("/v1/products")
        .json(product("P-1", 1))
        .await
        .ok(201);
    let path = format!("/v1/products/{}", created.id());
    let database = system.shut_down().await;
    let _ = database.cut_connections().await;
    let copy = Arc::new(database.copy().await);
    let open = async |database: &Arc<_>| {
        let system = System::options()
            .on(database)
            .with("redis-url", redis.url())
            .start()
            .await;
        redis_is_used(&system, true).await;
        system
    };
    let (shop, copy) = (open(&database).await, open(&copy).await);
    let admin = copy.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let change = json!({"price": {"amount": 2, "currency": "GBP"}});
    let changed = admin.patch(&path).json(change).await.ok(200);
    assert_eq!(price(&admin.get(&path).seeing(&changed).await.ok(200)), 2);
    wait_until("the answer to be in Redis", PATIENCE, async || {
        let _ = admin.get(&path).await.ok(200);
        let keys = redis.cli(&["KEYS", &format!("*{}", created.id())]).await;
        (!keys.is_empty()).then_some(())
    })
    .await;
    assert_eq!(price(&shop.anonymous().get(&path).await.ok(200)), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_never_there_is_no_trouble() {
    let url = format!("redis://127.0.0.1:{}", e2e::free_port());
    let system = System::options().with("redis-url", url).start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let path = format!("/v1/products/{}", mug.id);
    for _ in 0..10 {
        let _ = admin.get(&path).seeing(&mug.received).await.ok(200);
    }
    assert!(system.metric(UP).await < 1.0);
}
