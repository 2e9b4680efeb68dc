//! What is done to finished answers.

use proto::v1;

use super::*;

const LISTS: [&str; 12] = [
    "/v1/audit",
    "/v1/audit/checkpoints",
    "/v1/streams/order/x",
    "/v1/exports",
    "/v1/projections",
    "/v1/projections/parked",
    "/v1/search/rules",
    "/v1/search/settings",
    "/v1/stock",
    "/v1/users",
    "/v1/reports/sales?from=2011-01-01&to=2012-01-01",
    "/v1/reports/sales/orders?from=2011-01-01&to=2012-01-01",
];

fn with(path: &str, parameter: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}{parameter}")
}

/// One whose services have nothing in their lists.
fn empty() -> World {
    World::new(|call| match call.method.as_str() {
        "ListUsers" => ok(&v1::ListUsersReply {
            users: vec![v1::User {
                id: ADMIN.to_owned(),
                email: "ann@example.com".to_owned(),
                ..v1::User::default()
            }],
            ..v1::ListUsersReply::default()
        }),
        "ReadStream" => ok(&v1::ReadStreamReply {
            events: vec![v1::RecordedEvent::default()],
            ..v1::ReadStreamReply::default()
        }),
        "Export" => ok(&v1::FileChunk {
            head: Some(v1::FileHead {
                name: "orders.jsonl".to_owned(),
                media_type: "application/jsonl".to_owned(),
                ..v1::FileHead::default()
            }),
            data: b"{}\n{}\n".to_vec(),
        }),
        _ => Ok(Vec::new()),
    })
}

