//! `/v1/stock` and `/v1/products/{id}/stock`

mod reservations;

use e2e::{Client, Request, System, product};
use futures::future::join_all;
use serde_json::{Value, json};

fn adjust(admin: &Client, id: &str, quantity: impl Into<Value>) -> Request {
    admin
        .post("/v1/stock/adjust")
        .json(json!({"product_id": id, "quantity": quantity.into(), "reason": "broken"}))
}

fn set(admin: &Client, id: &str, quantity: impl Into<Value>, expected: impl Into<Value>) -> Request {
    admin
        .post("/v1/stock/set")
        .json(json!({"product_id": id, "quantity": quantity.into(), "expected": expected.into()}))
}

fn level(on_hand: i64, reserved: i64) -> Value {
    json!({"on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved})
}

fn is_level(answer: &e2e::Answer, on_hand: i64, reserved: i64) -> bool {
    level(on_hand, reserved)
        .as_object()
        .unwrap()
        .iter()
        .all(|(name, value)| answer[name] == *value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn received_adjusted_counted_and_read() {
    let system = System::start().await;
    let (admin, public) = (system.admin().await, system.anonymous());
    let created = admin.post("/v1/products").json(product("MUG-1", 1250)).await.ok(201);
    let id = created.id();
    let path = format!("/v1/products/{id}/stock");
    let none = public.get(&path).seeing(&created).await.ok(200);
    assert!(is_level(&none, 0, 0), "{none:?}");

    let received = admin
        .post("/v1/stock/receive")
        .json(json!({"product_id": id, "quantity": 10, "reason": "first delivery"}))
        .await
        .ok(200);
    insta::assert_json_snapshot!(received.json(), {".product_id" => "[id]"});
    assert_eq!(received.header("etag"), Some("\"1\""));
    let fewer = adjust(&admin, id, -3).await.ok(200);
    assert!(is_level(&fewer, 7, 0), "{fewer:?}");
    let more = adjust(&admin, id, 1).await.ok(200);
    assert!(is_level(&more, 8, 0), "{more:?}");
    let counted = set(&admin, id, 20, 8).await.ok(200);
    assert!(is_level(&counted, 20, 0), "{counted:?}");
    let same = set(&admin, id, 20, 20).await.ok(200);
    assert!(is_level(&same, 20, 0), "{same:?}");

    let read = public.get(&path).seeing(&counted).await.ok(200);
    assert!(is_level(&read, 20, 0), "{read:?}");
    assert_eq!(read.header("etag"), same.header("etag"));
    assert!(read["updated_at"].is_string());
    let whole = public.get(format!("/v1/products/{id}")).seeing(&counted).await.ok(200);
    assert_eq!(whole["stock"], level(20, 0));
    assert_eq!(
        whole.header("etag"),
        Some("\"1-1\""),
        "stock has a version of its own, and is part of what is shown"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_that_started_from_another_number_is_refused() {
    let system = System::start().await;
    let admin = system.admin().await;
    let shelf = admin.stocked("MUG-1", 1250, 10).await;
    let refused = set(&admin, &shelf.id, 12, 9)
        .await
        .refused(409, "stock_expectation_failed");
    assert_eq!((&refused["expected"], &refused["actual"]), (&json!(9), &json!(10)));
    let _ = set(&admin, &shelf.id, 12, 10)
        .if_match(7)
        .await
        .refused(412, "version_mismatch");
    let _ = admin
        .receive(&shelf.id, 1)
        .if_match(7)
        .await
        .refused(412, "version_mismatch");
    let _ = adjust(&admin, &shelf.id, 1)
        .if_match(7)
        .await
        .refused(412, "version_mismatch");
    let unchanged = admin
        .get(format!("/v1/products/{}/stock", shelf.id))
        .seeing(&shelf.received)
        .await
        .ok(200);
    assert!(
        is_level(&unchanged, 10, 0) && unchanged["version"] == 1,
        "{unchanged:?}"
    );
    let _ = set(&admin, &shelf.id, 12, 10).if_match(1).await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_orders_hold_stays() {
    let system = System::start().await;
    let admin = system.admin().await;
    let shelf = admin.stocked("MUG-1", 1250, 10).await;
    let order = admin.order(&[(&shelf.id, 6)]).await.ok(201);
    let held = admin
        .get(format!("/v1/products/{}/stock", shelf.id))
        .seeing(&order)
        .await
        .ok(200);
    assert!(is_level(&held, 10, 6), "{held:?}");
    let refused = adjust(&admin, &shelf.id, -5).await;
    assert_eq!(
        (refused.status(), refused["code"].as_str()),
        (409, Some("stock_below_reserved")),
        "{refused:?}"
    );
    let _ = set(&admin, &shelf.id, 5, 10).await.refused(409, "stock_below_reserved");
    let least = set(&admin, &shelf.id, 6, 10).await.ok(200);
    assert!(is_level(&least, 6, 6), "{least:?}");
    let _ = adjust(&admin, &shelf.id, -1).await.refused(409, "stock_below_reserved");
    let _ = admin.order(&[(&shelf.id, 1)]).await.refused(409, "insufficient_stock");
    let _ = admin.cancel(order.id()).await.ok(200);
    let none = adjust(&admin, &shelf.id, -6).await.ok(200);
    assert!(is_level(&none, 0, 0), "{none:?}");
    let below = adjust(&admin, &shelf.id, -1).await;
    assert_eq!(below.status(), 409, "{below:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_right_is_told() {
    let system = System::start().await;
    let admin = system.admin().await;
    let shelf = admin.stocked("MUG-1", 1250, 10).await;
    let id = shelf.id.as_str();
    let nobody = "prod_0198c0de-0000-7000-8000-000000000001";
    for action in [
        admin.receive(nobody, 1),
        adjust(&admin, nobody, 1),
        set(&admin, nobody, 1, 0),
    ] {
        let _ = action.await.refused(404, "product_not_found");
    }
    let receive = |quantity: Value| {
        admin
            .post("/v1/stock/receive")
            .json(json!({"product_id": id, "quantity": quantity}))
    };
    for (request, field, code) in [
        (receive(json!(0)), "quantity", "out_of_range"),
        (receive(json!(-1)), "quantity", "out_of_range"),
        (receive(json!(1.5)), "quantity", "invalid_type"),
        (receive(json!("1")), "quantity", "invalid_type"),
        (receive(json!(null)), "quantity", "required"),
        (receive(json!(1_000_000_001)), "quantity", "out_of_range"),
        (receive(json!(u64::MAX)), "quantity", "out_of_range"),
        (adjust(&admin, id, 0), "quantity", "out_of_range"),
        (adjust(&admin, id, i64::MIN), "quantity", "out_of_range"),
        (adjust(&admin, id, i64::MAX), "quantity", "out_of_range"),
        (set(&admin, id, -1, 10), "quantity", "out_of_range"),
        (set(&admin, id, 1, Value::Null), "expected", "required"),
        (set(&admin, id, "1", 10), "quantity", "invalid_type"),
        (
            admin
                .post("/v1/stock/adjust")
                .json(json!({"product_id": id, "quantity": 1})),
            "reason",
            "required",
        ),
        (
            admin
                .post("/v1/stock/adjust")
                .json(json!({"product_id": id, "quantity": 1, "reason": " "})),
            "reason",
            "required",
        ),
        (
            admin
                .post("/v1/stock/adjust")
                .json(json!({"product_id": id, "quantity": 1, "reason": "x".repeat(501)})),
            "reason",
            "too_long",
        ),
        (
            admin
                .post("/v1/stock/receive")
                .json(json!({"product_id": "MUG-1", "quantity": 1})),
            "product_id",
            "invalid_format",
        ),
        (
            admin.post("/v1/stock/receive").json(json!({"quantity": 1})),
            "product_id",
            "required",
        ),
        (
            admin
                .post("/v1/stock/receive")
                .json(json!({"product_id": id, "quantity": 1, "location": "A"})),
            "location",
            "unknown_field",
        ),
    ] {
        let _ = request.await.refused_for(422, "validation_failed", &[(field, code)]);
    }
    for who in [system.anonymous(), system.customer("ann").await] {
        for request in [who.receive(id, 1), adjust(&who, id, 1), set(&who, id, 1, 10)] {
            let refused = request.await;
            assert!([401, 403].contains(&refused.status()), "{refused:?}");
        }
    }
    let unchanged = admin
        .get(format!("/v1/products/{id}/stock"))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert!(
        is_level(&unchanged, 10, 0) && unchanged["version"] == 1,
        "{unchanged:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_gets_lost_when_many_write_at_once() {
    let system = System::start().await;
    let admin = system.admin().await;
    let shelf = admin.stocked("MUG-1", 1250, 100).await;
    let id = shelf.id.as_str();
    let received = join_all((0..48).map(|index| {
        if index % 3 == 0 {
            adjust(&admin, id, -1)
        } else {
            admin.receive(id, 1)
        }
        .into_future()
    }))
    .await;
    let mut versions: Vec<_> = received
        .into_iter()
        .map(|answer| answer.ok(200)["version"].as_u64().unwrap())
        .collect();
    versions.sort_unstable();
    assert_eq!(
        versions,
        (2..=49).collect::<Vec<_>>(),
        "each change has a version of its own"
    );
    let after = admin
        .get(format!("/v1/products/{id}/stock"))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert!(is_level(&after, 100 + 32 - 16, 0), "{after:?}");

    let counted = join_all((0..16).map(|index| set(&admin, id, 200 + index, 116).into_future())).await;
    let (won, lost): (Vec<_>, Vec<_>) = counted.into_iter().partition(|answer| answer.status() == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        let _ = answer.refused(409, "stock_expectation_failed");
    }

    let taken = join_all((0..32).map(|_| adjust(&admin, id, -10).into_future())).await;
    let done = i64::try_from(taken.iter().filter(|answer| answer.status() == 200).count()).unwrap();
    let on_hand = won[0]["on_hand"].as_i64().unwrap();
    assert_eq!(done, on_hand / 10, "as often as there is enough, and no more");

    let key = |quantity: i64| admin.receive(id, quantity).key("delivery-7");
    let first = key(5).await.ok(200);
    let again = key(5).await.ok(200);
    assert_eq!(
        (again.json(), again.header("idempotent-replayed")),
        (first.json(), Some("true"))
    );
    let _ = key(6).await.refused(422, "idempotency_key_reused");
}
