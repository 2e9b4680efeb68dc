//! `/v1/audit`: who, what, when, from where, why.

use e2e::{Answer, System};
use serde_json::{Value, json};

use super::blamed;

fn only(page: &Answer) -> &Value {
    match page.items() {
        [only] => only,
        _ => panic!("one event is expected: {page:?}"),
    }
}

/// `field: before -> after` of each change.
fn told(entry: &Value) -> Vec<String> {
    let changes = entry["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| {
            format!(
                "{}: {} -> {}",
                change["field"].as_str().unwrap(),
                change["before"],
                change["after"]
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_says_who_what_when_from_where_and_why() {
    let system = System::options().with("trusted-proxies", "1").start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let path = format!("/v1/products/{}", mug.id);
    let update = json!({"name": "Cup", "price": {"amount": 1500, "currency": "GBP"}, "attributes": {"colour": "red", "size": 2}});
    let _ = admin
        .patch(&path)
        .merge(update)
        .header("user-agent", "till/7")
        .header("x-forwarded-for", "6.6.6.6, 203.0.113.9")
        .header("audit-reason", "Frühjahrspreise")
        .header("x-request-id", "spring-1")
        .await
        .ok(200);
    let _ = admin
        .patch(&path)
        .merge(json!({"attributes": {"colour": "blue", "size": null}}))
        .await
        .ok(200);
    let order = ann.order(&[(&mug.id, 2)]).await.ok(201);
    let _ = admin
        .cancel(order.id())
        .header("audit-reason", "asked by phone")
        .await
        .ok(200);
    let everything = system.everything().await;
    let audit = async |query: &str| admin.get(format!("/v1/audit?{query}")).after(&everything).await.ok(200);

    let renamed = audit("field=name&type=ProductUpdated").await;
    let entry = only(&renamed);
    assert_eq!(
        told(entry),
        [
            "name: \"Product MUG-1\" -> \"Cup\"",
            "attributes.colour: null -> \"red\"",
            "attributes.size: null -> 2",
        ]
    );
    assert_eq!(
        entry["actor"],
        json!({"id": admin.user_id(), "kind": "user", "email": "admin@shop.example", "name": "admin"})
    );
    assert_eq!(entry["reason"], "Frühjahrspreise");
    let metadata = &entry["metadata"];
    assert_eq!(
        (
            &metadata["client_ip"],
            &metadata["user_agent"],
            &metadata["channel"],
            &metadata["command"],
            &metadata["request_id"]
        ),
        (
            &json!("203.0.113.9"),
            &json!("till/7"),
            &json!("rest"),
            &json!("update_product"),
            &json!("spring-1")
        )
    );
    assert!(entry["recorded_at"].is_string() && entry["occurred_at"].is_string());

    let price = audit("field=price&type=ProductPriceChanged").await;
    assert_eq!(
        told(only(&price)),
        ["price: {\"amount\":1250,\"currency\":\"GBP\"} -> {\"amount\":1500,\"currency\":\"GBP\"}"]
    );
    assert_eq!(
        only(&price)["metadata"]["command_id"],
        metadata["command_id"],
        "one command made both"
    );
    let colour = audit("field=attributes.colour&sort=recorded_at").await;
    assert_eq!(colour.each("event_type"), ["ProductUpdated", "ProductUpdated"]);
    assert_eq!(
        told(&colour.items()[1]),
        ["attributes.colour: \"red\" -> \"blue\"", "attributes.size: 2 -> null"]
    );
    assert_eq!(audit("field=attributes").await.items().len(), 2);
    let cancelled = audit(&format!(
        "aggregate=order&aggregate_id={}&field=status&type=OrderCancelled",
        order.id()
    ))
    .await;
    assert_eq!(told(only(&cancelled))[0], "status: \"pending\" -> \"cancelled\"");
    let placed = audit("type=OrderPlaced").await;
    assert!(told(only(&placed)).contains(&"total: null -> {\"amount\":3000,\"currency\":\"GBP\"}".to_owned()));
    let registered = audit(&format!("aggregate=user&aggregate_id={}", ann.user_id())).await;
    assert_eq!(
        told(only(&registered)),
        [
            "email: null -> \"ann@customers.example\"",
            "name: null -> \"ann\"",
            "role: null -> \"customer\""
        ]
    );
    assert_eq!(
        only(&registered)["actor"],
        json!({"id": "system:e2e", "kind": "system", "email": null, "name": null})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_told_before_and_after() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let _ = admin
        .post("/v1/stock/adjust")
        .json(json!({"product_id": mug.id, "quantity": -3, "reason": "broken"}))
        .await
        .ok(200);
    let order = ann.order(&[(&mug.id, 2)]).await.ok(201);
    let _ = admin
        .cancel(order.id())
        .header("audit-reason", "asked by phone")
        .await
        .ok(200);
    let everything = system.everything().await;
    let audit = async |query: &str| admin.get(format!("/v1/audit?{query}")).after(&everything).await.ok(200);
    let adjusted = audit("type=StockAdjusted").await;
    assert_eq!(told(only(&adjusted)), ["on_hand: 10 -> 7", "available: 10 -> 7"]);
    assert_eq!(only(&adjusted)["reason"], "broken");
    let reserved = audit("type=StockReserved").await;
    assert_eq!(told(only(&reserved)), ["reserved: 0 -> 2", "available: 7 -> 5"]);
    assert_eq!(only(&reserved)["actor"]["email"], "ann@customers.example");
    let released = audit("type=StockReleased").await;
    assert_eq!(told(only(&released)), ["reserved: 2 -> 0", "available: 5 -> 7"]);
    assert_eq!(
        only(&released)["reason"],
        "asked by phone",
        "what a command calls has its reason"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_combine_and_lists_run_both_ways() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let order = ann
        .order(&[(&mug.id, 1)])
        .header("x-request-id", "checkout 1".replace(' ', "-"))
        .await
        .ok(201);
    let _ = admin.cancel(order.id()).await.ok(200);
    let everything = system.everything().await;
    let audit = async |query: &str| admin.get(format!("/v1/audit?{query}")).after(&everything).await.ok(200);

    let both = audit("type=OrderPlaced,OrderCancelled&sort=recorded_at").await;
    assert_eq!(both.each("event_type"), ["OrderPlaced", "OrderCancelled"]);
    let again = audit("type=OrderPlaced&type=OrderCancelled&sort=-recorded_at").await;
    assert_eq!(again.each("event_type"), ["OrderCancelled", "OrderPlaced"]);
    let request = audit("request=checkout-1&sort=occurred_at").await;
    assert_eq!(request.items().len(), 2);
    let by_mail = audit("actor=ANN@customers.example").await;
    assert_eq!(by_mail.items().len(), 4, "the log-in, its session, the order and its stock");
    assert_eq!(
        audit(&format!("actor={}&field=reserved", ann.user_id()))
            .await
            .each("event_type"),
        ["StockReserved"]
    );
    assert_eq!(
        audit(&format!("actor={}&field=reserved", admin.user_id()))
            .await
            .each("event_type"),
        ["StockReleased"]
    );
    assert!(audit("field=no_such_field").await.items().is_empty());
    assert!(audit("actor=nobody@example.com").await.items().is_empty());
    let placed = &both.items()[0];
    let occurred = placed["occurred_at"].as_str().unwrap();
    assert!(
        audit(&format!("occurred_to={occurred}"))
            .await
            .each("event_type")
            .iter()
            .all(|name| *name != "OrderPlaced")
    );
    let since = audit(&format!("occurred_from={occurred}&type=OrderPlaced")).await;
    assert_eq!(since.items().len(), 1);

    // Both ways, both sorts, page by page.
    for sort in ["recorded_at", "-recorded_at", "occurred_at", "-occurred_at"] {
        let whole = audit(&format!("sort={sort}&limit=200")).await;
        let first = audit(&format!("sort={sort}&limit=3")).await;
        let cursor = |page: &Answer, which: &str| page[which].as_str().unwrap().to_owned();
        let second = audit(&format!("sort={sort}&limit=3&cursor={}", cursor(&first, "next_cursor"))).await;
        assert_eq!([first.items(), second.items()].concat(), whole.items()[..6], "{sort}");
        let back = audit(&format!(
            "sort={sort}&limit=3&cursor={}",
            cursor(&second, "prev_cursor")
        ))
        .await;
        assert_eq!(back.items(), first.items(), "{sort}");
    }
    for (query, field, code) in [
        ("sort=actor", "sort", "unknown"),
        ("occurred_from=x", "occurred_from", "invalid_format"),
        (
            "occurred_from=2026-02-02&occurred_to=2026-02-01",
            "occurred_to",
            "out_of_range",
        ),
        ("field=a&field=b", "field", "duplicate_parameter"),
        ("field=%00", "field", "invalid_character"),
        (&format!("request={}", "x".repeat(1_001)), "request", "too_long"),
        (&format!("type={}", vec!["x"; 51].join(",")), "type", "too_many"),
    ] {
        let _ = admin
            .get(format!("/v1/audit?{query}"))
            .await
            .refused_for(400, "invalid_parameter", &[(field, code)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reason_that_cannot_be_kept_is_refused_before_anything_happens() {
    let system = System::start().await;
    let admin = system.admin().await;
    let long = "x".repeat(501);
    let refused = admin
        .post("/v1/products")
        .json(e2e::product("MUG-1", 1))
        .header("audit-reason", long)
        .await;
    blamed(refused, "invalid_header", "Audit-Reason");
    let created = admin.post("/v1/products").json(e2e::product("MUG-1", 1)).await.ok(201);
    let stream = admin.get(format!("/v1/streams/product/{}", created.id())).await.ok(200);
    let metadata = &stream.items()[0]["metadata"];
    assert_eq!(
        (&metadata["reason"], &metadata["client_ip"]),
        (&Value::Null, &json!("127.0.0.1"))
    );
}