#[tokio::test]
async fn a_file_is_not_answered_in_parts() {
    let world = empty();
    let token = world.admin();
    for path in &LISTS[10..] {
        for (path, accept) in [
            (with(path, "fields=currency&format=jsonl"), "*/*"),
            (with(path, "fields=currency"), "application/jsonl"),
        ] {
            let path = path.replace(
                "fields=currency",
                if path.contains("orders") {
                    "fields=currency"
                } else {
                    "fields=rows"
                },
            );
            let answer = world.get(&path, &[("authorization", &token), ("accept", accept)]).await;
            let problem = answer.problem(400, "invalid_parameter");
            assert_eq!(
                (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
                (&"fields".into(), &"not_supported".into())
            );
        }
        let whole = world
            .get(&with(path, "fields=&format=jsonl"), &[("authorization", &token)])
            .await;
        assert_eq!((whole.status, whole.text.as_str()), (StatusCode::OK, "{}\n{}\n"));
    }
}

#[tokio::test]
async fn what_can_be_chosen_is_told_to_those_alone_who_may_read_it() {
    let world = empty();
    let (admin, customer) = (world.admin(), world.customer());
    for path in LISTS {
        for wrong in ["fields=nope", "expand=nope", "%66ields=nope"] {
            let path = with(path, wrong);
            world.get(&path, &[]).await.problem(401, "unauthenticated");
            let answer = world.get(&path, &[("authorization", &customer)]).await;
            answer.problem(403, "forbidden");
            let answer = world.get(&path, &[("authorization", &admin)]).await;
            let problem = answer.problem(400, "invalid_parameter");
            assert_eq!(problem["errors"][0]["code"], "unknown", "{path}");
            assert!(world.calls().is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn every_read_checks_how_fresh_it_is_to_be() {
    let world = empty();
    let token = world.admin();
    for path in LISTS
        .into_iter()
        .chain(["/v1/me", "/v1/audit/key", "/v1/audit/checkpoints/latest"])
    {
        for (name, value) in [
            ("consistency-token", "garbage"),
            ("consistency-wait", "x"),
            ("consistency-stale", "x"),
        ] {
            let answer = world.get(path, &[("authorization", &token), (name, value)]).await;
            answer.problem(400, "invalid_header");
        }
    }
}

#[tokio::test]
async fn an_old_user_is_marked_as_stale() {
    let world = World::new(|_| {
        ok(&v1::GetUserReply {
            user: Some(v1::User::default()),
            freshness: Some(v1::Freshness { stale: true }),
        })
    });
    let token = world.admin();
    for path in ["/v1/me".to_owned(), format!("/v1/users/{ADMIN}")] {
        let answer = world.get(&path, &[("authorization", &token)]).await;
        assert_eq!(
            (answer.status, answer.header("consistency-stale")),
            (StatusCode::OK, "true"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_choice_of_nothing_changes_nothing() {
    let world = empty();
    let token = world.admin();
    let headers = [("authorization", token.as_str())];
    for path in LISTS {
        let plain = world.get(path, &headers).await;
        assert_eq!(plain.status, 200, "{path}: {plain:?}");
        for nothing in ["fields=", "expand=", "fields=&expand="] {
            let answer = world.get(&with(path, nothing), &headers).await;
            assert_eq!(
                (&answer.text, answer.header("etag")),
                (&plain.text, plain.header("etag")),
                "{path}"
            );
        }
    }
    world
        .get("/v1/users?fields=&fields=", &headers)
        .await
        .problem(400, "invalid_parameter");
}

#[tokio::test]
async fn head_answers_with_the_headers_of_get() {
    let world = empty();
    let token = world.admin();
    let headers = [("authorization", token.as_str())];
    for path in LISTS.into_iter().chain(["/v1/users?fields=email", "/v1/audit?expand="]) {
        let get = world.get(path, &headers).await;
        let head = world.send("HEAD", path, &headers, "").await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""), "{path}");
        let tag = get.header("etag");
        assert!(!tag.is_empty(), "{path}: {get:?}");
        assert_eq!(head.header("etag"), tag, "{path}");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
        for known in [tag, "*"] {
            let headers = [headers[0], ("if-none-match", known)];
            let answer = world.send("HEAD", path, &headers, "").await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn who_accepts_no_coding_gets_none() {
    let world = empty();
    let token = world.admin();
    for accept in ["identity;q=0", "*;q=0", "gzip;q=0, * ; q=0.000", "Identity;Q=0.0"] {
        let answer = world
            .get("/v1/users", &[("authorization", &token), ("accept-encoding", accept)])
            .await;
        assert_eq!(answer.status, 200, "{accept}");
        assert_eq!(answer.header("content-encoding"), "", "{accept}");
        assert_eq!(answer.json()["items"][0]["email"], "ann@example.com");
    }
    let long = World::new(|_| {
        ok(&v1::ListUsersReply {
            users: vec![v1::User::default(); 20],
            ..v1::ListUsersReply::default()
        })
    });
    let token = long.admin();
    let headers = [
        ("authorization", token.as_str()),
        ("accept-encoding", "identity;q=0, gzip"),
    ];
    assert_eq!(long.get("/v1/users", &headers).await.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn read_models_are_few_and_come_on_one_page() {
    let status = |name: &str, active, lag_events| v1::ProjectionStatus {
        name: name.to_owned(),
        active,
        lag_events,
        ..v1::ProjectionStatus::default()
    };
    let world = World::new(move |_| {
        ok(&v1::ListProjectionsReply {
            projections: vec![
                status("sales", true, 7),
                status("orders", true, 0),
                status("audit", false, 9),
            ],
        })
    });
    let token = world.admin();
    for (query, expected) in [
        ("", vec!["audit", "orders", "sales"]),
        ("?fields=name&sort=-name", vec!["sales", "orders", "audit"]),
        ("?fields=name&sort=-lag_events", vec!["audit", "sales", "orders"]),
        ("?state=active&sort=lag_seconds", vec!["sales", "orders"]),
        ("?state=building", vec!["audit"]),
    ] {
        let path = format!("/v1/projections{query}");
        let answer = world.get(&path, &[("authorization", &token)]).await.json();
        let names: Vec<_> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{query}");
    }
}

#[tokio::test]
async fn what_an_id_names_is_put_in_wherever_it_stands() {
    let product = |id: &str| v1::Product {
        id: id.to_owned(),
        sku: "MUG-1".to_owned(),
        ..v1::Product::default()
    };
    let world = World::new(move |call| match call.method.as_str() {
        "ListSearchRules" => ok(&v1::ListSearchRulesReply {
            rules: vec![v1::SearchRule {
                pinned: vec![PRODUCT.to_owned(), "prod_gone".to_owned()],
                ..v1::SearchRule::default()
            }],
            ..v1::ListSearchRulesReply::default()
        }),
        "ListParked" => ok(&v1::ListParkedReply {
            events: vec![
                v1::ParkedEvent::default(),
                v1::ParkedEvent {
                    skip: Some(v1::Skip {
                        actor: ADMIN.to_owned(),
                        ..v1::Skip::default()
                    }),
                    ..v1::ParkedEvent::default()
                },
            ],
            ..v1::ListParkedReply::default()
        }),
        "ListEvents" => ok(&v1::ListEventsReply {
            events: vec![v1::RecordedEvent {
                actor: ADMIN.to_owned(),
                payload: r#"{"OrderPlaced":{"total":5,"lines":[{"sku":"A","quantity":1}]}}"#.to_owned(),
                ..v1::RecordedEvent::default()
            }],
            ..v1::ListEventsReply::default()
        }),
        "GetProducts" => ok(&v1::GetProductsReply {
            products: vec![product(PRODUCT)],
            ..v1::GetProductsReply::default()
        }),
        "GetUsers" => ok(&v1::GetUsersReply {
            users: vec![v1::User {
                id: ADMIN.to_owned(),
                email: "ann@example.com".to_owned(),
                ..v1::User::default()
            }],
            ..v1::GetUsersReply::default()
        }),
        other => panic!("{other}"),
    });
    let token = world.admin();
    for (path, expected) in [
        (
            "/v1/search/rules?expand=pinned,hidden&fields=pinned.sku,hidden",
            r#"[{"hidden":[],"pinned":[{"sku":"MUG-1"},null]}]"#,
        ),
        (
            "/v1/projections/parked?expand=skip.user&fields=skip.user.email",
            r#"[{"skip":null},{"skip":{"user":{"email":"ann@example.com"}}}]"#,
        ),
        (
            "/v1/audit?expand=metadata.user&fields=metadata.user.email,payload.OrderPlaced.lines.sku",
            r#"[{"metadata":{"user":{"email":"ann@example.com"}},"payload":{"OrderPlaced":{"lines":[{"sku":"A"}]}}}]"#,
        ),
    ] {
        let answer = world.get(path, &[("authorization", &token)]).await.json();
        assert_eq!(answer["items"].to_string(), expected, "{path}");
    }
}

#[tokio::test]
async fn filters_and_sorts_reach_the_services() {
    let world = empty();
    let token = world.admin();
    let headers = [("authorization", token.as_str())];
    let last = |world: &World| world.calls().last().unwrap().clone();
    let answer = world
        .get(
            "/v1/streams/order/x?type=OrderPlaced,OrderCancelled&sort=-sequence",
            &headers,
        )
        .await;
    assert_eq!(answer.status, 200);
    let asked: v1::ReadStreamRequest = last(&world).decode();
    assert_eq!(asked.event_types, ["OrderPlaced", "OrderCancelled"]);
    assert_eq!(asked.sort, "-sequence");
    world
        .get("/v1/audit/checkpoints?from=1970-01-02&sort=number", &headers)
        .await;
    let asked: v1::ListCheckpointsRequest = last(&world).decode();
    assert_eq!(asked.made.unwrap().from_micros, Some(86_400_000_000));
    assert_eq!(asked.sort, "number");
    world
        .get(&format!("/v1/search/rules?product={PRODUCT}"), &headers)
        .await;
    let asked: v1::ListSearchRulesRequest = last(&world).decode();
    assert_eq!(asked.product_id, PRODUCT);
    world.get("/v1/projections/parked?sort=-parked_at", &headers).await;
    let asked: v1::ListParkedRequest = last(&world).decode();
    assert_eq!(asked.sort, "-parked_at");
}
