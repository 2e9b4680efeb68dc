//! `POST /v1/products`, and reading what it made.

use e2e::{System, product};
use serde_json::{Value, json};

fn everything_that_a_product_can_have() -> Value {
    json!({
        "sku": "MUG-1",
        "name": "Enamel mug, red",
        "description": "Holds tea.\nAnd coffee.",
        "price": {"amount": 1250, "currency": "GBP"},
        "category": "kitchen/mugs",
        "attributes": {"colour": "red", "volume_ml": 350, "weight": 0.1, "dishwasher": true, "largest": i64::MAX, "empty": ""},
        "status": "active",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_comes_back_as_it_was_given() {
    let system = System::start().await;
    let admin = system.admin().await;
    let body = everything_that_a_product_can_have();
    let created = admin.post("/v1/products").json(body.clone()).await.ok(201);
    assert_eq!(
        created.header("location"),
        Some(format!("/v1/products/{}", created.id()).as_str())
    );
    assert_eq!(created.header("etag"), Some("\"1\""));
    assert_eq!(created.header("idempotent-replayed"), None);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(created[name], *value, "{name}");
    }
    insta::assert_json_snapshot!(created.json(), {
        ".id" => insta::dynamic_redaction(|value, _| {
            assert!(value.as_str().unwrap().starts_with("prod_"));
            "[id]"
        }),
        ".created_at" => "[time]",
        ".updated_at" => "[time]",
    });

    let read = system
        .anonymous()
        .get(created.header("location").unwrap())
        .seeing(&created)
        .await
        .ok(200);
    assert_eq!(
        read.json(),
        created.json(),
        "what is read is what was answered to the write"
    );
    assert_eq!(read.header("etag"), Some("\"1\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_has_a_default() {
    let system = System::start().await;
    let admin = system.admin().await;
    let least = json!({"sku": "A", "name": "B", "price": {"amount": 0, "currency": "JPY"}});
    let created = admin.post("/v1/products").json(least).await.ok(201);
    assert_eq!(
        (&created["status"], &created["description"], &created["category"]),
        (&json!("draft"), &json!(""), &json!(""))
    );
    assert_eq!(created["attributes"], json!({}));
    assert_eq!(created["stock"], json!({"on_hand": 0, "reserved": 0, "available": 0}));
    let nulls = json!({"sku": "B", "name": "B", "price": {"amount": 0, "currency": "JPY"}, "description": null, "category": null,
        "attributes": null, "status": null});
    let nothing_said = admin.post("/v1/products").json(nulls).await.ok(201);
    assert_eq!(
        (&nothing_said["status"], &nothing_said["description"]),
        (&json!("draft"), &json!(""))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_every_script_are_kept_and_found() {
    let system = System::start().await;
    let admin = system.admin().await;
    let names = [
        ("كوب مطلي بالمينا", "مطلي"),
        ("ספל אמייל אדום", "אמייל"),
        ("Ångström Ölkännchen", "ölkänn"),
        ("搪瓷杯 红色", "红色"),
        ("Κούπα ΕΜΑΓΙΈ", "εμαγιέ"),
        ("👩‍👩‍👧‍👦 family mug 🫖", "🫖"),
        ("e\u{301}mail (combining)", "e\u{301}mail"),
        ("100%_sure \\ mug", "100%_"),
        ("\u{202b}mixed עברית and English\u{202c}", "mixed"),
    ];
    let kept = |name: &str| name.replace("e\u{301}", "é").replace(['\u{202b}', '\u{202c}'], "");
    let mut last = None;
    for (index, (name, _)) in names.iter().enumerate() {
        let mut body = product(&format!("M{index}"), 100);
        body["name"] = json!(name);
        let created = admin.post("/v1/products").json(body).await.ok(201);
        assert_eq!(created["name"], kept(name));
        last = Some(created);
    }
    let everything = system.everything().await;
    assert!(last.is_some());
    for (name, word) in names {
        let query: String = url_encoded(&[("q", word)]);
        let found = system
            .anonymous()
            .get(format!("/v1/products?{query}"))
            .after(&everything)
            .await
            .ok(200);
        assert_eq!(found.each("name"), [kept(name)], "searching for {word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_with_the_same_key_makes_no_second_product() {
    let system = System::start().await;
    let admin = system.admin().await;
    let create = |body: Value| admin.post("/v1/products").json(body).key("create-1");
    let first = create(product("MUG-1", 1250)).await.ok(201);
    let again = create(product("MUG-1", 1250)).await.ok(201);
    assert_eq!(again.json(), first.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    for name in ["etag", "location", "consistency-token"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    let _ = create(product("MUG-1", 1300))
        .await
        .refused(422, "idempotency_key_reused");
    // The key is the caller's own.
    let other = system
        .create_user("other@shop.example", proto::v1::Role::Admin, e2e::PASSWORD)
        .await;
    assert!(other.is_ok());
    let other = system.anonymous().log_in("other@shop.example", e2e::PASSWORD).await;
    let _ = other
        .post("/v1/products")
        .json(product("MUG-2", 1))
        .key("create-1")
        .await
        .ok(201);
    // A refusal is not an answer that is kept: the same key may be tried again.
    let _ = admin
        .post("/v1/products")
        .json(product("MUG-2", 1))
        .key("create-2")
        .await
        .refused(409, "sku_taken");
    let _ = admin
        .post("/v1/products")
        .json(product("MUG-3", 1))
        .key("create-2")
        .await
        .ok(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_write() {
    let system = System::start().await;
    let (anonymous, customer) = (system.anonymous(), system.customer("ann").await);
    let admin = system.admin().await;
    let mug = admin.post("/v1/products").json(product("MUG-1", 1250)).await.ok(201);
    let path = format!("/v1/products/{}", mug.id());
    for (who, status, code) in [(&anonymous, 401, "unauthenticated"), (&customer, 403, "forbidden")] {
        let _ = who
            .post("/v1/products")
            .json(product("MUG-2", 1))
            .await
            .refused(status, code);
        let _ = who
            .patch(&path)
            .json(json!({"name": "Stolen"}))
            .await
            .refused(status, code);
        let _ = who.delete(&path).await.refused(status, code);
        for action in ["publish", "archive", "restore"] {
            let _ = who.post(format!("{path}/{action}")).await.refused(status, code);
        }
    }
    let seen = anonymous.get(&path).seeing(&mug).await.ok(200);
    assert_eq!(seen["name"], mug["name"]);
}

fn url_encoded(pairs: &[(&str, &str)]) -> String {
    let mut url = url::Url::parse("http://x").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}
