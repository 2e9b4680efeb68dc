//! What holds for every request.

use std::time::Duration;

use axum::routing::{get, post};

use super::*;
use crate::{endpoint::Endpoint, json::Nothing, routes::only};

#[tokio::test]
async fn ids_are_taken_over_when_sane_and_made_when_not() {
    let world = World::alone();
    let answer = world
        .get("/healthz", &[("x-request-id", "req:1/é".trim_end_matches('é'))])
        .await;
    assert_eq!(answer.header("x-request-id"), "req:1/");
    let correlation = "0198c0de-0000-7000-8000-0000000000ff";
    let answer = world.get("/nowhere", &[("x-correlation-id", correlation)]).await;
    assert_eq!(answer.header("x-correlation-id"), correlation);
    for wrong in [
        String::new(),
        "x".repeat(129),
        "two words".to_owned(),
        "tab\tbed".to_owned(),
    ] {
        let answer = world
            .get("/healthz", &[("x-request-id", &wrong), ("x-correlation-id", &wrong)])
            .await;
        for name in ["x-request-id", "x-correlation-id"] {
            assert!(Uuid::try_parse(answer.header(name)).is_ok(), "{name}: {wrong}");
        }
    }
    assert_eq!(
        world
            .get("/healthz", &[("x-request-id", &"x".repeat(128))])
            .await
            .header("x-request-id"),
        "x".repeat(128)
    );
}

#[tokio::test]
async fn a_panic_is_a_problem_that_says_nothing() {
    let world = World::alone();
    let broken = async || -> &'static str { panic!("the secret is 42") };
    let router = only(
        vec![Endpoint::page().at(Method::GET, "/broken", get(broken))],
        &world.app,
    );
    let answer = send(&router, Request::get("/broken").body(Body::empty()).unwrap()).await;
    insta::assert_json_snapshot!(answer.problem(500, "internal"), @r#"
    {
      "code": "internal",
      "detail": "the request failed inside the system; the request id finds it in the logs",
      "errors": [],
      "status": 500,
      "title": "Internal",
      "type": "/errors/internal"
    }
    "#);
    assert!(!answer.text.contains("42"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_given_up() {
    let world = World::alone();
    let slow = async || tokio::time::sleep(Duration::from_hours(1)).await;
    let endpoints = vec![
        Endpoint::page().at(Method::GET, "/slow", get(slow)),
        Endpoint::page().long().at(Method::GET, "/longer", get(slow)),
    ];
    let router = only(endpoints, &world.app);
    for (path, limit) in [("/slow", 10), ("/longer", 60)] {
        let started = tokio::time::Instant::now();
        let answer = send(&router, Request::get(path).body(Body::empty()).unwrap()).await;
        answer.problem(504, "timeout");
        assert_eq!(started.elapsed().as_secs(), limit);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let world = World::alone();
    let form = post(async |_: crate::body::Form<Nothing>| ());
    let router = only(vec![Endpoint::login().at(Method::POST, "/form", form)], &world.app);
    let never = Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
    send(&router, Request::post("/form").body(never).unwrap())
        .await
        .problem(408, "request_timeout");
}

#[tokio::test]
async fn refusals_of_the_libraries_get_the_shape_too() {
    let world = World::alone();
    let teapot = async || (StatusCode::IM_A_TEAPOT, "short and stout");
    let torn = async || (StatusCode::BAD_GATEWAY, "10.0.0.3 is down");
    let endpoints = vec![
        Endpoint::page().at(Method::GET, "/teapot", get(teapot)),
        Endpoint::page().at(Method::GET, "/torn", get(torn)),
    ];
    let router = only(endpoints, &world.app);
    send(&router, Request::get("/teapot").body(Body::empty()).unwrap())
        .await
        .problem(418, "bad_request");
    let answer = send(&router, Request::get("/torn").body(Body::empty()).unwrap()).await;
    answer.problem(500, "internal");
    assert!(!answer.text.contains("10.0.0.3"));
}

/// In builds without debug assertions the answer goes out as it is.
#[tokio::test]
#[should_panic(expected = "an endpoint does not say that it may answer")]
async fn a_code_that_an_endpoint_does_not_name_breaks_its_test() {
    let world = World::new(|_| {
        Err(Failure::new(
            proto::failure::FailureKind::Conflict,
            "sku_taken",
            "reads take no SKU",
        ))
    });
    world.get("/v1/products", &[]).await;
}

#[tokio::test]
async fn types_of_problems_are_absolute_where_the_base_is_known() {
    let world = World::with(
        |call| panic!("nobody should ask {call:?}"),
        |config| config.public_base_url = Some("https://shop.example/".to_owned()),
    );
    let answer = world.get("/nowhere", &[]).await;
    assert_eq!(answer.json()["type"], "https://shop.example/errors/not_found");
}

#[tokio::test]
async fn every_request_has_a_line_in_the_log() {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let lines = Lines::default();
    let written = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(move || lines.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::alone();
    let token = world.admin();
    world
        .get(
            "/v1/products/prod_1?q=ann@shop.example",
            &[("authorization", &token), ("x-request-id", "r-1")],
        )
        .await;
    world.get("/v1/me", &[("authorization", "Bearer nonsense")]).await;
    let email = "/v1/streams/email/ann%40shop.example";
    let answer = world.get(email, &[("x-request-id", "ann@shop.example")]).await;
    Uuid::try_parse(answer.header("x-request-id")).expect("an id of our own");
    world.get("/v1/streams/ann@shop.example/1", &[]).await;
    world.get("/healthz", &[]).await;
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [found, refused, encoded, plain] = entries.as_slice() else {
        panic!("{text}")
    };
    for (entry, path, caller, status) in [
        (found, "/v1/products/prod_1", ADMIN, 404),
        (refused, "/v1/me", "refused", 401),
        (encoded, "/v1/streams/email/...", "anonymous", 401),
        (plain, "/v1/streams/.../1", "anonymous", 401),
    ] {
        assert_eq!(
            (&entry["level"], &entry["path"], &entry["caller"], &entry["status"]),
            (&"INFO".into(), &path.into(), &caller.into(), &status.into())
        );
        let duration: f64 = entry["duration_ms"].to_string().trim_matches('"').parse().unwrap();
        assert!(duration >= 0.0);
    }
    assert_eq!(
        (&found["span"]["id"], &found["span"]["method"]),
        (&"r-1".into(), &"GET".into())
    );
    assert!(!text.contains("ann") && !text.contains("nonsense"), "{text}");
}
