//! A search engine that is not there.

use e2e::{Client, PATIENCE, System, wait_until};
use serde_json::json;
use tokio::net::TcpListener;

/// A listing is answered, by the database, and says so.
async fn check(system: &System, admin: &Client) {
    let public = system.anonymous();
    for sku in ["M-1", "M-2", "X-1"] {
        let name = if sku == "X-1" { "Plate" } else { "Mug" };
        let body = json!({"sku": sku, "name": format!("{name} {sku}"), "price": {"amount": 100, "currency": "GBP"}, "status": "active"});
        let _ = admin.post("/v1/products").json(body).await.ok(201);
    }
    let everything = system.everything().await;
    let page = public
        .get("/v1/products?q=mug&facets=category,price&highlight=true&sort=relevance&limit=1")
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(
        (&page["answered_by"], page.header("search-degraded")),
        (&json!("database"), Some("true")),
        "{page:?}"
    );
    assert!(page["facets"].is_null() && page["total"].is_null(), "{page:?}");
    assert_eq!(page.each("sku"), ["M-2"]);
    let next = page["next_cursor"].as_str().unwrap();
    let next = public
        .get(format!(
            "/v1/products?q=mug&facets=category,price&highlight=true&sort=relevance&limit=1&cursor={next}"
        ))
        .await
        .ok(200);
    assert_eq!(next.each("sku"), ["M-1"]);
    let suggested = public.get("/v1/products/suggest?q=mu").await.ok(200);
    assert_eq!(
        (
            suggested.items().len(),
            &suggested["answered_by"],
            suggested.header("search-degraded")
        ),
        (2, &json!("database"), Some("true"))
    );
    let plain = public.get("/v1/products").await.ok(200);
    assert_eq!((plain.items().len(), plain.header("search-degraded")), (3, None));
    let ready = public.get("/readyz").await.ok(200);
    assert_eq!(
        (
            &ready["status"],
            &ready["checks"]["search"],
            &ready["degraded"][0]["part"]
        ),
        (&json!("ready"), &json!("degraded"), &json!("search"))
    );
    wait_until("the figures", PATIENCE, async || {
        let metrics = public.get("/metrics").await.ok(200);
        metrics
            .text()
            .lines()
            .any(|line| line.starts_with("tillroll_search_up{engine=\"meilisearch\"} 0"))
            .then_some(())
    })
    .await;
    wait_until("the outage to be on record", PATIENCE, async || {
        let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM search_index WHERE NOT ready AND outage IS NOT NULL")
            .fetch_one(&system.pool())
            .await
            .unwrap();
        (noted == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_refuses_connections() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let system = System::options()
        .with("meili-url", format!("http://{address}"))
        .start()
        .await;
    let admin = system.admin().await;
    check(&system, &admin).await;
    drop(system.shut_down().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_accepts_and_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            connections.push(connection);
        }
    });
    let system = System::options()
        .with("meili-url", format!("http://{address}"))
        .start()
        .await;
    let admin = system.admin().await;
    check(&system, &admin).await;
    drop(system.shut_down().await);
    silent.abort();
}
