//! Health, metrics and documentation.

use std::path::Path;

use e2e::{System, product};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_readiness_and_metrics() {
    let system = System::start().await;
    let public = system.anonymous();
    let health = public.get("/healthz").await.ok(200);
    assert_eq!(health["status"], "ok");
    let ready = public.get("/readyz").await.ok(200);
    assert_eq!(ready["status"], "ready", "{ready:?}");
    let admin = system.admin().await;
    let _ = admin.post("/v1/products").json(product("MUG-1", 1)).await.ok(201);
    let _ = public.get("/v1/surely/not/there").await.ok(404);
    let metrics = public.get("/metrics").await.ok(200);
    assert!(
        metrics
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/plain")),
        "{metrics:?}"
    );
    let lines: Vec<&str> = metrics
        .text()
        .lines()
        .filter(|line| line.starts_with("http_request_duration_seconds"))
        .collect();
    let counted = |parts: &[&str]| lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(
        counted(&[
            "_count",
            r#"method="POST""#,
            r#"route="/v1/products""#,
            r#"status="201""#
        ]),
        "{lines:#?}"
    );
    assert!(
        !metrics.text().contains("surely"),
        "addresses that clients make up make no series"
    );
    let last = metrics.text();
    assert!(last.ends_with('\n'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_the_committed_one() {
    let system = System::start().await;
    let public = system.anonymous();
    let served = public.get("/openapi.json").await.ok(200);
    assert_eq!(served.header("content-type"), Some("application/json"));
    assert!(
        served["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3."))
    );
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let committed: Value =
        serde_json::from_str(&std::fs::read_to_string(committed).expect("docs/openapi.json is there: make generate"))
            .unwrap();
    assert!(
        *served.json() == committed,
        "docs/openapi.json is out of date: make generate"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_can_be_browsed() {
    let system = System::start().await;
    let public = system.anonymous();
    let mut page = public.get("/docs").try_send().await.unwrap();
    for _ in 0..3 {
        if let Some(next) = page.header("location") {
            let next = url::Url::parse(public.base())
                .unwrap()
                .join("/docs")
                .unwrap()
                .join(next)
                .unwrap();
            page = public.get(next.path()).await;
        }
    }
    let page = page.ok(200);
    assert!(
        page.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    assert!(page.text().contains("swagger-ui"), "{page:?}");
    let scripts: Vec<&str> = page
        .text()
        .split("src=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(!scripts.is_empty());
    let mut all = String::new();
    for script in scripts {
        let script = public
            .get(format!("/docs/{}", script.trim_start_matches("./")))
            .await
            .ok(200);
        all.push_str(script.text());
    }
    assert!(all.contains("/openapi.json"), "the page reads the description");
    let home = public.get("/").await.ok(200);
    assert!(home.text().contains("/docs"));
}
