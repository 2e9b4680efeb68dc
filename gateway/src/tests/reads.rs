//! Reads and what the services answer.

use proto::{failure::FailureKind, v1};

use super::*;

fn page() -> v1::ListProductsReply {
    v1::ListProductsReply {
        products: vec![v1::Product {
            id: PRODUCT.to_owned(),
            ..v1::Product::default()
        }],
        page: Some(v1::PageInfo {
            next_cursor: "n=1".to_owned(),
            prev_cursor: String::new(),
        }),
        freshness: Some(v1::Freshness { stale: true }),
    }
}

#[tokio::test]
async fn a_list_has_items_cursors_and_links() {
    let world = World::new(|_| ok(&page()));
    let answer = world
        .get(
            "/v1/products?category=kitchen&min_price=1&currency=GBP&attr.colour=red&in_stock=true&sort=-price&limit=1",
            &[
                ("consistency-token", "1.2-3.4"),
                ("consistency-wait", "500"),
                ("consistency-stale", "allow"),
            ],
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["items"][0]["id"], PRODUCT);
    assert_eq!(
        (&answer.json()["next_cursor"], &answer.json()["prev_cursor"]),
        (&"n=1".into(), &Value::Null)
    );
    assert_eq!(
        answer.header("link"),
        "</v1/products?category=kitchen&min_price=1&currency=GBP&attr.colour=red&in_stock=true&sort=-price&limit=1&cursor=n%3D1>; rel=\"next\", \
         </v1/products?category=kitchen&min_price=1&currency=GBP&attr.colour=red&in_stock=true&sort=-price&limit=1>; rel=\"first\""
    );
    assert_eq!(answer.header("consistency-stale"), "true");
    let call = world.only_call();
    assert!(call.headers.contains_key("grpc-timeout"));
    let request: v1::ListProductsRequest = call.decode();
    let context = v1::ReadContext {
        consistency_token: "1.2-3.4".to_owned(),
        wait_ms: 500,
        allow_stale: true,
    };
    assert_eq!(request.context, Some(context));
    assert_eq!(
        (request.categories, request.in_stock, request.include_hidden),
        (vec!["kitchen".to_owned()], Some(true), false)
    );
    let red = v1::AttributeFilter {
        key: "colour".to_owned(),
        values: vec!["red".to_owned()],
    };
    assert_eq!(request.any_of, [red]);
    assert_eq!(answer.json()["answered_by"], "database");
    assert_eq!(
        request.price,
        Some(v1::AmountRange {
            min: Some(1),
            max: None
        })
    );
}

fn red_mugs() -> v1::SearchProductsReply {
    let hit = v1::SearchHit {
        product: Some(v1::Product {
            id: PRODUCT.to_owned(),
            ..v1::Product::default()
        }),
        name: "Red <mark>mug</mark>".to_owned(),
        snippet: String::new(),
    };
    v1::SearchProductsReply {
        hits: vec![hit],
        total: Some(7),
        facets: vec![v1::ValueFacet {
            name: "attr.colour".to_owned(),
            values: vec![v1::ValueCount {
                value: "red".to_owned(),
                count: 7,
            }],
        }],
        prices: vec![v1::PriceFacet {
            currency: "GBP".to_owned(),
            min: 100,
            max: 300,
            average: 200,
            count: 7,
        }],
        has_prices: true,
        correction: "red".to_owned(),
        by_search: true,
        ..v1::SearchProductsReply::default()
    }
}

