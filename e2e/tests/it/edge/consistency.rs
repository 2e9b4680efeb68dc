//! Reading one's own writes.

use e2e::{System, product};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_with_the_token_sees_the_write() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1)).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    for price in 1..=40 {
        let patched = admin
            .patch(&path)
            .merge(json!({"price": {"amount": price, "currency": "GBP"}, "name": format!("Mug {price}")}))
            .await
            .ok(200);
        let read = admin.get(&path).seeing(&patched).await.ok(200);
        assert_eq!(read["price"]["amount"], price);
        assert_eq!(read.header("consistency-stale"), None);
        let found = admin
            .get(format!("/v1/products?q=mug+{price}"))
            .seeing(&patched)
            .await
            .ok(200);
        assert_eq!(found.items().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_from_the_future_is_waited_for_and_then_told() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let order = admin.order(&[(&mug.id, 1)]).await.ok(201);
    let today = system.clock().now().date_naive();
    let report = format!("/v1/reports/sales?from={today}&to={}", today + chrono::Days::new(2));
    let everything = system.everything().await;
    for path in [
        "/v1/products",
        &format!("/v1/products/{}", mug.id),
        &format!("/v1/products/{}/stock", mug.id),
        "/v1/orders",
        &format!("/v1/orders/{}", order.id()),
        &report,
        "/v1/audit",
    ] {
        let fresh = admin.get(path).after(&everything).await.ok(200);
        assert_eq!(fresh.header("consistency-stale"), None);
        for token in ["0.999999999", "63.9223372036854775807", "99.1"] {
            let read = |wait: u32| {
                admin
                    .get(path)
                    .header("consistency-token", token)
                    .header("consistency-wait", wait)
            };
            let behind = read(1).await.refused(504, "read_model_behind");
            assert_eq!(behind.header("consistency-stale"), None);
            let stale = read(1).header("consistency-stale", "allow").await.ok(200);
            assert_eq!(
                (stale.header("consistency-stale"), stale.json()),
                (Some("true"), fresh.json()),
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_token_is_told() {
    let system = System::start().await;
    let public = system.anonymous();
    for token in [
        "x",
        "1",
        "1.",
        ".1",
        "1.2.3",
        "1.2-",
        "2.1-1.1",
        "1.1-1.2",
        "-1.5",
        "1.-5",
        "01.5",
        "1.99999999999999999999",
        "1,5",
        "1.5 2.6",
    ] {
        let refused = public.get("/v1/products").header("consistency-token", token).await;
        assert_eq!(refused.status(), 400, "{token}: {refused:?}");
        assert_eq!(refused.fields()[0].0, "Consistency-Token", "{token}: {refused:?}");
    }
    for (name, value) in [
        ("consistency-wait", "0"),
        ("consistency-wait", "soon"),
        ("consistency-wait", "60000"),
        ("consistency-stale", "yes"),
    ] {
        let refused = public.get("/v1/products").header(name, value).await;
        assert_eq!(refused.status(), 400, "{name}: {value}: {refused:?}");
    }
}
