//! Read models as operators see them, and what they do about poison.

use e2e::{Answer, Client, PATIENCE, System, wait_until};
use serde_json::{Value, json};

const BAD: &str = "ord_0198c0de-0000-7000-8000-00000000bad1";
const WORSE: &str = "ord_0198c0de-0000-7000-8000-00000000bad2";

/// Waits until the read models have parked what they cannot read, and lists it.
async fn parked(admin: &Client, query: &str, count: usize) -> Answer {
    wait_until("events to be parked", PATIENCE, async || {
        let list = admin.get(format!("/v1/projections/parked{query}")).await.ok(200);
        (list.items().len() == count).then_some(list)
    })
    .await
}

fn settle(who: &Client, id: &Value, action: &str) -> e2e::Request {
    let id = id.as_str().unwrap();
    who.post(format!("/v1/projections/parked/{id}/{action}"))
}

async fn status(admin: &Client, name: &str) -> Value {
    let all = admin.get("/v1/projections").await.ok(200);
    let found = all.items().iter().find(|status| status["name"] == name);
    found.unwrap().clone()
}

/// Puts in the place of the poison what should have been there.
async fn mend(system: &System, customer: &str, product: &str) {
    let placed = json!({"OrderPlaced": {"order_id": BAD, "number": 7, "customer_id": customer, "currency": "GBP",
        "lines": [{"product_id": product, "sku": "MUG-1", "name": "Mug", "category": "", "quantity": 1, "unit_price": 5, "total": 5}],
        "total": 5, "placed_at": "2026-01-01T00:00:00Z"}});
    sqlx::query("UPDATE events SET payload = $2 WHERE aggregate_type = 'order' AND aggregate_id = $1 AND sequence = 1")
        .bind(BAD)
        .bind(sqlx::types::Json(placed))
        .execute(&system.pool())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_is_listed_retried_and_skipped_and_it_is_all_on_record() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    system.garbled_order(BAD, 2).await;
    let of_orders = parked(&admin, "?projection=orders", 3).await;
    let [first, second, _] = of_orders.items() else {
        panic!("{of_orders:?}")
    };
    assert_eq!(
        (&first["state"], &first["aggregate_id"]),
        (&json!("failed"), &json!(BAD))
    );
    assert_eq!((&second["state"], &second["error"]), (&json!("waiting"), &Value::Null));
    assert_eq!((&first["sequence"], &first["attempts"]), (&json!(1), &json!(1)));
    assert!(
        first["error"].as_str().is_some_and(|error| error.contains("order_id")),
        "{first}"
    );
    let failed = admin.get("/v1/projections/parked?projection=orders&state=failed").await;
    assert_eq!(failed.ok(200).items().len(), 1);

    // Everybody else's orders are not held up.
    let order = admin.order(&[(&mug.id, 1)]).await.ok(201);
    let _ = admin
        .get(format!("/v1/orders/{}", order.id()))
        .seeing(&order)
        .await
        .ok(200);
    let before = status(&admin, "orders").await;
    assert_eq!(
        (&before["parked"], &before["skipped"], &before["state"]),
        (&json!(3), &json!(0), &json!("active"))
    );
    assert_eq!(
        (&before["needs_rebuild"], &before["build"]),
        (&json!(false), &Value::Null)
    );

    let retried = settle(&admin, &second["id"], "retry").await.ok(200);
    assert_eq!((&retried["applied"], &retried["left"]), (&json!(0), &json!(3)));
    assert_eq!(retried["error"], first["error"]);
    let reason = json!({"reason": "written by a mistake; nothing was sold"});
    let _ = settle(&admin, &second["id"], "skip")
        .json(reason.clone())
        .await
        .refused(409, "parked_event_waits");

    // Those behind it are credits of an order that is not there; the read model has nothing to show for them, and goes on.
    let skipped = settle(&admin, &first["id"], "skip").json(reason.clone()).await.ok(200);
    assert_eq!(skipped["skip"]["actor"], admin.user_id());
    assert_eq!(skipped["skip"]["reason"], reason["reason"]);
    assert_eq!(
        (&skipped["rest"]["applied"], &skipped["rest"]["left"]),
        (&json!(2), &json!(0))
    );
    let again = settle(&admin, &first["id"], "skip").json(reason).await.ok(200);
    assert_eq!(again["skip"], skipped["skip"]);
    let left = parked(&admin, "?projection=orders", 1).await;
    assert_eq!(left.items()[0]["state"], "skipped");
    assert_eq!(left.items()[0]["skip"], skipped["skip"]);
    let after = status(&admin, "orders").await;
    assert_eq!((&after["parked"], &after["skipped"]), (&json!(0), &json!(1)));

    // On record, once.
    let audit = admin
        .get("/v1/audit?type=ParkedEventSkipped")
        .after(again.consistency_token())
        .await
        .ok(200);
    assert_eq!(audit.items().len(), 1, "{audit:?}");
    let event = &audit.items()[0];
    assert_eq!(event["metadata"]["actor"], admin.user_id());
    assert_eq!(event["aggregate_id"], "projection_orders");
    let recorded = &event["payload"]["ParkedEventSkipped"];
    assert_eq!(
        (&recorded["aggregate_id"], &recorded["event_id"]),
        (&json!(BAD), &first["event_id"])
    );

    // Other read models decide for themselves.
    let sales = parked(&admin, "?projection=sales", 3).await;
    assert_eq!(sales.items()[0]["state"], "failed");
    // The mistake is mended, in the only way in which a test can: then a retry is all it takes.
    mend(&system, admin.user_id(), &mug.id).await;
    let retried = settle(&admin, &sales.items()[0]["id"], "retry")
        .header("audit-reason", "the import is mended")
        .await
        .ok(200);
    assert_eq!(
        (&retried["applied"], &retried["left"], &retried["error"]),
        (&json!(3), &json!(0), &Value::Null)
    );
    let audit = admin
        .get("/v1/audit?type=ParkedEventsRetried")
        .after(retried.consistency_token())
        .await
        .ok(200);
    assert_eq!(
        audit.items().len(),
        1,
        "a retry in vain changes nothing and is not on record: {audit:?}"
    );
    let event = &audit.items()[0];
    assert_eq!(event["reason"], "the import is mended");
    assert_eq!(event["metadata"]["channel"], "rest");
    assert_eq!(event["metadata"]["command"], "retry_parked_event");
    assert!(event["metadata"]["client_ip"].is_string(), "{event}");
    assert_eq!(parked(&admin, "?projection=sales", 0).await.items().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_operate_and_mistakes_are_told() {
    let system = System::start().await;
    let (admin, ann, public) = (system.admin().await, system.customer("ann").await, system.anonymous());
    for path in ["/v1/projections", "/v1/projections/parked"] {
        let _ = public.get(path).await.refused(401, "unauthenticated");
        let _ = ann.get(path).await.refused(403, "forbidden");
    }
    for action in ["retry", "skip"] {
        let path = format!("/v1/projections/parked/orders.1.1/{action}");
        let body = json!({"reason": "x"});
        let _ = public
            .post(&path)
            .json(body.clone())
            .await
            .refused(401, "unauthenticated");
        let _ = ann.post(&path).json(body).await.refused(403, "forbidden");
    }
    for wrong in [
        "orders.1.1",
        "orders.1",
        "orders.1.-1",
        "orders.01.1",
        "orders.1.99999999999999999999999",
        "orders.4294967296.1",
        "nonsense.1.1",
        "%00.1.1",
        "..",
        &"x".repeat(5000),
    ] {
        let path = format!("/v1/projections/parked/{wrong}/skip");
        let answer = admin.post(path).json(json!({"reason": "x"})).await;
        assert!([404, 405].contains(&answer.status()), "{wrong}: {answer:?}");
    }
    system.garbled_order(WORSE, 0).await;
    let list = parked(&admin, "?projection=orders", 1).await;
    let skip = async |body: Value| settle(&admin, &list.items()[0]["id"], "skip").json(body).await;
    for (body, code) in [
        (json!({}), "required"),
        (json!({"reason": ""}), "required"),
        (json!({"reason": "  "}), "required"),
        (json!({"reason": "x".repeat(501)}), "too_long"),
        (json!({"reason": "line\nbreak"}), "invalid_character"),
        (json!({"reason": 5}), "invalid_type"),
    ] {
        let _ = skip(body)
            .await
            .refused_for(422, "validation_failed", &[("reason", code)]);
    }
    for (query, field) in [
        ("state=odd", "state"),
        ("projection=nonsense", "projection"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("colour=red", "colour"),
    ] {
        let answer = admin.get(format!("/v1/projections/parked?{query}")).await;
        let refused = answer.refused(400, "invalid_parameter");
        assert_eq!(refused["errors"][0]["field"], field, "{query}");
    }
    for cursor in ["x", "n.x", "q.orders.1.1", "n.orders.1.99999999999999999999"] {
        let answer = admin.get(format!("/v1/projections/parked?cursor={cursor}")).await;
        let _ = answer.refused(400, "invalid_cursor");
    }
    let page = admin.get("/v1/projections/parked?limit=1").await.ok(200);
    let next = page["next_cursor"]
        .as_str()
        .expect("others have parked it as well")
        .to_owned();
    let second = admin
        .get(format!("/v1/projections/parked?limit=1&cursor={next}"))
        .await
        .ok(200);
    let third = second["next_cursor"].as_str().expect("three read orders");
    let third = admin
        .get(format!("/v1/projections/parked?limit=1&cursor={third}"))
        .await
        .ok(200);
    assert_eq!(third["next_cursor"], Value::Null);
    let prev = second["prev_cursor"].as_str().unwrap();
    let back = admin
        .get(format!("/v1/projections/parked?limit=1&cursor={prev}"))
        .await
        .ok(200);
    assert_eq!(back["items"], page["items"]);
    assert_eq!(back["prev_cursor"], Value::Null);
    let by_time = admin.get("/v1/projections/parked?sort=-parked_at").await.ok(200);
    let times = by_time.each("parked_at");
    assert!(
        times.len() == 3 && times.is_sorted_by(|one, next| one >= next),
        "{times:?}"
    );
    let answer = admin
        .get(format!("/v1/projections/parked?sort=parked_at&cursor={next}"))
        .await;
    let _ = answer.refused(400, "invalid_cursor");
}
