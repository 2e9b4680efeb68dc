//! `POST /v1/orders`

use e2e::{Client, System};
use serde_json::{Value, json};

fn place(who: &Client, body: Value) -> e2e::Request {
    who.post("/v1/orders").json(body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_and_read_at_once() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let plate = admin.stocked("PLATE-1", 799, 10).await;
    let body = json!({
        "lines": [{"product_id": mug.id, "quantity": 2}, {"product_id": plate.id, "quantity": 3}],
        "expected_total": {"amount": 4897, "currency": "GBP"}, "currency": "GBP", "country": "GB",
    });
    let placed = place(&ann, body).await.ok(201);
    assert_eq!(
        placed.header("location"),
        Some(format!("/v1/orders/{}", placed.id()).as_str())
    );
    assert_eq!(placed["customer_id"], ann.user_id());
    insta::assert_json_snapshot!(placed.json(), {
        ".id" => "[order]",
        ".customer_id" => "[customer]",
        ".lines[].product_id" => "[product]",
        ".placed_at" => "[time]",
        ".updated_at" => "[time]",
    });
    let read = ann
        .get(placed.header("location").unwrap())
        .seeing(&placed)
        .await
        .ok(200);
    assert_eq!(read.json(), placed.json());
    assert_eq!(read.header("etag"), placed.header("etag"));
    let listed = ann.get("/v1/orders").seeing(&placed).await.ok(200);
    assert_eq!(listed.items(), [placed.json().clone()]);
    for (shelf, reserved) in [(&mug, 2), (&plate, 3)] {
        let stock = ann
            .get(format!("/v1/products/{}/stock", shelf.id))
            .seeing(&placed)
            .await
            .ok(200);
        assert_eq!(
            (&stock["reserved"], &stock["available"]),
            (&json!(reserved), &json!(10 - reserved)),
            "the same token shows the stock"
        );
    }
    let second = ann.order(&[(&mug.id, 1)]).await.ok(201);
    assert!(second["number"].as_u64() > placed["number"].as_u64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_price_is_the_products_own_and_an_order_keeps_it() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let path = format!("/v1/products/{}", mug.id);
    let before = admin.order(&[(&mug.id, 2)]).await.ok(201);
    let _ = admin
        .patch(&path)
        .merge(json!({"price": {"amount": 990}, "name": "Mug, cheaper", "sku": "MUG-9", "category": "sale"}))
        .await
        .ok(200);
    let shown = json!({"lines": [{"product_id": mug.id, "quantity": 2}], "expected_total": {"amount": 2500, "currency": "GBP"}});
    let refused = place(&admin, shown)
        .await
        .refused_for(409, "total_changed", &[("expected_total", "total_changed")]);
    assert_eq!(
        (&refused["expected"], &refused["actual"]),
        (
            &json!({"amount": 2500, "currency": "GBP"}),
            &json!({"amount": 1980, "currency": "GBP"})
        )
    );
    let currency = json!({"lines": [{"product_id": mug.id, "quantity": 2}], "expected_total": {"amount": 1980, "currency": "EUR"}});
    let _ = place(&admin, currency).await.refused(409, "total_changed");
    let euros = json!({"lines": [{"product_id": mug.id, "quantity": 2}], "currency": "EUR"});
    let _ = place(&admin, euros).await.refused(409, "currency_mismatch");

    let after = admin.order(&[(&mug.id, 2)]).await.ok(201);
    assert_eq!(
        (
            &after["lines"][0]["name"],
            &after["lines"][0]["sku"],
            &after["total"]["amount"]
        ),
        (&json!("Mug, cheaper"), &json!("MUG-9"), &json!(1980))
    );
    let old = admin
        .get(format!("/v1/orders/{}", before.id()))
        .seeing(&after)
        .await
        .ok(200);
    assert_eq!(
        old.json(),
        before.json(),
        "an order does not change when its product does"
    );
    let stock = admin.get(format!("{path}/stock")).seeing(&after).await.ok(200);
    assert_eq!(stock["reserved"], 4, "what was refused holds nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_little_stock_is_told_line_by_line_and_nothing_is_half_done() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let plate = admin.stocked("PLATE-1", 799, 1).await;
    let bowl = admin.stocked("BOWL-1", 500, 2).await;
    let before = system.everything().await;
    let refused = admin.order(&[(&mug.id, 5), (&plate.id, 2), (&bowl.id, 3)]).await;
    let refused = refused.refused_for(
        409,
        "insufficient_stock",
        &[
            ("lines[1].quantity", "insufficient_stock"),
            ("lines[2].quantity", "insufficient_stock"),
        ],
    );
    assert_eq!(
        refused["lines"],
        json!([
            {"product_id": plate.id, "sku": "PLATE-1", "requested": 2, "available": 1},
            {"product_id": bowl.id, "sku": "BOWL-1", "requested": 3, "available": 2},
        ])
    );
    // The same product on two lines is wanted twice.
    let refused = admin
        .order(&[(&mug.id, 6), (&mug.id, 5)])
        .await
        .refused(409, "insufficient_stock");
    assert_eq!(
        (&refused["lines"][0]["requested"], &refused["lines"][0]["available"]),
        (&json!(11), &json!(10))
    );
    assert_eq!(system.everything().await, before, "nothing was written");
    let twice = admin.order(&[(&mug.id, 6), (&mug.id, 4)]).await.ok(201);
    assert_eq!(
        (twice["lines"].as_array().unwrap().len(), &twice["total"]["amount"]),
        (2, &json!(12_500))
    );
    let stock = admin
        .get(format!("/v1/products/{}/stock", mug.id))
        .seeing(&twice)
        .await
        .ok(200);
    assert_eq!((&stock["reserved"], &stock["available"]), (&json!(10), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_cannot_be_right_are_told() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let yen = admin
        .post("/v1/products")
        .json(json!({"sku": "YEN", "name": "Yen", "price": {"amount": 1, "currency": "JPY"}, "status": "active"}))
        .await
        .ok(201);
    let _ = admin.receive(yen.id(), 5).await.ok(200);
    let nobody = "prod_0198c0de-0000-7000-8000-000000000001";
    let line = |quantity: Value| json!({"lines": [{"product_id": mug.id, "quantity": quantity}]});
    let extended = |member: &str, value: Value| {
        let mut body = line(json!(1));
        body[member] = value;
        body
    };
    let many: Vec<Value> = (0..1001)
        .map(|_| json!({"product_id": mug.id, "quantity": 1}))
        .collect();
    for (body, field, code) in [
        (json!({}), "lines", "required"),
        (json!({"lines": []}), "lines", "required"),
        (json!({"lines": {}}), "lines", "invalid_type"),
        (json!({"lines": [7]}), "lines[0]", "invalid_type"),
        (json!({"lines": [{"quantity": 1}]}), "lines[0].product_id", "required"),
        (
            json!({"lines": [{"product_id": "MUG-1", "quantity": 1}]}),
            "lines[0].product_id",
            "invalid_format",
        ),
        (
            json!({"lines": [{"product_id": mug.id}]}),
            "lines[0].quantity",
            "required",
        ),
        (json!({"lines": many}), "lines", "too_many"),
        (line(json!(0)), "lines[0].quantity", "out_of_range"),
        (line(json!(-1)), "lines[0].quantity", "out_of_range"),
        (line(json!(1.5)), "lines[0].quantity", "invalid_type"),
        (line(json!("1")), "lines[0].quantity", "invalid_type"),
        (
            json!({"lines": [{"product_id": mug.id, "quantity": 1, "unit_price": 1}]}),
            "lines[0].unit_price",
            "unknown_field",
        ),
        (extended("total", json!(1)), "total", "unknown_field"),
        (extended("status", json!("confirmed")), "status", "unknown_field"),
        (extended("currency", json!("pounds")), "currency", "invalid_format"),
        (extended("currency", json!("QQQ")), "currency", "unknown"),
        (extended("country", json!("Atlantis")), "country", "invalid_format"),
        (
            extended("expected_total", json!(1250)),
            "expected_total",
            "invalid_type",
        ),
        (
            extended("expected_total", json!({"amount": 1250})),
            "expected_total.currency",
            "required",
        ),
        (extended("customer_id", json!("ann")), "customer_id", "invalid_format"),
    ] {
        let answer = place(&ann, body.clone()).await.refused(422, "validation_failed");
        let fields = answer.fields();
        assert_eq!(fields.len(), 1, "{body} {answer:?}");
        assert_eq!(fields[0].0, field, "{answer:?}");
        assert!(fields[0].1 == code || code == "invalid_format", "{answer:?}");
    }
    let unknown = ann
        .order(&[(&mug.id, 1), (nobody, 1)])
        .await
        .refused(404, "product_not_found");
    assert_eq!(unknown.fields()[0].0, "lines[1].product_id");
    let _ = ann
        .order(&[(&mug.id, 1), (yen.id(), 1)])
        .await
        .refused(409, "currency_mismatch");
    let _ = system
        .anonymous()
        .order(&[(&mug.id, 1)])
        .await
        .refused(401, "unauthenticated");
    let for_another = json!({"lines": [{"product_id": mug.id, "quantity": 1}], "customer_id": admin.user_id()});
    let _ = place(&ann, for_another).await.refused(403, "forbidden");
    let stock = admin
        .get(format!("/v1/products/{}/stock", mug.id))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(stock["reserved"], 0, "nothing of all that holds stock");

    let on_behalf = json!({"lines": [{"product_id": mug.id, "quantity": 1}], "customer_id": ann.user_id()});
    let placed = place(&admin, on_behalf).await.ok(201);
    let _ = ann
        .get(format!("/v1/orders/{}", placed.id()))
        .seeing(&placed)
        .await
        .ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_total_that_is_too_large_is_refused() {
    let system = System::start().await;
    let admin = system.admin().await;
    let gold = admin.stocked("GOLD", 1_000_000_000_000, 1_000_000_000).await;
    let refused = admin
        .order(&[(&gold.id, 1_000_000_000)])
        .await
        .refused(422, "validation_failed");
    assert_eq!(refused.fields()[0].0, "lines[0].quantity");
    let stock = admin
        .get(format!("/v1/products/{}/stock", gold.id))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(stock["reserved"], 0);
    let _ = admin.order(&[(&gold.id, 1000)]).await.ok(201);
}