#[tokio::test]
async fn a_search_has_facets_highlights_and_who_answered() {
    let world = World::new(|_| ok(&red_mugs()));
    let path = "/v1/products?q=red+mug&facets=price,attr.colour&highlight=true&attr.size=S&attr.size=M";
    let answer = world.get(path, &[]).await;
    insta::assert_json_snapshot!(answer.json(), { ".items[0].created_at" => "", ".items[0].updated_at" => "" }, @r#"
    {
      "answered_by": "search",
      "correction": "red",
      "facets": {
        "attr.colour": [
          {
            "count": 7,
            "value": "red"
          }
        ],
        "price": [
          {
            "average": {
              "amount": 200,
              "currency": "GBP"
            },
            "count": 7,
            "currency": "GBP",
            "max": {
              "amount": 300,
              "currency": "GBP"
            },
            "min": {
              "amount": 100,
              "currency": "GBP"
            }
          }
        ]
      },
      "items": [
        {
          "attributes": {},
          "category": "",
          "created_at": "",
          "description": "",
          "highlight": {
            "name": "Red <mark>mug</mark>"
          },
          "id": "prod_0198c0de-0000-7000-8000-000000000001",
          "name": "",
          "price": null,
          "sku": "",
          "status": "draft",
          "stock": {
            "available": 0,
            "on_hand": 0,
            "reserved": 0
          },
          "updated_at": "",
          "version": 0
        }
      ],
      "next_cursor": null,
      "prev_cursor": null,
      "total": 7
    }
    "#);
    assert_eq!(answer.header("search-degraded"), "");
    let request: v1::SearchProductsRequest = world.only_call().decode();
    assert_eq!(
        (request.facets.as_slice(), request.highlight),
        (&["attr.colour".to_owned(), "price".to_owned()][..], true)
    );
    let list = request.list.unwrap();
    assert_eq!(list.search, "red mug");
    assert_eq!(list.any_of[0].values, ["S", "M"]);
}

#[tokio::test]
async fn a_degraded_search_says_so() {
    let reply = v1::SearchProductsReply {
        degraded: true,
        ..v1::SearchProductsReply::default()
    };
    let world = World::new(move |_| ok(&reply));
    for path in ["/v1/products?q=mug", "/v1/products/suggest?q=mug"] {
        let answer = world.get(path, &[]).await;
        assert_eq!(answer.header("search-degraded"), "true");
        assert_eq!(answer.json()["answered_by"], "database");
    }
}

#[tokio::test]
async fn administrators_see_hidden_products() {
    let world = World::new(|_| ok(&page()));
    let token = world.admin();
    world
        .get(
            "/v1/products?status=draft,archived&deleted=true",
            &[("authorization", &token)],
        )
        .await;
    let request: v1::ListProductsRequest = world.only_call().decode();
    assert_eq!(
        (request.statuses, request.include_hidden, request.deleted),
        (vec![1, 3], true, true)
    );
}

#[tokio::test]
async fn customers_ask_only_for_their_own_orders() {
    let world = World::new(|call| match call.method.as_str() {
        "ListOrders" => ok(&v1::ListOrdersReply::default()),
        _ => ok(&v1::GetOrderReply {
            order: Some(v1::Order {
                customer_id: "usr_of_somebody_else".to_owned(),
                ..v1::Order::default()
            }),
            ..v1::GetOrderReply::default()
        }),
    });
    for (token, expected, status) in [(world.customer(), CUSTOMER, 404), (world.admin(), "", 200)] {
        let answer = world
            .get(&format!("/v1/orders/{ORDER}"), &[("authorization", &token)])
            .await;
        assert_eq!(answer.status, status, "{answer:?}");
        world
            .get(
                "/v1/orders?from=2011-01-01&max_total=5&currency=GBP",
                &[("authorization", &token)],
            )
            .await;
        let request: v1::ListOrdersRequest = world.calls().last().unwrap().decode();
        assert_eq!(request.customer_id, expected);
        assert_eq!(request.placed.unwrap().from_micros, Some(1_293_840_000_000_000));
    }
}

#[tokio::test]
async fn failures_of_reads_are_problems() {
    for (kind, code, status, answered) in [
        (FailureKind::NotFound, "not_found", 404, "product_not_found"),
        (FailureKind::Timeout, "read_model_behind", 504, "read_model_behind"),
        (FailureKind::Unavailable, "unavailable", 503, "unavailable"),
        (FailureKind::Overloaded, "overloaded", 503, "overloaded"),
        (FailureKind::Invalid, "invalid_cursor", 400, "invalid_cursor"),
        (FailureKind::Internal, "internal", 500, "internal"),
    ] {
        let world = World::new(move |_| Err(Failure::new(kind, code, "why")));
        let path = match code {
            "invalid_cursor" => "/v1/products".to_owned(),
            _ => format!("/v1/products/{PRODUCT}"),
        };
        let answer = world.get(&path, &[]).await;
        answer.problem(status, answered);
        assert_eq!(answer.header("retry-after").is_empty(), status != 503, "{kind:?}");
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_is_unavailable() {
    let keys = proto::statement::Keys::insecure(Arc::new(|| now().timestamp_micros()));
    let router = config(Transport::remote("http://127.0.0.1:1", keys, None).unwrap())
        .build()
        .unwrap()
        .router;
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let answer = send(&router, get("/v1/products")).await;
    insta::assert_json_snapshot!(answer.problem(503, "unavailable"), @r#"
    {
      "code": "unavailable",
      "detail": "a part of the system does not answer; try again shortly",
      "errors": [],
      "status": 503,
      "title": "Unavailable",
      "type": "/errors/unavailable"
    }
    "#);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(send(&router, get("/healthz")).await.json()["status"], "ok");
    let answer = send(&router, get("/readyz")).await;
    insta::assert_json_snapshot!(answer.problem(503, "not_ready"), @r#"
    {
      "checks": {
        "books": "degraded",
        "command": "failing: does not answer",
        "database": "ok",
        "query": "failing: does not answer",
        "read_models": "degraded",
        "seal": "unknown",
        "search": "degraded"
      },
      "code": "not_ready",
      "detail": "a part of the system is not ready; `not_ready` lists what",
      "errors": [],
      "not_ready": [
        {
          "part": "command",
          "reason": "does not answer"
        },
        {
          "part": "query",
          "reason": "does not answer"
        }
      ],
      "status": 503,
      "title": "Not ready",
      "type": "/errors/not_ready"
    }
    "#);
}

/// Name, whether it serves reads, seconds behind.
fn standing(models: &[(&str, bool, f64)]) -> v1::ListProjectionsReply {
    let status = |(name, active, lag_seconds): &(&str, bool, f64)| v1::ProjectionStatus {
        name: (*name).to_owned(),
        active: *active,
        lag_seconds: *lag_seconds,
        ..v1::ProjectionStatus::default()
    };
    v1::ListProjectionsReply {
        projections: models.iter().map(status).collect(),
    }
}

#[tokio::test]
async fn ready_means_that_both_services_answer() {
    let world = World::new(|call| match call.method.as_str() {
        "Check" => Ok(vec![8, 1]),
        "GetSearchStatus" => ok(&v1::GetSearchStatusReply {
            up: true,
            ..v1::GetSearchStatusReply::default()
        }),
        "ListProjections" => ok(&standing(&[("orders", true, 29.0), ("sales", false, 500.0)])),
        "GetBooks" => ok(&v1::GetBooksReply::default()),
        _ => Err(Failure::new(
            FailureKind::NotFound,
            "not_found",
            "there is no such user",
        )),
    });
    let answer = world.get("/readyz", &[]).await;
    assert_eq!(
        answer.text,
        r#"{"status":"ready","checks":{"books":"ok","command":"ok","database":"ok","query":"ok","read_models":"ok","seal":"unknown","search":"ok"}}"#
    );
    let world = World::new(|call| match call.method.as_str() {
        "Check" => Ok(vec![8, 1]),
        "GetSearchStatus" => ok(&v1::GetSearchStatusReply::default()),
        "ListProjections" => ok(&standing(&[("orders", true, 0.0), ("audit", true, 601.7)])),
        "GetBooks" => ok(&v1::GetBooksReply {
            orders_without_stock: 34,
            lag_seconds: 300.2,
            ..v1::GetBooksReply::default()
        }),
        _ => Err(Failure::new(FailureKind::NotFound, "not_found", "")),
    });
    let answer = world.get("/readyz", &[]).await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (StatusCode::OK, &"ready".into())
    );
    assert_eq!(answer.json()["checks"]["search"], "degraded");
    assert_eq!(answer.json()["degraded"][0]["part"], "search");
    assert_eq!(
        (
            &answer.json()["checks"]["read_models"],
            &answer.json()["degraded"][1]["reason"]
        ),
        (&"degraded".into(), &"audit is 602 s behind".into())
    );
    assert_eq!(
        (&answer.json()["checks"]["books"], &answer.json()["degraded"][2]),
        (
            &"degraded".into(),
            &serde_json::json!({
                "part": "books",
                "reason": "34 orders do not hold the stock that they should, the last 300 s have not been checked",
            })
        )
    );
    let world = World::new(|_| Ok(vec![8, 2]));
    world.get("/readyz", &[]).await.problem(503, "not_ready");
}

#[tokio::test]
async fn a_report_is_json_or_a_file() {
    let row = v1::SalesRow {
        period: "2011-01-01".to_owned(),
        label: "+44".to_owned(),
        currency: "GBP".to_owned(),
        net: -5,
        ..v1::SalesRow::default()
    };
    let world = World::new(move |call| match call.method.as_str() {
        "Export" => ok(&v1::FileChunk {
            head: Some(v1::FileHead {
                name: "sales.csv".to_owned(),
                media_type: "text/csv".to_owned(),
                ..v1::FileHead::default()
            }),
            data: b"period\r\n".to_vec(),
        }),
        _ => ok(&v1::SalesReply {
            rows: vec![row.clone()],
            ..v1::SalesReply::default()
        }),
    });
    let token = world.admin();
    let path = "/v1/reports/sales?interval=week&from=2011-01-01&to=2012-01-01&tz=Europe/London&group_by=country";
    let json = world.get(path, &[("authorization", &token)]).await.json();
    assert_eq!(
        (&json["time_zone"], &json["rows"][0]["net"]["amount"]),
        (&"Europe/London".into(), &(-5).into())
    );
    let request: v1::SalesRequest = world.only_call().decode();
    assert_eq!(
        (request.interval(), request.group_by()),
        (v1::SalesInterval::Week, v1::SalesGroup::Country)
    );
    for (path, accept) in [(path.to_owned(), "text/csv"), (format!("{path}&format=csv"), "*/*")] {
        let answer = world.get(&path, &[("authorization", &token), ("accept", accept)]).await;
        assert_eq!(answer.header("content-type"), "text/csv");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"sales.csv\""
        );
        assert_eq!(answer.text, "period\r\n");
    }
}

#[tokio::test]
async fn a_stream_without_events_does_not_exist() {
    let world = World::new(|_| ok(&v1::ReadStreamReply::default()));
    let token = world.admin();
    world
        .get("/v1/streams/order/ord_1", &[("authorization", &token)])
        .await
        .problem(404, "stream_not_found");
    assert_eq!(
        world
            .get("/v1/streams/order/ord_1?cursor=x", &[("authorization", &token)])
            .await
            .status,
        200
    );
}
