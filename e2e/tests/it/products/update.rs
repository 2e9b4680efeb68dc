//! `PATCH /v1/products/{id}`

use e2e::{System, product};
use futures::future::join_all;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_patch_changes_what_it_names() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mut body = product("MUG-1", 1250);
    body["description"] = json!("Holds tea.");
    body["attributes"] = json!({"colour": "red", "size": "L", "pieces": 1});
    let created = admin.post("/v1/products").json(body).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    let merge = |body: serde_json::Value| admin.patch(&path).merge(body);

    let renamed = merge(json!({"name": "Mug, blue", "attributes": {"colour": "blue", "size": null, "new": 2.5}}))
        .await
        .ok(200);
    assert_eq!(renamed["name"], "Mug, blue");
    assert_eq!(renamed["description"], "Holds tea.");
    assert_eq!(
        renamed["attributes"],
        json!({"colour": "blue", "pieces": 1, "new": 2.5})
    );
    assert_eq!(
        renamed.header("etag"),
        Some(format!("\"{}\"", renamed["version"]).as_str())
    );
    assert_ne!(renamed["version"], created["version"]);

    let cleared = merge(json!({"description": null, "category": null, "attributes": null}))
        .await
        .ok(200);
    assert_eq!(
        (&cleared["description"], &cleared["category"], &cleared["attributes"]),
        (&json!(""), &json!(""), &json!({}))
    );

    // Nested objects are merged too.
    let cheaper = merge(json!({"price": {"amount": 990}})).await.ok(200);
    assert_eq!(cheaper["price"], json!({"amount": 990, "currency": "GBP"}));
    let dollars = merge(json!({"price": {"currency": "USD"}})).await.ok(200);
    assert_eq!(dollars["price"], json!({"amount": 990, "currency": "USD"}));

    let nothing = merge(json!({})).await.ok(200);
    assert_eq!(
        nothing["version"], dollars["version"],
        "a patch of nothing changes nothing"
    );
    let same = merge(json!({"name": "Mug, blue", "price": {"amount": 990, "currency": "USD"}}))
        .await
        .ok(200);
    assert_eq!(same["version"], dollars["version"], "what is so already is no change");

    let plain = admin
        .patch(&path)
        .json(json!({"sku": "MUG-2", "status": "archived"}))
        .await
        .ok(200);
    assert_eq!((&plain["sku"], &plain["status"]), (&json!("MUG-2"), &json!("archived")));
    let read = admin.get(&path).seeing(&plain).await.ok(200);
    assert_eq!(read.json(), plain.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_that_cannot_be_right_is_told() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1250)).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    for (body, field, code) in [
        (json!({"name": null}), "name", "required"),
        (json!({"sku": null}), "sku", "required"),
        (json!({"price": null}), "price", "required"),
        (json!({"status": null}), "status", "required"),
        (json!({"name": ""}), "name", "required"),
        (json!({"name": 5}), "name", "invalid_type"),
        (json!({"price": {"amount": -1}}), "price.amount", "out_of_range"),
        (
            json!({"price": {"amount": 1, "currency": "QQQ"}}),
            "price.currency",
            "unknown",
        ),
        (
            json!({"attributes": {"size": {"eu": 1}}}),
            "attributes.size",
            "invalid_type",
        ),
        (
            json!({"attributes": {"two\nlines": 1}}),
            "attributes.two\nlines",
            "invalid_character",
        ),
        (json!({"version": 2}), "version", "unknown_field"),
        (json!({"stock": {"on_hand": 5}}), "stock", "unknown_field"),
        (json!({"id": "prod_1"}), "id", "unknown_field"),
    ] {
        let _ = admin
            .patch(&path)
            .merge(body)
            .await
            .refused_for(422, "validation_failed", &[(field, code)]);
    }
    let _ = admin
        .patch(&path)
        .merge(json!([]))
        .await
        .refused(422, "validation_failed");
    let _ = admin
        .patch(&path)
        .body("application/merge-patch+json", "")
        .await
        .refused(400, "malformed_json");
    let unchanged = admin.get(&path).seeing(&created).await.ok(200);
    assert_eq!(unchanged["version"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn if_match_guards_every_change() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1250)).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    let version = created["version"].as_u64().unwrap();
    let changed = admin
        .patch(&path)
        .merge(json!({"name": "Two"}))
        .if_match(version)
        .await
        .ok(200);
    let present = changed["version"].as_u64().unwrap();
    assert_eq!(present, version + 1);

    let stale = admin
        .patch(&path)
        .merge(json!({"name": "Three"}))
        .if_match(version)
        .await
        .refused(412, "version_mismatch");
    assert_eq!(
        (&stale["expected"], &stale["actual"]),
        (&json!(version), &json!(present))
    );
    // Also one that has to be completed from the product first.
    let _ = admin
        .patch(&path)
        .merge(json!({"price": {"amount": 1}}))
        .if_match(version)
        .await
        .refused(412, "version_mismatch");
    let _ = admin
        .patch(&path)
        .merge(json!({"name": "Three"}))
        .if_match(present + 1)
        .await
        .refused(412, "version_mismatch");
    let _ = admin
        .delete(&path)
        .if_match(version)
        .await
        .refused(412, "version_mismatch");
    for action in ["archive", "publish", "restore"] {
        let _ = admin
            .post(format!("{path}/{action}"))
            .if_match(version)
            .await
            .refused(412, "version_mismatch");
    }
    let list = format!("\"{version}\", W/\"{present}\"");
    for other in ["\"two\"", "\"-1\"", "\"\"", &format!("W/\"{present}\""), &list] {
        let _ = admin
            .patch(&path)
            .merge(json!({"name": "x"}))
            .header("if-match", other)
            .await
            .refused(412, "version_mismatch");
    }
    for malformed in ["2", "\"two", "W/2", "\"1\" \"2\"", "*, \"1\""] {
        let _ = admin
            .patch(&path)
            .merge(json!({"name": "x"}))
            .header("if-match", malformed)
            .await
            .refused_for(400, "invalid_header", &[("If-Match", "invalid_format")]);
    }
    let _ = admin
        .patch(&path)
        .merge(json!({"name": "Three"}))
        .header("if-match", "*")
        .await
        .ok(200);
    let _ = admin
        .patch(&path)
        .merge(json!({"price": {"amount": 1}}))
        .header("if-match", format!("\"{version}\", \"{}\"", present + 1))
        .await
        .ok(200);
    let _ = admin.delete(&path).if_match(present + 2).await.ok(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_to_one_version_one_wins() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1250)).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    let answers = join_all((0..16).map(|index| {
        admin
            .patch(&path)
            .merge(json!({"name": format!("Name {index}")}))
            .if_match(1)
            .into_future()
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        let _ = answer.refused(412, "version_mismatch");
    }
    // Without it all go through, and none of half a change gets lost.
    let answers = join_all((0..16).map(|index| {
        admin
            .patch(&path)
            .merge(json!({"attributes": {format!("k{index}"): index}}))
            .into_future()
    }))
    .await;
    for answer in answers {
        let _ = answer.ok(200);
    }
    let whole = admin.patch(&path).merge(json!({})).await.ok(200);
    assert_eq!(whole["attributes"].as_object().unwrap().len(), 16);
    assert_eq!(whole["version"], 18);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retried_patch_is_applied_once() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1250)).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    let first = admin
        .patch(&path)
        .merge(json!({"name": "Two"}))
        .if_match(1)
        .key("k")
        .await
        .ok(200);
    let again = admin
        .patch(&path)
        .merge(json!({"name": "Two"}))
        .if_match(1)
        .key("k")
        .await
        .ok(200);
    assert_eq!(
        (again.json(), again.header("idempotent-replayed")),
        (first.json(), Some("true"))
    );
    let half = |key: &str| admin.patch(&path).merge(json!({"price": {"amount": 5}})).key(key);
    let first = half("half").await.ok(200);
    let _ = admin.patch(&path).merge(json!({"price": {"amount": 7}})).await.ok(200);
    let again = half("half").await.ok(200);
    assert_eq!(
        (again.json(), again.header("idempotent-replayed")),
        (first.json(), Some("true"))
    );
    let _ = admin
        .patch(&path)
        .merge(json!({"name": "Three"}))
        .key("k")
        .await
        .refused(422, "idempotency_key_reused");
}
