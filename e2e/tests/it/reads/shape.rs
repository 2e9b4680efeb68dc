//! `fields` and `expand`.

use e2e::{System, product};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_chosen_members_are_answered() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mut body = product("MUG-1", 1250);
    body["attributes"] = json!({"colour": "red", "size": 3});
    let mug = admin.post("/v1/products").json(body).await.ok(201);
    let _ = admin.receive(mug.id(), 5).await.ok(200);
    let order = ann.order(&[(mug.id(), 2)]).await.ok(201);
    let everything = system.everything().await;
    let one = |fields: &str| {
        admin
            .get(format!("/v1/products/{}?fields={fields}", mug.id()))
            .after(&everything)
    };
    assert_eq!(
        *one("id,price.amount,stock.available").await.ok(200).json(),
        json!({"id": mug.id(), "price": {"amount": 1250}, "stock": {"available": 3}})
    );
    assert_eq!(
        *one("attributes.colour,sku").await.ok(200).json(),
        json!({"attributes": {"colour": "red"}, "sku": "MUG-1"})
    );
    assert_eq!(
        one("").await.ok(200)["name"],
        "Product MUG-1",
        "an empty parameter is none"
    );

    let list = admin
        .get("/v1/products?limit=1&fields=sku")
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(
        *list.json(),
        json!({"answered_by": "database", "items": [{"sku": "MUG-1"}], "next_cursor": null, "prev_cursor": null})
    );
    let list = ann
        .get("/v1/orders?fields=number,lines.sku,total")
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(
        list.items(),
        [json!({"number": order["number"], "lines": [{"sku": "MUG-1"}], "total": {"amount": 2500, "currency": "GBP"}})]
    );
    for path in ["/v1/audit", "/v1/stock", "/v1/users"] {
        let member = if path == "/v1/audit" {
            "sequence"
        } else if path == "/v1/stock" {
            "available"
        } else {
            "email"
        };
        let list = admin
            .get(format!("{path}?fields={member}&limit=1"))
            .after(&everything)
            .await
            .ok(200);
        assert_eq!(
            list.items()[0].as_object().unwrap().keys().collect::<Vec<_>>(),
            [member],
            "{path}"
        );
        // The links keep what was asked for.
        if let Some(link) = list.header("link") {
            assert!(link.contains(&format!("fields={member}")), "{link}");
        }
    }

    for (path, wrong) in [
        ("/v1/products", "colour"),
        ("/v1/products", "price.vat"),
        ("/v1/orders", "customer.name"),
        ("/v1/orders", "lines.product.sku"),
        (one("x").path(), "id.x"),
    ] {
        let path = path.split('?').next().unwrap();
        let refused = admin.get(format!("{path}?fields=id,{wrong}")).await;
        let refused = refused.refused_for(400, "invalid_parameter", &[("fields", "unknown")]);
        assert!(
            refused["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains(&format!("`{wrong}`")),
            "{refused:?}"
        );
    }
    let _ = admin.get("/v1/products?fields=id&fields=sku").await.refused_for(
        400,
        "invalid_parameter",
        &[("fields", "duplicate_parameter")],
    );
    let _ = admin
        .get(format!("/v1/products?fields={}", "id,".repeat(2000)))
        .await
        .refused_for(400, "invalid_parameter", &[("fields", "too_long")]);
    // Other mistakes are still told, and other parameters still work.
    let _ = admin.get("/v1/products?fields=id&limit=0").await.refused_for(
        400,
        "invalid_parameter",
        &[("limit", "out_of_range")],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn related_things_take_the_place_of_their_ids() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 5).await;
    let plate = admin.stocked("PLATE-1", 900, 5).await;
    let order = ann.order(&[(&mug.id, 1), (&plate.id, 2)]).await.ok(201);
    let archived = admin.post(format!("/v1/products/{}/archive", plate.id)).await.ok(200);
    let everything = system.everything().await;
    let path = format!("/v1/orders/{}?expand=customer,lines.product", order.id());
    let read = ann.get(&path).after(&everything).await.ok(200);
    assert_eq!(read["customer"]["email"], "ann@customers.example");
    assert_eq!(read["lines"][0]["product"]["stock"]["available"], 4);
    assert!(
        read["lines"][1]["product"].is_null(),
        "hidden from a customer: {read:?}"
    );
    let read = admin.get(&path).after(&everything).await.ok(200);
    assert_eq!(read["lines"][1]["product"]["status"], "archived");
    assert_eq!(read["lines"][1]["product"]["version"], archived["version"]);

    let list = ann
        .get("/v1/orders?expand=lines.product&fields=id,lines.product.sku")
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(
        list.items(),
        [json!({"id": order.id(), "lines": [{"product": {"sku": "MUG-1"}}, {"product": null}]})]
    );
    let stock = admin
        .get("/v1/stock?expand=product&sku=MUG-1&fields=available,product.name")
        .after(&everything);
    assert_eq!(
        stock.await.ok(200).items(),
        [json!({"available": 4, "product": {"name": "Product MUG-1"}})]
    );

    for (path, wrong) in [
        ("/v1/orders", "lines"),
        ("/v1/orders", "shop"),
        ("/v1/products", "customer"),
    ] {
        let refused = admin.get(format!("{path}?expand={wrong}")).await;
        let refused = refused.refused_for(400, "invalid_parameter", &[("expand", "unknown")]);
        assert!(
            refused["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains(&format!("`{wrong}`")),
            "{refused:?}"
        );
    }
    // A change of what was put in changes the representation.
    let tag = read.header("etag").unwrap().to_owned();
    let _ = admin.get(&path).header("if-none-match", &tag).await.ok(304);
    let received = admin.receive(&mug.id, 1).await.ok(200);
    let _ = admin
        .get(&path)
        .seeing(&received)
        .header("if-none-match", &tag)
        .await
        .ok(200);
    // Nobody learns of others' things by way of an order.
    let _ = system.anonymous().get(&path).await.refused(401, "unauthenticated");
    let bob = system.customer("bob").await;
    let _ = bob.get(&path).await.refused(404, "order_not_found");
}
