//! `POST /v1/orders/{id}/cancel`, and who may see an order.

use e2e::System;
use futures::future::join_all;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_gives_the_stock_back_once() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let plate = admin.stocked("PLATE-1", 799, 5).await;
    let placed = ann.order(&[(&mug.id, 2), (&plate.id, 1), (&mug.id, 1)]).await.ok(201);
    let cancelled = ann.cancel(placed.id()).if_match(1).await.ok(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["cancel_reason"], &cancelled["version"]),
        (&json!("cancelled"), &json!("ordered twice"), &json!(2))
    );
    assert!(cancelled["cancelled_at"].is_string());
    assert_eq!(
        (&cancelled["lines"], &cancelled["total"]),
        (&placed["lines"], &placed["total"])
    );
    let read = ann
        .get(format!("/v1/orders/{}", placed.id()))
        .seeing(&cancelled)
        .await
        .ok(200);
    assert_eq!(read.json(), cancelled.json());
    for shelf in [&mug, &plate] {
        let stock = ann
            .get(format!("/v1/products/{}/stock", shelf.id))
            .seeing(&cancelled)
            .await
            .ok(200);
        assert_eq!(
            (&stock["reserved"], &stock["available"]),
            (&json!(0), &json!(5)),
            "the token of the cancellation shows the stock"
        );
    }
    let again = ann.cancel(placed.id()).await;
    match again.status() {
        200 => assert_eq!(again["version"], 2, "it is cancelled already"),
        _ => drop(again.refused(409, "order_not_cancellable")),
    }
    let stock = ann
        .get(format!("/v1/products/{}/stock", mug.id))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(
        (&stock["on_hand"], &stock["reserved"]),
        (&json!(5), &json!(0)),
        "given back once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_cancel_at_once() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let placed = admin.order(&[(&mug.id, 3)]).await.ok(201);
    let answers = join_all((0..16).map(|_| admin.cancel(placed.id()).into_future())).await;
    assert!(answers.iter().any(|answer| answer.status() == 200));
    assert!(
        answers.iter().all(|answer| [200, 409].contains(&answer.status())),
        "{answers:?}"
    );
    let events = admin.get(format!("/v1/streams/order/{}", placed.id())).await.ok(200);
    assert_eq!(events.each("event_type"), ["OrderPlaced", "OrderCancelled"]);
    let everything = system.everything().await;
    let stock = admin
        .get(format!("/v1/products/{}/stock", mug.id))
        .after(&everything)
        .await
        .ok(200);
    assert_eq!((&stock["on_hand"], &stock["reserved"]), (&json!(5), &json!(0)));
    let events = admin.get(format!("/v1/streams/stock/{}", mug.id)).await.ok(200);
    assert_eq!(
        events.each("event_type"),
        ["StockReceived", "StockReserved", "StockReleased"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_order_does_not_exist() {
    let system = System::start().await;
    let admin = system.admin().await;
    let (ann, bob) = (system.customer("ann").await, system.customer("bob").await);
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let anns = ann.order(&[(&mug.id, 1)]).await.ok(201);
    let bobs = bob.order(&[(&mug.id, 1)]).await.ok(201);
    let path = format!("/v1/orders/{}", anns.id());
    let nobodys = "/v1/orders/ord_0198c0de-0000-7000-8000-000000000001";
    for (path, why) in [
        (path.as_str(), "another's"),
        (nobodys, "nobody's"),
        ("/v1/orders/1001", "no id"),
    ] {
        let read = bob.get(path).seeing(&anns).await;
        assert_eq!(read.status(), 404, "{why}: {read:?}");
        let cancelled = bob.post(format!("{path}/cancel")).json(json!({"reason": "mine"})).await;
        assert_eq!(
            (cancelled.status(), cancelled["code"].as_str()),
            (404, Some("order_not_found")),
            "{why}: {cancelled:?}"
        );
    }
    let guess = bob.cancel(anns.id()).if_match(99).await;
    assert_eq!(guess.status(), 404, "not even its version: {guess:?}");
    let everything = system.everything().await;
    let listed = bob.get("/v1/orders").after(&everything).await.ok(200);
    assert_eq!(listed.each("id"), [bobs.id()]);
    let _ = bob
        .get(format!("/v1/orders?customer={}", ann.user_id()))
        .await
        .refused(403, "forbidden");
    let own = bob.get(format!("/v1/orders?customer={}", bob.user_id())).await.ok(200);
    assert_eq!(own.each("id"), [bobs.id()]);
    let _ = system.anonymous().get(&path).await.refused(401, "unauthenticated");
    let _ = system
        .anonymous()
        .get("/v1/orders")
        .await
        .refused(401, "unauthenticated");
    let _ = system
        .anonymous()
        .cancel(anns.id())
        .await
        .refused(401, "unauthenticated");
    let all = admin.get("/v1/orders").after(&everything).await.ok(200);
    assert_eq!(all.items().len(), 2);
    let _ = admin.cancel(anns.id()).await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_says_why_and_of_which_version() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let placed = admin.order(&[(&mug.id, 1)]).await.ok(201);
    let cancel = |body: serde_json::Value| admin.post(format!("/v1/orders/{}/cancel", placed.id())).json(body);
    for (body, code) in [
        (json!({}), "required"),
        (json!({"reason": ""}), "required"),
        (json!({"reason": 1}), "invalid_type"),
        (json!({"reason": "x".repeat(501)}), "too_long"),
    ] {
        let _ = cancel(body)
            .await
            .refused_for(422, "validation_failed", &[("reason", code)]);
    }
    let _ = cancel(json!({"reason": "late"}))
        .if_match(2)
        .await
        .refused(412, "version_mismatch");
    let first = cancel(json!({"reason": "changed my mind"}))
        .key("cancel-1")
        .await
        .ok(200);
    let again = cancel(json!({"reason": "changed my mind"}))
        .key("cancel-1")
        .await
        .ok(200);
    assert_eq!(
        (again.json(), again.header("idempotent-replayed")),
        (first.json(), Some("true"))
    );
    let _ = cancel(json!({"reason": "another reason"}))
        .key("cancel-1")
        .await
        .refused(422, "idempotency_key_reused");
}
