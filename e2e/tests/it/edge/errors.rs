//! Refusals that no handler makes, and ids of requests.

use e2e::{System, product};
use http::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_exist_is_not_found_in_the_same_shape() {
    let system = System::start().await;
    for path in [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/products/",
        "/v1/products/x/y/z",
        "/v2/products",
        "//v1/products",
        "/v1/products%00",
        "/errors/nonsense",
    ] {
        let refused = system.anonymous().get(path).await;
        assert_eq!(
            (refused.status(), refused["code"].as_str()),
            (404, Some("not_found")),
            "{path}: {refused:?}"
        );
        let refused = system.anonymous().post(path).json(json!({})).await;
        assert!([404, 405].contains(&refused.status()), "{path}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_method_is_told_which_ones_there_are() {
    let system = System::start().await;
    let admin = system.admin().await;
    for (method, path, allowed) in [
        (Method::PUT, "/v1/products", "GET,HEAD,POST"),
        (Method::DELETE, "/v1/products", "GET,HEAD,POST"),
        (
            Method::PUT,
            "/v1/products/prod_0198c0de-0000-7000-8000-000000000001",
            "DELETE,GET,HEAD,PATCH",
        ),
        (Method::GET, "/v1/stock/receive", "POST"),
        (Method::GET, "/v1/auth/login", "POST"),
        (Method::PATCH, "/v1/orders", "GET,HEAD,POST"),
        (
            Method::DELETE,
            "/v1/orders/ord_0198c0de-0000-7000-8000-000000000001",
            "GET,HEAD",
        ),
        (Method::POST, "/v1/audit", "GET,HEAD"),
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/v1/orders", "GET,HEAD,POST"),
    ] {
        let refused = admin
            .request(method.clone(), path)
            .await
            .refused(405, "method_not_allowed");
        let mut allow: Vec<&str> = refused
            .header("allow")
            .unwrap_or_else(|| panic!("{method} {path}: {refused:?}"))
            .split(',')
            .map(str::trim)
            .collect();
        allow.sort_unstable();
        assert_eq!(allow.join(","), allowed, "{method} {path}");
    }
    let head = system.anonymous().request(Method::HEAD, "/v1/products").await;
    assert_eq!((head.status(), head.text()), (200, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_keeps_its_id() {
    let system = System::start().await;
    let admin = system.admin().await;
    for id in ["abc", "req_7f3c/2024:01+x=~", &"i".repeat(128)] {
        let answer = admin.get("/v1/products").header("x-request-id", id).await.ok(200);
        assert_eq!(answer.header("x-request-id"), Some(id));
        let refused = admin.get("/nothing").header("x-request-id", id).await.ok(404);
        assert_eq!(refused["request_id"], id);
    }
    let mut minted = Vec::new();
    for id in ["", "two words", "<script>", "\u{e9}", &"i".repeat(129)] {
        let answer = admin.get("/v1/products").header("x-request-id", id).await.ok(200);
        let given = answer.header("x-request-id").unwrap().to_owned();
        if id != "<script>" {
            assert_ne!(given, id);
            minted.push(given);
        }
    }
    minted.sort();
    minted.dedup();
    assert_eq!(minted.len(), 4, "each gets one of its own");
    let created = admin
        .post("/v1/products")
        .header("x-correlation-id", "nonsense")
        .json(product("MUG-1", 1))
        .await
        .ok(201);
    assert!(
        created
            .header("x-correlation-id")
            .is_some_and(|id| uuid::Uuid::try_parse(id).is_ok()),
        "{created:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_have_a_largest_size() {
    let system = System::start().await;
    let refused = system
        .anonymous()
        .get("/v1/products")
        .header("x-padding", "x".repeat(40_000))
        .await;
    assert_eq!(
        (refused.status(), refused["code"].as_str()),
        (431, Some("headers_too_large")),
        "{refused:?}"
    );
    let _ = system
        .anonymous()
        .get("/v1/products")
        .header("x-padding", "x".repeat(16_000))
        .await
        .ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_has_a_page() {
    let system = System::start().await;
    let (admin, public) = (system.admin().await, system.anonymous());
    let mug = admin.stocked("MUG-1", 1250, 1).await;
    let refusals = [
        public.get("/nothing").await,
        public.get("/v1/orders").await,
        public.get("/v1/products?limit=0").await,
        public.get("/v1/products?cursor=x").await,
        public.with_token("x").get("/v1/me").await,
        public.post("/healthz").await,
        public
            .post("/v1/auth/login")
            .json(json!({"email": "x", "password": "y"}))
            .await,
        admin.post("/v1/products").json(json!({})).await,
        admin.post("/v1/products").body("application/json", "{").await,
        admin.post("/v1/products").body("text/plain", "{").await,
        admin.post("/v1/products").json(product("MUG-1", 1)).await,
        admin
            .patch(format!("/v1/products/{}", mug.id))
            .json(json!({"name": "x"}))
            .if_match(9)
            .await,
        admin.order(&[(&mug.id, 2)]).await,
        admin.get("/v1/orders/ord_0198c0de-0000-7000-8000-000000000001").await,
        admin
            .get("/v1/orders")
            .header("consistency-token", "0.99999")
            .header("consistency-wait", 1)
            .await,
        admin.get("/v1/orders").header("consistency-wait", "long").await,
    ];
    let mut without = Vec::new();
    for refusal in refusals {
        let page = public.get(refusal["type"].as_str().unwrap()).try_send().await.unwrap();
        if page.status() != 200 || !page.text().contains(refusal["code"].as_str().unwrap()) {
            without.push(refusal["code"].clone());
        }
    }
    assert!(without.is_empty(), "codes without a page: {without:?}");
    let _ = public.get("/errors").await.ok(200);
}
