//! Products that are refused, and how they are told.

use std::collections::BTreeMap;

use e2e::{System, product};
use serde_json::{Value, json};

fn with(member: &str, value: impl Into<Value>) -> Value {
    let mut body = product("MUG-1", 1250);
    body[member] = value.into();
    body
}

fn without(member: &str) -> Value {
    let mut body = product("MUG-1", 1250);
    body.as_object_mut().unwrap().remove(member);
    body
}

fn price(amount: &Value, currency: &Value) -> Value {
    with("price", json!({"amount": amount, "currency": currency}))
}

fn wrong_values() -> Vec<(&'static str, Value)> {
    let many: serde_json::Map<String, Value> = (0..251).map(|index| (format!("k{index}"), json!(1))).collect();
    vec![
        ("attribute key", with("attributes", json!({"two\nlines": 1}))),
        ("attribute key empty", with("attributes", json!({"": 1}))),
        ("attribute key too long", with("attributes", json!({"k".repeat(65): 1}))),
        ("attribute nested", with("attributes", json!({"size": {"eu": 42}}))),
        ("attribute list", with("attributes", json!({"sizes": [1, 2]}))),
        (
            "attribute too long",
            with("attributes", json!({"text": "x".repeat(1001)})),
        ),
        (
            "attribute control character",
            with("attributes", json!({"text": "a\u{7}b"})),
        ),
        ("attributes a list", with("attributes", json!(["red"]))),
        ("attributes too many", with("attributes", many)),
        ("category absolute", with("category", "/kitchen")),
        ("category double slash", with("category", "kitchen//mugs")),
        ("category number", with("category", 7)),
        ("category spaces", with("category", "kitchen / mugs")),
        ("category too deep", with("category", "a/b/c/d/e/f/g/h/i")),
        ("category too long", with("category", "x".repeat(81))),
        ("description control character", with("description", "bell \u{7}")),
        ("description too long", with("description", "x".repeat(20_001))),
        ("description true", with("description", true)),
        (
            "everything at once",
            json!({"sku": 1, "name": null, "price": "free", "status": "sold", "colour": "red"}),
        ),
        ("name blank", with("name", "   ")),
        ("name empty", with("name", "")),
        ("name line break", with("name", "a\nb")),
        ("name list", with("name", json!(["a"]))),
        ("name missing", without("name")),
        ("name NUL", with("name", "a\0b")),
        ("name null", with("name", Value::Null)),
        ("name too long", with("name", "x".repeat(201))),
        ("price a number", with("price", 12.5)),
        ("price amount beyond 64 bits", price(&json!(u64::MAX), &json!("GBP"))),
        ("price amount fraction", price(&json!(12.5), &json!("GBP"))),
        ("price amount missing", with("price", json!({"currency": "GBP"}))),
        ("price amount negative", price(&json!(-1), &json!("GBP"))),
        ("price amount text", price(&json!("1250"), &json!("GBP"))),
        (
            "price amount too large",
            price(&json!(1_000_000_000_001_i64), &json!("GBP")),
        ),
        ("price currency empty", price(&json!(1), &json!(""))),
        ("price currency lower case", price(&json!(1), &json!("gbp"))),
        ("price currency missing", with("price", json!({"amount": 1}))),
        ("price currency unknown", price(&json!(1), &json!("QQQ"))),
        ("price missing", without("price")),
        (
            "price unknown member",
            with("price", json!({"amount": 1, "currency": "GBP", "vat": 20})),
        ),
        ("sku empty", with("sku", "")),
        ("sku missing", without("sku")),
        ("sku number", with("sku", 22423)),
        ("sku too long", with("sku", "x".repeat(65))),
        ("status deleted", with("status", "deleted")),
        ("status upper case", with("status", "ACTIVE")),
        ("unknown field", with("nme", "typo")),
        ("unknown field id", with("id", "prod_1")),
        ("whole body a list", json!([product("MUG-1", 1)])),
        ("whole body null", Value::Null),
        ("whole body text", json!("MUG-1")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_value_is_told_with_its_field() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mut told = BTreeMap::new();
    for (case, body) in wrong_values() {
        let answer = admin
            .post("/v1/products")
            .json(body)
            .await
            .refused(422, "validation_failed");
        assert!(!answer.fields().is_empty(), "{case}: {answer:?}");
        told.insert(case, answer.shape());
    }
    insta::assert_json_snapshot!(told);
    let none = admin.get("/v1/products").await.ok(200);
    assert!(none.items().is_empty(), "nothing was made of any of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_json_are_told() {
    let system = System::start().await;
    let admin = system.admin().await;
    let nested = format!("{{\"sku\": {}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let right = product("MUG-1", 1250).to_string();
    let twice = right.replacen('{', r#"{"sku": "MUG-2", "#, 1);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("cut off", right.as_bytes()[..20].to_vec()),
        ("trailing comma", br#"{"sku": "A",}"#.to_vec()),
        ("two documents", format!("{right}{right}").into_bytes()),
        ("single quotes", b"{'sku': 'A'}".to_vec()),
        ("NaN", br#"{"price": NaN}"#.to_vec()),
        ("not UTF-8", b"{\"sku\": \"\xff\xfe\"}".to_vec()),
        ("half a surrogate pair", br#"{"sku": "\ud800"}"#.to_vec()),
        ("nested without end", nested.into_bytes()),
        ("form", b"sku=A&name=B".to_vec()),
    ];
    let mut told = BTreeMap::new();
    for (case, body) in cases {
        let answer = admin
            .post("/v1/products")
            .body("application/json", body)
            .await
            .refused(400, "malformed_json");
        told.insert(case, answer.shape());
    }
    insta::assert_json_snapshot!(told);
    let _ = admin
        .post("/v1/products")
        .body("application/json", twice)
        .await
        .refused_for(422, "validation_failed", &[("sku", "duplicate_field")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_content_type_must_be_json() {
    let system = System::start().await;
    let admin = system.admin().await;
    let body = || product("MUG-1", 1250).to_string();
    for wrong in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "application/jsonp",
        "multipart/form-data",
        "json",
        "",
    ] {
        let _ = admin
            .post("/v1/products")
            .body(wrong, body())
            .await
            .refused(415, "unsupported_media_type");
    }
    let _ = admin
        .post("/v1/products")
        .bare_body(body())
        .await
        .refused(415, "unsupported_media_type");
    let created = admin
        .post("/v1/products")
        .body("Application/JSON; charset=utf-8", body())
        .await
        .ok(201);
    let path = format!("/v1/products/{}", created.id());
    let refused = admin
        .patch(&path)
        .body("text/plain", "{}")
        .await
        .refused(415, "unsupported_media_type");
    assert!(
        refused
            .header("accept-patch")
            .is_some_and(|types| types.contains("application/merge-patch+json")),
        "{refused:?}"
    );
    let _ = admin
        .patch(&path)
        .body("application/json-patch+json", "[]")
        .await
        .refused(415, "unsupported_media_type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_has_a_largest_size() {
    let system = System::start().await;
    let admin = system.admin().await;
    let padded = |size: usize| {
        let mut body = product("MUG-1", 1250).to_string();
        body.push_str(&" ".repeat(size - body.len()));
        body
    };
    let refused = admin
        .post("/v1/products")
        .body("application/json", padded(1024 * 1024 + 1))
        .await
        .refused(413, "payload_too_large");
    assert_eq!(refused["limit"], 1024 * 1024);
    let _ = admin
        .post("/v1/products")
        .body("application/json", padded(1024 * 1024))
        .await
        .ok(201);
    let _ = admin
        .post("/v1/products")
        .body("application/json", padded(64 * 1024 * 1024))
        .try_send()
        .await
        .map(|answer| answer.refused(413, "payload_too_large"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_an_id_names_nothing() {
    let system = System::start().await;
    let admin = system.admin().await;
    let other_kind = "ord_0198c0de-0000-7000-8000-000000000001";
    let nobody = "prod_0198c0de-0000-7000-8000-000000000001";
    for id in [
        "1",
        "prod_",
        "prod_x",
        "%00",
        // Not bare dots: the client itself would leave them out, with the segment before them.
        "%2f%2e%2e",
        "prod_0198C0DE-0000-7000-8000-000000000001",
        other_kind,
        nobody,
        &"x".repeat(3000),
    ] {
        let path = format!("/v1/products/{id}");
        for refused in [
            admin.get(&path).await,
            admin.patch(&path).json(json!({"name": "x"})).await,
            admin.delete(&path).await,
            admin.post(format!("{path}/publish")).await,
            admin.get(format!("{path}/stock")).await,
        ] {
            assert_eq!(refused.status(), 404, "{refused:?}");
        }
    }
    let _ = admin
        .get(format!("/v1/products/{nobody}?colour=red"))
        .await
        .refused_for(400, "invalid_parameter", &[("colour", "unknown_parameter")]);
    let _ = admin
        .post("/v1/products?dry_run=true")
        .json(product("MUG-1", 1))
        .await
        .refused_for(400, "invalid_parameter", &[("dry_run", "unknown_parameter")]);
}
