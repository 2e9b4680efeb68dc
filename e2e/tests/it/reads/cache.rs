//! What gateways keep, each for itself.

use std::sync::Arc;

use e2e::{Client, Database, Options, PATIENCE, System, free_port, product, wait_until};
use proto::v1::Role;
use serde_json::json;

pub(crate) const HITS: &str = r#"tillroll_cache_reads_total{cache="products",outcome="hit"}"#;

/// The services in one system, and two gateways before it that trust the same tokens.
pub(crate) struct Shop {
    pub(crate) _services: System,
    pub(crate) gateways: [System; 2],
    pub(crate) admins: [Client; 2],
}

impl Shop {
    pub(crate) async fn open(change: impl Fn(Options) -> Options) -> Shop {
        let database = Arc::new(Database::create().await);
        let services = System::options()
            .on(&database)
            .with("roles", "command,query,projector")
            .start()
            .await;
        let gateway = || {
            let gateway = System::options()
                .on(&database)
                .with("roles", "gateway")
                .with("grpc-addr", "off");
            change(
                gateway
                    .with("command-url", services.grpc_url())
                    .with("query-url", services.grpc_url()),
            )
        };
        let first = gateway().start().await;
        let key = first.folder().join("keys/jwt-ed25519.pem").display().to_string();
        let second = gateway().with("jwt-key-file", key).start().await;
        services
            .create_user("admin@shop.example", Role::Admin, e2e::PASSWORD)
            .await
            .unwrap();
        let admin = first.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
        let other = second.anonymous().with_token(admin.token());
        Shop {
            _services: services,
            gateways: [first, second],
            admins: [admin, other],
        }
    }
}

