//! `/v1/streams` and `/v1/audit`

use std::collections::BTreeSet;

use e2e::{Answer, System};
use serde_json::{Value, json};

fn metadata<'a>(event: &'a Value, name: &str) -> &'a str {
    event["metadata"][name].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_can_be_followed_through_everything_that_it_caused() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let correlation = "0198c0de-0000-7000-8000-0000000000aa";
    let order = ann
        .order(&[(&mug.id, 2)])
        .header("x-request-id", "checkout-77")
        .header("x-correlation-id", correlation)
        .await
        .ok(201);
    assert_eq!(
        (order.header("x-request-id"), order.header("x-correlation-id")),
        (Some("checkout-77"), Some(correlation))
    );

    let placed = admin.get(format!("/v1/streams/order/{}", order.id())).await.ok(200);
    assert_eq!(placed.each("event_type"), ["OrderPlaced"]);
    let event = &placed.items()[0];
    insta::assert_json_snapshot!(event, {
        ".event_id" => "[event]", ".aggregate_id" => "[order]", ".lane" => "[lane]", ".position" => "[position]", ".recorded_at" => "[time]", ".occurred_at" => "[time]",
        ".metadata.actor" => "[customer]", ".metadata.causation_id" => "[cause]", ".metadata.command_id" => "[command]", ".payload.OrderPlaced.order_id" => "[order]",
        ".payload.OrderPlaced.customer_id" => "[customer]", ".payload.OrderPlaced.placed_at" => "[time]", ".payload.OrderPlaced.lines[].product_id" => "[product]",
    });
    let stock = admin.get(format!("/v1/streams/stock/{}", mug.id)).await.ok(200);
    assert_eq!(stock.each("event_type"), ["StockReceived", "StockReserved"]);
    let reserved = &stock.items()[1];
    assert_eq!(
        reserved["payload"]["StockReserved"],
        json!({"order_id": order.id(), "quantity": 2})
    );
    for event in [event, reserved] {
        assert_eq!(metadata(event, "correlation_id"), correlation);
        assert_eq!(metadata(event, "actor"), ann.user_id());
        assert_eq!(metadata(event, "request_id"), "checkout-77");
    }
    assert_ne!(metadata(&stock.items()[0], "correlation_id"), correlation);

    let caused = admin
        .get(format!("/v1/audit?correlation={correlation}"))
        .seeing(&order)
        .await
        .ok(200);
    assert_eq!(
        caused.each("event_type").into_iter().collect::<BTreeSet<_>>(),
        ["OrderPlaced", "StockReserved"].into()
    );

    let cancelled = admin.cancel(order.id()).await.ok(200);
    let events = admin.get(format!("/v1/streams/order/{}", order.id())).await.ok(200);
    assert_eq!(
        events
            .items()
            .iter()
            .map(|event| event["sequence"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(metadata(&events.items()[1], "actor"), admin.user_id());
    let by_request = cancelled.header("x-correlation-id").unwrap();
    let caused = admin
        .get(format!("/v1/audit?correlation={by_request}"))
        .seeing(&cancelled)
        .await
        .ok(200);
    assert_eq!(
        caused.each("event_type").into_iter().collect::<BTreeSet<_>>(),
        ["OrderCancelled", "StockReleased"].into()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_filters_and_pages() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let plate = admin.stocked("PLATE-1", 1250, 10).await;
    let before = ann.order(&[(&mug.id, 1)]).await.ok(201);
    let after = ann.order(&[(&plate.id, 1)]).await.ok(201);
    let everything = system.everything().await;
    let audit = async |query: &str| admin.get(format!("/v1/audit?{query}")).after(&everything).await.ok(200);
    let types =
        |page: &Answer| -> BTreeSet<String> { page.each("event_type").into_iter().map(str::to_owned).collect() };

    let whole = audit("limit=200").await;
    let recorded = whole.each("recorded_at");
    let micros = |text: &&str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
    assert!(
        recorded.windows(2).all(|pair| micros(&pair[0]) >= micros(&pair[1])),
        "newest first"
    );
    let expected: BTreeSet<String> = [
        "UserRegistered",
        "EmailClaimed",
        "ProductCreated",
        "SkuClaimed",
        "StockReceived",
        "StockReserved",
        "OrderPlaced",
        "LoggedIn",
        "SessionOpened",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(types(&whole), expected);
    let total = whole.items().len();

    assert_eq!(
        types(&audit(&format!("actor={}", ann.user_id())).await),
        ["LoggedIn", "StockReserved", "OrderPlaced"].map(str::to_owned).into()
    );
    assert_eq!(audit("type=OrderPlaced").await.items().len(), 2);
    assert_eq!(audit("type=OrderCancelled").await.items().len(), 0);
    assert_eq!(audit("aggregate=stock").await.items().len(), 4);
    assert_eq!(
        audit(&format!("aggregate=stock&aggregate_id={}", mug.id))
            .await
            .items()
            .len(),
        2
    );
    assert_eq!(
        audit(&format!("aggregate_id={}", mug.id)).await.items().len(),
        3,
        "the product's and its stock's"
    );
    let from = after["placed_at"].as_str().unwrap();
    let later = audit(&format!("from={from}")).await;
    assert!(
        later.each("aggregate_id").contains(&after.id()) && !later.each("aggregate_id").contains(&before.id()),
        "{later:?}"
    );
    let earlier = audit(&format!("to={from}&limit=200")).await;
    assert_eq!(earlier.items().len() + later.items().len(), total);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = audit(&format!("limit=4{cursor}")).await;
        seen.extend(page.each("event_id").into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, whole.each("event_id"));
    for (query, field, code) in [
        ("correlation=x", "correlation", "invalid_format"),
        ("from=x", "from", "invalid_format"),
        ("colour=x", "colour", "unknown_parameter"),
        ("limit=999", "limit", "out_of_range"),
        ("type=orderplaced", "type", "unknown"),
    ] {
        let _ = admin
            .get(format!("/v1/audit?{query}"))
            .await
            .refused_for(400, "invalid_parameter", &[(field, code)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_paged_and_unknown_ones_are_not_found() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG/1 %", 1250, 10).await;
    for _ in 0..5 {
        let _ = admin.receive(&mug.id, 1).await.ok(200);
    }
    let path = format!("/v1/streams/stock/{}", mug.id);
    let whole = admin.get(&path).await.ok(200);
    assert_eq!(whole.items().len(), 6);
    let first = admin.get(format!("{path}?limit=4")).await.ok(200);
    let second = admin
        .get(format!(
            "{path}?limit=4&cursor={}",
            first["next_cursor"].as_str().unwrap()
        ))
        .await
        .ok(200);
    assert_eq!([first.items(), second.items()].concat(), whole.items());
    let back = admin
        .get(format!(
            "{path}?limit=4&cursor={}",
            second["prev_cursor"].as_str().unwrap()
        ))
        .await
        .ok(200);
    assert_eq!(back.items(), first.items());
    let product = admin.get(format!("/v1/streams/product/{}", mug.id)).await.ok(200);
    assert_eq!(product.each("event_type"), ["ProductCreated"]);
    let sku = admin.get("/v1/streams/sku/sku_MUG%2F1%20%25").await.ok(200);
    assert_eq!(sku.items()[0]["payload"], json!({"SkuClaimed": {"product_id": mug.id}}));
    for path in [
        "/v1/streams/order/ord_0198c0de-0000-7000-8000-000000000001",
        "/v1/streams/nothing/x",
        "/v1/streams/stock/%00",
        "/v1/streams/stock/%FF",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status(), 404, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_for_administrators() {
    let system = System::start().await;
    let ann = system.customer("ann").await;
    let paths = ["/v1/audit".to_owned(), format!("/v1/streams/user/{}", ann.user_id())];
    for path in &paths {
        let _ = ann.get(path).await.refused(403, "forbidden");
        let _ = system.anonymous().get(path).await.refused(401, "unauthenticated");
    }
    let admin = system.admin().await;
    let user = admin.get(&paths[1]).await.ok(200);
    let text = user.text();
    assert!(
        !text.contains(e2e::PASSWORD) && !text.contains("argon2"),
        "no event knows a password: {text}"
    );
}
