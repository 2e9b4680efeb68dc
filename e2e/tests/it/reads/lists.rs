//! The lists of stock and of users.

use e2e::System;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_low_is_found() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let plenty = admin.stocked("A-1", 100, 50).await;
    let few = admin.stocked("B-1", 100, 3).await;
    let none = admin.post("/v1/products").json(e2e::product("C-1", 100)).await.ok(201);
    let gone = admin.stocked("D-1", 100, 1).await;
    let _ = ann.order(&[(&few.id, 2), (&plenty.id, 1)]).await.ok(201);
    let _ = admin.delete(format!("/v1/products/{}", gone.id)).await.ok(204);
    let everything = system.everything().await;
    for (query, expected) in [
        ("", vec!["A-1", "B-1", "C-1"]),
        ("max_available=5&sort=available", vec!["C-1", "B-1"]),
        ("max_available=5&sort=-available", vec!["B-1", "C-1"]),
        ("min_available=1&max_available=1", vec!["B-1"]),
        ("min_reserved=1&sort=-on_hand", vec!["A-1", "B-1"]),
        ("sort=-sku", vec!["C-1", "B-1", "A-1"]),
        ("sku=B-1", vec!["B-1"]),
        ("category=kitchen&status=active", vec!["A-1", "B-1", "C-1"]),
        ("status=draft", vec![]),
        ("category=kitch", vec![]),
    ] {
        let list = admin.get(format!("/v1/stock?{query}")).after(&everything).await.ok(200);
        assert_eq!(list.each("sku"), expected, "{query}");
    }
    let list = admin.get("/v1/stock?sku=C-1").after(&everything).await.ok(200);
    assert_eq!(
        list.items(),
        [json!({"sku": "C-1", "product_id": none.id(), "on_hand": 0, "reserved": 0, "available": 0, "version": 0})]
    );
    // Both ways, also where the sort value may be missing.
    for sort in ["updated_at", "-updated_at", "reserved", "available"] {
        let mut page = admin
            .get(format!("/v1/stock?limit=1&sort={sort}"))
            .after(&everything)
            .await
            .ok(200);
        let mut forward = vec![page.each("sku")[0].to_owned()];
        while let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) {
            page = admin
                .get(format!("/v1/stock?limit=1&sort={sort}&cursor={cursor}"))
                .await
                .ok(200);
            forward.push(page.each("sku")[0].to_owned());
        }
        let mut back = vec![page.each("sku")[0].to_owned()];
        while let Some(cursor) = page["prev_cursor"].as_str().map(str::to_owned) {
            page = admin
                .get(format!("/v1/stock?limit=1&sort={sort}&cursor={cursor}"))
                .await
                .ok(200);
            back.push(page.each("sku")[0].to_owned());
        }
        back.reverse();
        assert_eq!((forward.len(), &forward), (3, &back), "{sort}");
    }
    let _ = ann.get("/v1/stock").await.refused(403, "forbidden");
    let _ = system
        .anonymous()
        .get("/v1/stock")
        .await
        .refused(401, "unauthenticated");
    let _ = admin
        .get("/v1/stock?min_available=x&sort=price&colour=red")
        .await
        .refused_for(
            400,
            "invalid_parameter",
            &[
                ("min_available", "invalid_type"),
                ("sort", "unknown"),
                ("colour", "unknown_parameter"),
            ],
        );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_find_users() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let _ = system.customer("bob").await;
    let everything = system.everything().await;
    for (query, expected) in [
        (
            "sort=email",
            vec!["admin@shop.example", "ann@customers.example", "bob@customers.example"],
        ),
        (
            "role=customer&sort=-name",
            vec!["bob@customers.example", "ann@customers.example"],
        ),
        ("email=ANN@customers.example", vec!["ann@customers.example"]),
        ("q=SHOP", vec!["admin@shop.example"]),
        ("q=%25", vec![]),
        ("from=2000-01-01&role=admin", vec!["admin@shop.example"]),
        ("to=2000-01-01", vec![]),
    ] {
        let list = admin.get(format!("/v1/users?{query}")).after(&everything).await.ok(200);
        assert_eq!(list.each("email"), expected, "{query}");
    }
    let page = admin
        .get("/v1/users?limit=2&sort=email")
        .after(&everything)
        .await
        .ok(200);
    let link = page.header("link").unwrap();
    assert!(
        link.contains("rel=\"next\"") && link.contains("rel=\"first\""),
        "{link}"
    );
    let next = admin.get(format!(
        "/v1/users?limit=2&sort=email&cursor={}",
        page["next_cursor"].as_str().unwrap()
    ));
    let next = next.await.ok(200);
    assert_eq!(next.each("email"), ["bob@customers.example"]);
    assert!(next.header("link").unwrap().contains("rel=\"prev\""));
    let one = admin.get(format!("/v1/users/{}", ann.user_id())).await.ok(200);
    assert_eq!(one["email"], "ann@customers.example");
    let _ = ann.get("/v1/users").await.refused(403, "forbidden");
    let _ = ann
        .get(format!("/v1/users/{}", ann.user_id()))
        .await
        .refused(403, "forbidden");
    let _ = admin.get("/v1/users/usr_x").await.refused(404, "user_not_found");
    let _ = admin
        .get("/v1/users?role=boss")
        .await
        .refused_for(400, "invalid_parameter", &[("role", "unknown")]);
}
