//! Writes and what the services answer.

use proto::{failure::FailureKind, v1};
use serde_json::json;

use super::*;

fn committed(replayed: bool) -> v1::Committed {
    v1::Committed {
        version: 3,
        consistency_token: "17.345".to_owned(),
        replayed,
    }
}

fn placed(replayed: bool) -> v1::OrderReply {
    let order = v1::Order {
        id: ORDER.to_owned(),
        number: 1001,
        version: 1,
        ..v1::Order::default()
    };
    v1::OrderReply {
        order: Some(order),
        committed: Some(committed(replayed)),
    }
}

fn changed() -> v1::ProductReply {
    let product = v1::Product {
        id: PRODUCT.to_owned(),
        version: 3,
        ..v1::Product::default()
    };
    v1::ProductReply {
        product: Some(product),
        committed: Some(committed(false)),
    }
}

#[tokio::test]
async fn an_order_is_placed_for_the_caller_with_its_key_and_ids() {
    let world = World::new(|_| ok(&placed(true)));
    let token = world.customer();
    let body = format!(
        r#"{{"lines": [{{"product_id": "{PRODUCT}", "quantity": 2}}], "expected_total": {{"amount": 2500, "currency": "GBP"}}}}"#
    );
    let headers = [
        ("idempotency-key", "k1"),
        ("x-request-id", "r1"),
        ("x-correlation-id", "0198c0de-0000-7000-8000-0000000000ff"),
    ];
    let answer = world.post("/v1/orders", &token, &headers, &body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), format!("/v1/orders/{ORDER}"));
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(answer.header("consistency-token"), "17.345");
    assert_eq!(answer.header("idempotent-replayed"), "true");
    let call = world.only_call();
    assert!(call.headers.contains_key("grpc-timeout"));
    let request: v1::PlaceOrderRequest = call.decode();
    let context = request.context.unwrap();
    assert_eq!(
        (context.actor.as_str(), request.customer_id.as_str()),
        (CUSTOMER, CUSTOMER)
    );
    assert_eq!(
        (context.idempotency_key.as_str(), context.request_hash.len()),
        ("k1", 32)
    );
    assert_eq!(
        (context.request_id.as_str(), context.correlation_id.as_str()),
        ("r1", headers[2].1)
    );
    assert_eq!(
        request.lines,
        [v1::PlaceOrderLine {
            product_id: PRODUCT.to_owned(),
            quantity: 2
        }]
    );
    assert_eq!(request.expected_total.unwrap().amount, 2500);
}

#[tokio::test]
async fn administrators_order_for_others() {
    let world = World::new(|_| ok(&placed(false)));
    let token = world.admin();
    let lines = json!([{"product_id": PRODUCT, "quantity": 1}]);
    let body = json!({"lines": lines, "customer_id": CUSTOMER, "country": null}).to_string();
    let answer = world.post("/v1/orders", &token, &[], &body).await;
    assert_eq!(answer.header("idempotent-replayed"), "");
    let request: v1::PlaceOrderRequest = world.only_call().decode();
    assert_eq!(request.customer_id, CUSTOMER);
    let context = request.context.unwrap();
    assert_eq!((context.actor.as_str(), context.request_hash.len()), (ADMIN, 0));
}

