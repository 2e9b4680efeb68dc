//! The description of the API and the pages.

use std::{collections::BTreeSet, fmt::Write};

use super::*;
use crate::ops::pages::ERRORS;

#[test]
fn every_operation_describes_its_answers() {
    let description = serde_json::to_value(crate::openapi()).unwrap();
    let mut summary = String::new();
    let mut ids = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{method} {path}"
            );
            let responses = operation["responses"].as_object().unwrap().keys();
            let statuses: Vec<_> = responses.filter(|key| !key.starts_with("x-")).cloned().collect();
            writeln!(summary, "{} {path}: {}", method.to_uppercase(), statuses.join(" ")).unwrap();
        }
    }
    insta::assert_snapshot!(summary, @r#"
    GET /.well-known/jwks.json: 200
    GET /healthz: 200
    GET /metrics: 200
    GET /openapi.json: 200
    GET /readyz: 200 503
    GET /v1/audit: 200 304 400 401 403 406 429 431 500 503 504
    GET /v1/audit/checkpoints: 200 304 400 401 403 406 429 431 500 503 504
    GET /v1/audit/checkpoints/{number}: 200 304 400 401 403 404 406 429 431 500 503 504
    GET /v1/audit/consistency: 200 304 400 401 403 404 406 409 429 431 500 503 504
    GET /v1/audit/events/{event_id}/proof: 200 304 400 401 403 404 406 409 429 431 500 503 504
    GET /v1/audit/key: 200 304 400 401 403 406 429 431 500 503 504
    GET /v1/audit/requests/{id}: 200 304 400 401 403 404 406 429 431 500 503 504
    POST /v1/auth/login: 200 400 401 406 408 413 415 422 429 431 500 503 504
    POST /v1/auth/logout: 204 400 401 403 404 408 409 413 415 422 429 431 500 503 504
    POST /v1/auth/logout-everywhere: 204 400 401 403 404 408 409 413 415 422 429 431 500 503 504
    POST /v1/auth/password: 204 400 401 403 404 408 409 413 415 422 429 431 500 503 504
    POST /v1/auth/refresh: 200 400 401 406 408 413 415 422 429 431 500 503 504
    GET /v1/auth/sessions: 200 304 400 401 403 406 429 431 500 503 504
    DELETE /v1/auth/sessions/{id}: 204 400 401 403 404 408 409 413 415 422 429 431 500 503 504
    GET /v1/exports: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/exports: 202 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    DELETE /v1/exports/{id}: 204 400 401 403 404 408 409 413 415 422 429 431 500 503 504
    GET /v1/exports/{id}: 200 304 400 401 403 404 406 429 431 500 503 504
    GET /v1/exports/{id}/file: 200 206 400 401 403 404 406 409 416 429 431 500 503 504
    GET /v1/me: 200 304 400 401 403 404 406 429 431 500 503 504
    GET /v1/orders: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/orders: 201 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    GET /v1/orders/{id}: 200 304 400 401 403 404 406 429 431 500 503 504
    POST /v1/orders/{id}/cancel: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    GET /v1/processes/dead-letters: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/processes/dead-letters/{id}/drop: 200 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    POST /v1/processes/dead-letters/{id}/retry: 200 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    GET /v1/products: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/products: 201 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    GET /v1/products/suggest: 200 304 400 401 406 429 431 500 503 504
    DELETE /v1/products/{id}: 204 400 401 403 404 408 409 412 413 415 422 429 431 500 503 504
    GET /v1/products/{id}: 200 304 400 401 404 406 429 431 500 503 504
    PATCH /v1/products/{id}: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    POST /v1/products/{id}/archive: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    POST /v1/products/{id}/publish: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    POST /v1/products/{id}/restore: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    GET /v1/products/{id}/stock: 200 304 400 401 404 406 429 431 500 503 504
    GET /v1/projections: 200 304 400 401 403 406 429 431 500 503 504
    GET /v1/projections/parked: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/projections/parked/{id}/retry: 200 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    POST /v1/projections/parked/{id}/skip: 200 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    GET /v1/reports/sales: 200 304 400 401 403 406 429 431 500 503 504
    GET /v1/reports/sales/orders: 200 304 400 401 403 406 429 431 500 503 504
    GET /v1/search/rules: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/search/rules: 201 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    DELETE /v1/search/rules/{id}: 204 400 401 403 404 408 409 413 415 422 429 431 500 503 504
    GET /v1/search/rules/{id}: 200 304 400 401 403 404 406 429 431 500 503 504
    GET /v1/search/settings: 200 304 400 401 403 406 429 431 500 503 504
    PATCH /v1/search/settings: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    PUT /v1/search/settings: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    GET /v1/stock: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/stock/adjust: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    POST /v1/stock/receive: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    POST /v1/stock/set: 200 400 401 403 404 406 408 409 412 413 415 422 429 431 500 503 504
    GET /v1/streams/{aggregate}/{id}: 200 304 400 401 403 404 406 429 431 500 503 504
    GET /v1/users: 200 304 400 401 403 406 429 431 500 503 504
    POST /v1/users: 201 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    GET /v1/users/{id}: 200 304 400 401 403 404 406 429 431 500 503 504
    PATCH /v1/users/{id}: 200 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    POST /v1/users/{id}/disable: 200 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    POST /v1/users/{id}/enable: 200 400 401 403 404 406 408 409 413 415 422 429 431 500 503 504
    "#);
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    let text = crate::openapi_json();
    let description: Value = serde_json::from_str(&text).unwrap();
    for reference in text.split("\"$ref\": \"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
    assert_eq!(
        description["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    let problem = &description["components"]["schemas"]["Problem"];
    for member in ["type", "title", "status", "code", "detail", "errors", "request_id"] {
        assert!(problem["properties"].get(member).is_some(), "{member}: {problem}");
    }
}

#[test]
fn every_code_of_the_gateway_has_a_page() {
    for code in [
        "bad_request",
        "checkpoint_not_found",
        "conflict",
        "event_not_found",
        "forbidden",
        "headers_too_large",
        "internal",
        "invalid_header",
        "invalid_parameter",
        "invalid_token",
        "malformed_json",
        "method_not_allowed",
        "not_acceptable",
        "not_found",
        "not_ready",
        "not_sealed_yet",
        "order_not_found",
        "payload_too_large",
        "product_not_found",
        "rate_limited",
        "request_timeout",
        "seal_broken",
        "stream_not_found",
        "timeout",
        "token_expired",
        "transfer_coding_not_supported",
        "unauthenticated",
        "unavailable",
        "unsupported_media_type",
        "user_not_found",
        "validation_failed",
    ] {
        assert!(
            ERRORS
                .iter()
                .any(|(page, text)| *page == code && text.starts_with(&format!("# {code} ("))),
            "{code}"
        );
    }
}

#[tokio::test]
async fn bodies_that_change_something_have_examples_that_are_right() {
    let description = serde_json::to_value(crate::openapi()).unwrap();
    let world = World::new(|_| {
        Err(Failure::new(
            proto::failure::FailureKind::Unavailable,
            "unavailable",
            "it is away",
        ))
    });
    let token = world.admin();
    let mut tried = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in ["put", "patch"] {
            for (kind, content) in item[method]["requestBody"]["content"].as_object().into_iter().flatten() {
                let name = content["schema"]["$ref"].as_str().unwrap().trim_start_matches('#');
                let example = &description.pointer(name).unwrap()["example"];
                assert!(example.is_object(), "{method} {path}");
                let headers = [("authorization", token.as_str()), ("content-type", kind)];
                let id = if path.starts_with("/v1/users") {
                    CUSTOMER
                } else {
                    PRODUCT
                };
                let path = path.replace("{id}", id);
                let answer = world
                    .send(&method.to_uppercase(), &path, &headers, example.to_string())
                    .await;
                answer.problem(503, "unavailable");
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 6);
}

#[tokio::test]
async fn pages_are_compressed_once() {
    let world = World::alone();
    let gzip = [("accept-encoding", "br;q=0.5, gzip")];
    let packed = world.get("/docs/swagger-ui-bundle.js", &gzip).await;
    let again = world.get("/docs/swagger-ui-bundle.js", &gzip).await;
    assert_eq!(
        (packed.status.as_u16(), packed.header("content-encoding")),
        (200, "gzip")
    );
    assert_eq!(
        (&packed.text, packed.header("vary")),
        (&again.text, again.header("vary"))
    );
    for other in [
        &[] as &[(&str, &str)],
        &[("accept-encoding", "br")],
        &[("accept-encoding", "gzip;q=0")],
    ] {
        for _ in 0..2 {
            let whole = world.get("/docs/swagger-ui-bundle.js", other).await;
            assert_eq!(
                (whole.status.as_u16(), whole.header("content-encoding")),
                (200, ""),
                "{other:?}"
            );
            assert!(whole.text.len() > 4 * packed.text.len() / 2, "{other:?}");
        }
    }
    assert_eq!(
        world.get("/openapi.json", &gzip).await.header("content-encoding"),
        "gzip"
    );
    for other in [
        "/docs/swagger-ui-bundle%2Ejs",
        "/docs/%73wagger-ui-bundle.js",
        "/openapi%2ejson",
    ] {
        world.get(other, &gzip).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn pages_are_served() {
    let world = World::alone();
    for (path, kind, part) in [
        ("/", "text/html", "href=\"/docs/\""),
        ("/", "text/html", "tillroll-demo"),
        ("/docs/", "text/html", "swagger-ui"),
        ("/docs/swagger-initializer.js", "javascript", "/openapi.json"),
        ("/openapi.json", "application/json", "\"openapi\":\"3."),
        ("/.well-known/jwks.json", "application/json", "\"crv\":\"Ed25519\""),
    ] {
        let answer = world.get(path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").contains(kind), "{path}: {answer:?}");
        assert!(answer.text.contains(part), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    world.get("/metrics", &[]).await.problem(404, "not_found");
    assert_eq!(world.send("HEAD", "/healthz", &[], "").await.text, "");
}

#[tokio::test]
async fn metrics_are_rendered_where_they_are_collected() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let world = World::with(
        |call| panic!("nobody should ask {call:?}"),
        |config| config.metrics = Some(handle),
    );
    let _guard = metrics::set_default_local_recorder(&recorder);
    world.get("/v1/products/prod_1", &[]).await;
    world.get("/somewhere/else", &[]).await;
    let text = world.get("/metrics", &[]).await.text;
    for labels in [
        r#"method="GET",route="/v1/products/{id}",status="404""#,
        r#"method="GET",route="unmatched",status="404""#,
    ] {
        assert!(text.contains(labels), "{text}");
    }
}