/// Reads until some of the reads are served from memory.
async fn warm(system: &System, client: &Client, path: &str) {
    wait_until("a hit", PATIENCE, async || {
        let before = system.metric(HITS).await;
        let _ = client.get(path).await.ok(200);
        (system.metric(HITS).await > before).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_after_a_write_is_never_old_through_two_gateways() {
    let shop = Shop::open(|options| options).await;
    let mut products = Vec::new();
    for number in 0..4 {
        let created = shop.admins[0]
            .post("/v1/products")
            .json(product(&format!("P-{number}"), 1))
            .await
            .ok(201);
        let path = format!("/v1/products/{}", created.id());
        let _ = shop.admins[1].get(&path).seeing(&created).await.ok(200);
        products.push(path);
    }
    warm(&shop.gateways[0], &shop.admins[0], &products[0]).await;
    let mut tasks = Vec::new();
    for (number, path) in products.iter().enumerate() {
        let (admins, path) = (shop.admins.clone(), path.clone());
        tasks.push(tokio::spawn(async move {
            for round in 2..40_i64 {
                let writer = &admins[(number + usize::try_from(round).unwrap()) % 2];
                let price = json!({"price": {"amount": round, "currency": "GBP"}});
                let written = writer.patch(&path).json(price).await.ok(200);
                let reads = (0..6).map(|reader| {
                    let read = admins[reader % 2].get(&path).seeing(&written);
                    async move { read.await.ok(200)["price"]["amount"].as_i64().unwrap() }
                });
                for price in futures::future::join_all(reads).await {
                    assert_eq!(price, round, "a read that must see the write");
                }
                // Fills the caches with whatever there is.
                for admin in &admins {
                    let _ = admin.get(&path).await.ok(200);
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    // And who sends no token sees it soon, from either gateway.
    for (path, admin) in products
        .iter()
        .flat_map(|path| shop.admins.iter().map(move |admin| (path, admin)))
    {
        wait_until("the last price", PATIENCE, async || {
            let price = admin.get(path).await.ok(200)["price"]["amount"].as_i64();
            (price == Some(39)).then_some(())
        })
        .await;
    }
    assert!(shop.gateways[0].metric(HITS).await > 0.0);
    let invalidations = r#"tillroll_cache_invalidations_total{cache="products"}"#;
    assert!(shop.gateways[0].metric(invalidations).await > 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_hidden_is_never_served_to_visitors() {
    let system = System::start().await;
    let admin = system.admin().await;
    let (public, ann) = (system.anonymous(), system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 1).await;
    let path = format!("/v1/products/{}", mug.id);
    let _ = public.get(&path).seeing(&mug.received).await.ok(200);
    warm(&system, &public, &path).await;
    let archived = admin.post(format!("{path}/archive")).await.ok(200);
    let _ = public
        .get(&path)
        .seeing(&archived)
        .await
        .refused(404, "product_not_found");
    // Kept now, for those who may see it.
    warm(&system, &admin, &path).await;
    for _ in 0..5 {
        let _ = public.get(&path).await.refused(404, "product_not_found");
        let _ = ann.get(&path).await.refused(404, "product_not_found");
        assert_eq!(admin.get(&path).await.ok(200)["status"], "archived");
    }
    let published = admin.post(format!("{path}/publish")).await.ok(200);
    let _ = public.get(&path).seeing(&published).await.ok(200);
    let deleted = admin.delete(&path).await.ok(204);
    let _ = public
        .get(&path)
        .seeing(&deleted)
        .await
        .refused(404, "product_not_found");
    warm(&system, &admin, &path).await;
    let _ = public.get(&path).await.refused(404, "product_not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_kept_for_its_owner_and_administrators_alone() {
    let system = System::start().await;
    let (admin, ann, bob) = (
        system.admin().await,
        system.customer("ann").await,
        system.customer("bob").await,
    );
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let order = ann.order(&[(&mug.id, 1)]).await.ok(201);
    let path = format!("/v1/orders/{}", order.id());
    let _ = ann.get(&path).seeing(&order).await.ok(200);
    for _ in 0..20 {
        assert_eq!(ann.get(&path).await.ok(200).json(), order.json());
        let _ = admin.get(&path).await.ok(200);
        let _ = bob.get(&path).await.refused(404, "order_not_found");
        let _ = system.anonymous().get(&path).await.refused(401, "unauthenticated");
    }
    let cancelled = ann.cancel(order.id()).await.ok(200);
    assert_eq!(ann.get(&path).seeing(&cancelled).await.ok(200)["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_feed_a_gateway_asks_and_afterwards_keeps_nothing_old() {
    let database = Arc::new(Database::create().await);
    let port = format!("127.0.0.1:{}", free_port());
    let query = || {
        System::options()
            .on(&database)
            .with("roles", "query")
            .with("grpc-addr", &port)
    };
    let writing = System::options()
        .on(&database)
        .with("roles", "command,projector")
        .start()
        .await;
    let mut reading = query().start().await;
    let gateway = System::options()
        .on(&database)
        .with("roles", "gateway")
        .with("grpc-addr", "off")
        .with("command-url", writing.grpc_url())
        .with("query-url", format!("http://{port}"))
        .start()
        .await;
    writing
        .create_user("admin@shop.example", Role::Admin, e2e::PASSWORD)
        .await
        .unwrap();
    let admin = gateway.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1)).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    let _ = admin.get(&path).seeing(&created).await.ok(200);
    warm(&gateway, &admin, &path).await;
    for round in 2..5_i64 {
        drop(reading.shut_down().await);
        wait_until("a refusal instead of something old", PATIENCE, async || {
            (admin.get(&path).await.status() == 503).then_some(())
        })
        .await;
        let price = json!({"price": {"amount": round, "currency": "GBP"}});
        let written = admin.patch(&path).json(price).await.ok(200);
        reading = query().start().await;
        let read = wait_until("the services", PATIENCE, async || {
            let read = admin.get(&path).seeing(&written).await;
            (read.status() == 200).then_some(read)
        })
        .await;
        assert_eq!(read["price"]["amount"], round);
        warm(&gateway, &admin, &path).await;
        assert_eq!(admin.get(&path).await.ok(200)["price"]["amount"], round);
    }
}