#[tokio::test]
async fn failures_of_writes_are_problems_with_their_facts() {
    let world = World::new(|_| {
        Err(
            Failure::new(FailureKind::Conflict, "insufficient_stock", "not enough on the shelf")
                .with_field("lines[0].quantity", "insufficient_stock", "1 available")
                .with_data(&json!({"lines": [{"product_id": PRODUCT, "requested": 2, "available": 1}]})),
        )
    });
    let token = world.customer();
    let body = json!({"lines": [{"product_id": PRODUCT, "quantity": 2}]}).to_string();
    let answer = world.post("/v1/orders", &token, &[], &body).await;
    insta::assert_json_snapshot!(answer.problem(409, "insufficient_stock"), @r#"
    {
      "code": "insufficient_stock",
      "detail": "not enough on the shelf",
      "errors": [
        {
          "code": "insufficient_stock",
          "field": "lines[0].quantity",
          "message": "1 available"
        }
      ],
      "lines": [
        {
          "available": 1,
          "product_id": "prod_0198c0de-0000-7000-8000-000000000001",
          "requested": 2
        }
      ],
      "status": 409,
      "title": "Insufficient stock",
      "type": "/errors/insufficient_stock"
    }
    "#);
    for (kind, code, status) in [
        (FailureKind::StaleVersion, "version_mismatch", 412),
        (FailureKind::KeyReused, "idempotency_key_reused", 422),
        (FailureKind::Invalid, "validation_failed", 422),
        (FailureKind::NotFound, "product_not_found", 404),
        (FailureKind::Overloaded, "overloaded", 503),
    ] {
        let world = World::new(move |_| Err(Failure::new(kind, code, "why")));
        let path = format!("/v1/products/{PRODUCT}/publish");
        world
            .post(&path, &world.customer(), &[], "")
            .await
            .problem(403, "forbidden");
        world
            .post(&path, &world.admin(), &[("if-match", "\"2\"")], "")
            .await
            .problem(status, code);
        assert_eq!(
            world.only_call().decode::<v1::ProductRequest>().expected_version,
            Some(2)
        );
    }
}

#[tokio::test]
async fn products_are_created_changed_and_deleted() {
    let world = World::new(|_| ok(&changed()));
    let token = world.admin();
    let body = json!({
        "sku": "MUG-1", "name": "Mug", "price": {"amount": 1250, "currency": "GBP"}, "category": "kitchen/mugs",
        "attributes": {"colour": "red", "pieces": 1, "height": 9.5, "washable": true, "none": null}, "status": "active",
    });
    let answer = world.post("/v1/products", &token, &[], &body.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (201, "\"3\""));
    assert_eq!(answer.header("location"), format!("/v1/products/{PRODUCT}"));
    let request: v1::CreateProductRequest = world.calls()[0].decode();
    assert_eq!(
        (request.attributes.len(), request.status()),
        (4, v1::ProductStatus::Active)
    );

    let headers = [
        ("authorization", token.as_str()),
        ("content-type", "application/merge-patch+json; charset=utf-8"),
        ("if-match", "\"2\""),
    ];
    let path = format!("/v1/products/{PRODUCT}");
    let answer = world
        .send(
            "PATCH",
            &path,
            &headers,
            r#"{"name": "Cup", "attributes": {"colour": null}}"#,
        )
        .await;
    assert_eq!(answer.status, 200);
    let request: v1::UpdateProductRequest = world.calls()[1].decode();
    assert_eq!(
        (request.expected_version, request.name.as_deref(), request.sku),
        (Some(2), Some("Cup"), None)
    );
    assert_eq!(request.remove_attributes, ["colour"]);

    let answer = world
        .send("DELETE", &path, &[("authorization", &token), ("if-match", "*")], "")
        .await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.text.as_str(),
            answer.header("consistency-token")
        ),
        (204, "", "17.345")
    );
    assert_eq!(world.calls()[2].decode::<v1::ProductRequest>().expected_version, None);
    for verb in ["publish", "archive", "restore"] {
        for body in ["", "{}"] {
            assert_eq!(
                world.post(&format!("{path}/{verb}"), &token, &[], body).await.status,
                200
            );
        }
        world
            .post(&format!("{path}/{verb}"), &token, &[], r#"{"now": true}"#)
            .await
            .problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn half_a_price_is_the_service_s_to_complete() {
    let world = World::new(|_| ok(&changed()));
    let headers = [("authorization", &*world.admin()), ("content-type", "application/json")];
    let body = r#"{"price": {"amount": 990}, "attributes": null}"#;
    let answer = world
        .send("PATCH", &format!("/v1/products/{PRODUCT}"), &headers, body)
        .await;
    assert_eq!(answer.status, 200);
    let [call] = &world.calls()[..] else {
        panic!("one call is enough: {:?}", world.calls())
    };
    let request: v1::UpdateProductRequest = call.decode();
    let price = v1::PricePatch {
        amount: Some(990),
        currency: None,
    };
    assert_eq!((request.price, request.clear_attributes), (Some(price), true));
    assert_eq!(request.expected_version, None);
}

#[tokio::test]
async fn stock_answers_with_its_own_version() {
    let level = v1::StockLevel {
        on_hand: 10,
        reserved: 2,
        available: 8,
        version: 5,
    };
    let world = World::new(move |_| {
        ok(&v1::StockReply {
            product_id: PRODUCT.to_owned(),
            level: Some(level),
            committed: Some(committed(false)),
        })
    });
    let token = world.admin();
    for (verb, rest) in [
        ("receive", json!({})),
        ("adjust", json!({"reason": "broken"})),
        ("set", json!({"expected": 9})),
    ] {
        let mut body = json!({"product_id": PRODUCT, "quantity": 10});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let answer = world
            .post(
                &format!("/v1/stock/{verb}"),
                &token,
                &[("if-match", "\"4\"")],
                &body.to_string(),
            )
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("etag")),
            (200, "\"5\""),
            "{answer:?}"
        );
        assert_eq!(
            answer.json(),
            json!({"product_id": PRODUCT, "on_hand": 10, "reserved": 2, "available": 8, "version": 5})
        );
    }
    let answer = world
        .post(
            "/v1/stock/set",
            &token,
            &[],
            &json!({"product_id": PRODUCT, "quantity": 1}).to_string(),
        )
        .await;
    assert_eq!(
        answer.problem(422, "validation_failed")["errors"][0]["field"],
        "expected"
    );
}

#[tokio::test]
async fn of_several_versions_the_present_one_is_written_to() {
    let world = World::new(|call| {
        let request: v1::ProductRequest = call.decode();
        match request.expected_version {
            Some(7) => ok(&changed()),
            other => Err(Failure::new(
                FailureKind::StaleVersion,
                "version_mismatch",
                format!("{other:?} was expected"),
            )
            .with_data(&json!({"expected": other, "actual": 7}))),
        }
    });
    let token = world.admin();
    let path = format!("/v1/products/{PRODUCT}/publish");
    for right in ["\"7\"", "\"5\", \"7\"", "W/\"9\", \"5\", \"7-3;gzip\""] {
        let answer = world.post(&path, &token, &[("if-match", right)], "").await;
        assert_eq!(answer.status, 200, "{right}: {answer:?}");
    }
    let lines = [("if-match", "\"5\""), ("if-match", "\"7\"")];
    assert_eq!(world.post(&path, &token, &lines, "").await.status, 200);
    for wrong in ["W/\"7\"", "\"5\"", "\"5\", \"6\"", "\"abc\"", "W/\"7\", \"8\""] {
        let refused = world.post(&path, &token, &[("if-match", wrong)], "").await;
        assert_eq!(refused.problem(412, "version_mismatch")["actual"], 7, "{wrong}");
    }
}
