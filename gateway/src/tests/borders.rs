//! Requests that no handler gets to see.

use super::*;

#[tokio::test]
async fn an_unknown_address_is_a_problem() {
    let world = World::alone();
    insta::assert_json_snapshot!(world.get("/nowhere", &[]).await.problem(404, "not_found"), @r#"
    {
      "code": "not_found",
      "detail": "there is nothing at this address",
      "errors": [],
      "status": 404,
      "title": "Not found",
      "type": "/errors/not_found"
    }
    "#);
    world.get("/v1/", &[]).await.problem(404, "not_found");
    world.get("/v1/products/", &[]).await.problem(404, "not_found");
    world.get("/docs/nothing.js", &[]).await.problem(404, "not_found");
}

#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let world = World::alone();
    for (method, path, allowed) in [
        ("PUT", "/v1/products", ["GET", "HEAD", "POST"].as_slice()),
        ("POST", "/v1/reports/sales", &["GET", "HEAD"]),
        ("GET", "/v1/auth/login", &["POST"]),
        ("DELETE", "/healthz", &["GET", "HEAD"]),
        ("OPTIONS", "/v1/orders", &["GET", "HEAD", "POST"]),
    ] {
        let answer = world.send(method, path, &[], "").await;
        answer.problem(405, "method_not_allowed");
        let mut allow: Vec<_> = answer.header("allow").split(',').collect();
        allow.sort_unstable();
        assert_eq!(allow, allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_announced_or_not() {
    let world = World::alone();
    let body = format!(r#"{{"email": "{}"}}"#, "x".repeat(crate::problem::MAX_BODY));
    let length = body.len().to_string();
    let json = ("content-type", "application/json");
    let announced = world
        .send(
            "POST",
            "/v1/auth/login",
            &[json, ("content-length", &length)],
            body.clone(),
        )
        .await;
    insta::assert_json_snapshot!(announced.problem(413, "payload_too_large"), @r#"
    {
      "code": "payload_too_large",
      "detail": "a body has at most 1048576 bytes",
      "errors": [],
      "limit": 1048576,
      "status": 413,
      "title": "Payload too large",
      "type": "/errors/payload_too_large"
    }
    "#);
    let chunks = futures::stream::iter([Ok::<_, Infallible>(Bytes::from(body.clone())), Ok(Bytes::from(body))]);
    world
        .send("POST", "/v1/auth/login", &[json], Body::from_stream(chunks))
        .await
        .problem(413, "payload_too_large");
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let world = World::alone();
    let token = world.admin();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        let headers = [("content-type", kind), ("authorization", &token)];
        world
            .send("POST", "/v1/orders", &headers, "{}")
            .await
            .problem(415, "unsupported_media_type");
    }
    let headers = [("content-type", "text/plain"), ("authorization", token.as_str())];
    let answer = world
        .send("PATCH", &format!("/v1/products/{PRODUCT}"), &headers, "{}")
        .await;
    insta::assert_json_snapshot!(answer.problem(415, "unsupported_media_type"), @r#"
    {
      "code": "unsupported_media_type",
      "detail": "Content-Type application/merge-patch+json or application/json is expected, not text/plain",
      "errors": [],
      "status": 415,
      "title": "Unsupported media type",
      "type": "/errors/unsupported_media_type"
    }
    "#);
    assert_eq!(
        answer.header("accept-patch"),
        "application/merge-patch+json, application/json"
    );
}

#[tokio::test]
async fn what_is_not_json_is_told_where() {
    let world = World::alone();
    let answer = world
        .post("/v1/auth/login", "", &[], "{\"email\": \"a@b\",\n  \"password\" 1}")
        .await;
    // An authorization header that is no token does not keep anybody from logging in.
    insta::assert_json_snapshot!(answer.problem(400, "malformed_json"), @r#"
    {
      "code": "malformed_json",
      "column": 14,
      "detail": "the body is not JSON: expected `:` at line 2 column 14",
      "errors": [],
      "line": 2,
      "status": 400,
      "title": "Malformed JSON",
      "type": "/errors/malformed_json"
    }
    "#);
    for body in ["", "{", "{} {}", "{'email': 1}", "\u{feff}{}", &"[".repeat(200)] {
        world
            .post("/v1/auth/login", "", &[], body)
            .await
            .problem(400, "malformed_json");
    }
    let headers = [("content-type", "application/json")];
    let answer = world
        .send("POST", "/v1/auth/login", &headers, b"{\"email\": \"\xff\"}".to_vec())
        .await;
    answer.problem(400, "malformed_json");
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let world = World::alone();
    let body = r#"{"lines": [{"product_id": "prod_1", "quantity": "two", "price": 1}, 5], "expected_total": {"amount": 1}, "discount": 1}"#;
    let answer = world.post("/v1/orders", &world.customer(), &[], body).await;
    insta::assert_json_snapshot!(answer.problem(422, "validation_failed"), @r#"
    {
      "code": "validation_failed",
      "detail": "6 things are wrong in the body; `errors` lists them",
      "errors": [
        {
          "code": "invalid_format",
          "field": "lines[0].product_id",
          "message": "an id like prod_<uuid> is expected"
        },
        {
          "code": "invalid_type",
          "field": "lines[0].quantity",
          "message": "a whole number is expected, not a string"
        },
        {
          "code": "unknown_field",
          "field": "lines[0].price",
          "message": "there is no such field"
        },
        {
          "code": "invalid_type",
          "field": "lines[1]",
          "message": "an object is expected, not a number"
        },
        {
          "code": "required",
          "field": "expected_total.currency",
          "message": "the field is required"
        },
        {
          "code": "unknown_field",
          "field": "discount",
          "message": "there is no such field"
        }
      ],
      "status": 422,
      "title": "Validation failed",
      "type": "/errors/validation_failed"
    }
    "#);
    let answer = world.post("/v1/products", &world.admin(), &[], "{}").await;
    let fields: Vec<_> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].clone())
        .collect();
    assert_eq!(fields, ["sku", "name", "price"]);
}

#[tokio::test]
async fn every_wrong_parameter_is_named() {
    let world = World::alone();
    let answer = world.get("/v1/products?limit=0&colour=red&min_price=x", &[]).await;
    insta::assert_json_snapshot!(answer.problem(400, "invalid_parameter"), @r#"
    {
      "code": "invalid_parameter",
      "detail": "3 things are wrong in the query; `errors` lists them",
      "errors": [
        {
          "code": "invalid_type",
          "field": "min_price",
          "message": "a whole number is expected"
        },
        {
          "code": "out_of_range",
          "field": "limit",
          "message": "a number from 1 to 200 is expected"
        },
        {
          "code": "unknown_parameter",
          "field": "colour",
          "message": "there is no such parameter here"
        }
      ],
      "status": 400,
      "title": "Invalid parameter",
      "type": "/errors/invalid_parameter"
    }
    "#);
    let token = world.admin();
    world
        .post("/v1/orders?dry_run=1", &token, &[], "{}")
        .await
        .problem(400, "invalid_parameter");
    world
        .get(&format!("/v1/products/{PRODUCT}?expand=1"), &[])
        .await
        .problem(400, "invalid_parameter");
}

#[tokio::test]
async fn what_cannot_be_an_id_is_not_found_without_asking() {
    let world = World::alone();
    for id in [
        "prod_1",
        "%00",
        "%ff",
        "ord_0198c0de-0000-7000-8000-000000000002",
        "..",
        "a%2Fb",
    ] {
        world
            .get(&format!("/v1/products/{id}"), &[])
            .await
            .problem(404, "product_not_found");
    }
    let token = world.admin();
    let answer = world.get("/v1/orders/1001", &[("authorization", &token)]).await;
    answer.problem(404, "order_not_found");
    world
        .get("/v1/streams/order/%00", &[("authorization", &token)])
        .await
        .problem(404, "stream_not_found");
}

#[tokio::test]
async fn headers_that_cannot_be_understood_are_refused() {
    let world = World::alone();
    let token = world.admin();
    let path = format!("/v1/products/{PRODUCT}/publish");
    let answer = world.post(&path, &token, &[("if-match", "7")], "").await;
    insta::assert_json_snapshot!(answer.problem(400, "invalid_header"), @r#"
    {
      "code": "invalid_header",
      "detail": "If-Match: up to 50 entity tags as an ETag gave them are expected, for example \"7\", or *",
      "errors": [
        {
          "code": "invalid_format",
          "field": "If-Match",
          "message": "up to 50 entity tags as an ETag gave them are expected, for example \"7\", or *"
        }
      ],
      "status": 400,
      "title": "Invalid header",
      "type": "/errors/invalid_header"
    }
    "#);
    world
        .post(&path, &token, &[("idempotency-key", "two words")], "")
        .await
        .problem(400, "invalid_header");
    for header in [
        ("consistency-wait", "soon"),
        ("consistency-wait", "99999"),
        ("consistency-stale", "yes"),
        ("consistency-token", "a b"),
    ] {
        world
            .get("/v1/products", &[header])
            .await
            .problem(400, "invalid_header");
    }
    let long = "x".repeat(40_000);
    world
        .get("/v1/products", &[("x-long", &long)])
        .await
        .problem(431, "headers_too_large");
}

/// Every operation of the API, with an id in the place of each parameter.
fn operations() -> Vec<(String, String)> {
    let description = serde_json::to_value(crate::openapi()).unwrap();
    let paths = description["paths"].as_object().unwrap().iter();
    let of_path = |(path, item): (&String, &Value)| {
        let address = path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part });
        let address = address.collect::<Vec<_>>().join("/");
        let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
        methods.map(|method| (method, address.clone())).collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused_on_every_route() {
    let world = World::alone();
    let token = world.admin();
    for (method, path) in operations() {
        let send = async |headers: &[(&str, &str)]| {
            let fixed = [("content-type", "application/json"), ("authorization", token.as_str())];
            world.send(&method, &path, &[&fixed, headers].concat(), "{}").await
        };
        for coding in ["gzip", "br", "identity, gzip"] {
            let answer = send(&[("content-encoding", coding)]).await;
            answer.problem(415, "unsupported_media_type");
            assert_eq!(answer.header("accept-encoding"), "identity", "{method} {path}");
        }
        send(&[("transfer-encoding", "gzip, chunked")])
            .await
            .problem(501, "transfer_coding_not_supported");
        for (name, shown) in [("authorization", "Authorization"), ("content-type", "Content-Type")] {
            let refused = send(&[(name, "application/json")]).await.problem(400, "invalid_header");
            assert_eq!(refused["errors"][0]["field"], shown, "{method} {path}");
        }
        for host in ["a b", "shop.example/x"] {
            send(&[("host", host)]).await.problem(400, "invalid_header");
        }
        send(&[("host", "a"), ("host", "a")])
            .await
            .problem(400, "invalid_header");
    }
}

#[tokio::test]
async fn json_is_utf8() {
    let world = World::alone();
    let token = world.admin();
    for charset in ["utf-16", "\"UTF-16\"", "latin1"] {
        let kind = format!("application/json; charset={charset}");
        let headers = [("content-type", kind.as_str()), ("authorization", &token)];
        world
            .send("POST", "/v1/orders", &headers, "{}")
            .await
            .problem(415, "unsupported_media_type");
    }
    let headers = [
        ("content-type", "application/json;charset=\"UTF-8\""),
        ("authorization", &token),
    ];
    world
        .send("POST", "/v1/orders", &headers, "{}")
        .await
        .problem(422, "validation_failed");
}

#[tokio::test]
async fn what_the_client_does_not_take_is_not_made() {
    let world = World::alone();
    let token = world.admin();
    let description = serde_json::to_value(crate::openapi()).unwrap();
    for (method, path) in operations().into_iter().filter(|(_, path)| path.starts_with("/v1/")) {
        let headers = [
            ("accept", "image/png, text/html;q=0.9"),
            ("authorization", token.as_str()),
        ];
        let answer = world.send(&method, &path, &headers, "{}").await;
        if answer.status == 406 {
            answer.problem(406, "not_acceptable");
        } else {
            // They answer with nothing.
            let own = ["/v1/auth/logout", "/v1/auth/logout-everywhere", "/v1/auth/password"];
            assert!(
                method == "DELETE" || own.contains(&path.as_str()),
                "{method} {path}: {answer:?}"
            );
        }
    }
    assert!(description["paths"]["/v1/orders"]["get"]["responses"]["406"].is_object());
    let answer = world.get("/v1/products", &[("accept", "text/csv")]).await;
    assert_eq!(
        answer.problem(406, "not_acceptable")["available"],
        serde_json::json!(["application/json"])
    );
}

#[tokio::test]
async fn a_report_is_answered_in_a_form_that_is_taken_or_not_at_all() {
    let world = World::alone();
    let token = world.admin();
    for path in ["/v1/reports/sales", "/v1/reports/sales/orders"] {
        for accept in ["text/html", "*/*;q=0", "image/*, application/json;q=0"] {
            let headers = [("accept", accept), ("authorization", token.as_str())];
            let refused = world
                .get(&format!("{path}?from=2011-01-01&to=2012-01-01"), &headers)
                .await;
            refused.problem(406, "not_acceptable");
        }
    }
}

#[tokio::test]
async fn a_flood_of_values_is_refused() {
    let world = World::alone();
    let token = [("authorization", world.admin())];
    let token = [(token[0].0, token[0].1.as_str())];
    for query in [
        "status=pending&".repeat(4000),
        format!("status={}", "pending,".repeat(8000)),
    ] {
        let refused = world.get(&format!("/v1/orders?{query}"), &token).await;
        let refused = refused.problem(400, "invalid_parameter");
        assert_eq!(refused["errors"].as_array().unwrap().len(), 1, "{refused}");
    }
}
