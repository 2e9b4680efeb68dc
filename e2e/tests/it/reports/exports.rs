//! Files that are made in the background.

use e2e::{Answer, Client, System};
use serde_json::{Value, json};

use super::sales::shop_with_history;

async fn finished(admin: &Client, id: &str) -> Answer {
    e2e::wait_until("the export to end", e2e::PATIENCE, || {
        let request = admin.get(format!("/v1/exports/{id}"));
        async move {
            let export = request.await.ok(200);
            let open = ["queued", "running"].contains(&export["status"].as_str().unwrap());
            (!open).then_some(export)
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_made_fetched_in_parts_and_removed() {
    let (_system, admin, _, everything) = shop_with_history().await;
    let params = json!({"from": "2024-03-01", "to": "2024-05-01", "tz": "Europe/London", "currency": "GBP"});
    let now = admin
        .get("/v1/reports/sales/orders?from=2024-03-01&to=2024-05-01&tz=Europe/London&currency=GBP&format=csv")
        .after(&everything)
        .await
        .ok(200);
    let body = json!({"report": "sales_orders", "params": params, "format": "csv"});
    let started = admin.post("/v1/exports").key("once").json(body.clone()).await.ok(202);
    let id = started.id().to_owned();
    assert_eq!(started.header("location"), Some(&*format!("/v1/exports/{id}")));
    let again = admin.post("/v1/exports").key("once").json(body.clone()).await.ok(202);
    assert_eq!((again.id(), again.header("idempotent-replayed")), (&*id, Some("true")));
    let other = json!({"report": "sales_orders", "params": params, "format": "pdf"});
    let _ = admin
        .post("/v1/exports")
        .key("once")
        .json(other)
        .await
        .refused(422, "idempotency_key_reused");

    let export = finished(&admin, &id).await;
    assert_eq!(
        (export["status"].as_str(), export["progress"]["percent"].as_i64()),
        (Some("done"), Some(100))
    );
    let rows = now.text().lines().count() - 1;
    assert_eq!(export["progress"]["rows"], rows);
    assert_eq!(export["request"]["report"], "sales_orders");
    let path = export["file"]["url"].as_str().unwrap().to_owned();
    let file = admin.get(&path).await.ok(200);
    assert_eq!(file.text(), now.text(), "the same as at once");
    assert_eq!(export["file"]["size"], file.bytes().len());

    let part = admin.get(&path).header("range", "bytes=3-9").await.ok(206);
    assert_eq!(part.bytes(), &file.bytes()[3..10]);
    let size = file.bytes().len();
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 3-9/{size}")));
    let tag = file.header("etag").unwrap();
    let again = admin.get(&path).header("range", "bytes=3-9").header("if-range", tag);
    assert_eq!(again.await.ok(206).bytes(), part.bytes());
    let other = admin
        .get(&path)
        .header("range", "bytes=3-9")
        .header("if-range", "\"x\"");
    assert_eq!(other.await.ok(200).bytes(), file.bytes());
    let end = admin.get(&path).header("range", "bytes=-5").await.ok(206);
    assert_eq!(end.bytes(), &file.bytes()[size - 5..]);
    let _ = admin
        .get(&path)
        .header("range", format!("bytes={size}-"))
        .await
        .refused(416, "range_not_satisfiable");
    let head = admin.request(http::Method::HEAD, &path).await.ok(200);
    assert_eq!(head.header("content-length"), Some(&*size.to_string()));

    let _ = admin.post("/v1/exports").json(body).await.ok(202);
    let list = admin.get("/v1/exports?limit=1").await.ok(200);
    assert_eq!(list.items().len(), 1);
    let next = list["next_cursor"].as_str().unwrap();
    assert_eq!(
        admin
            .get(format!("/v1/exports?limit=1&cursor={next}"))
            .await
            .ok(200)
            .items()[0]["id"],
        *id
    );

    let list = async |query: &str| admin.get(format!("/v1/exports?{query}")).await;
    let oldest = list("sort=created_at&expand=creator").await.ok(200);
    assert_eq!(oldest.items()[0]["id"], *id);
    assert_eq!(oldest.items()[0]["creator"]["email"], "admin@shop.example");
    let is_listed = |list: Answer| list.ok(200).each("id").contains(&&*id);
    assert!(is_listed(list("status=done,failed").await));
    assert!(!is_listed(list("status=queued,running,cancelled").await));
    assert!(is_listed(list(&format!("created_by={}", admin.user_id())).await));
    assert!(!is_listed(
        list("created_by=usr_0198c0de-0000-7000-8000-000000000001").await
    ));
    let _ = list("status=odd&sort=size").await.refused_for(
        400,
        "invalid_parameter",
        &[("status", "unknown"), ("sort", "unknown")],
    );

    let _ = admin.delete(format!("/v1/exports/{id}")).await.ok(204);
    let _ = admin.get(format!("/v1/exports/{id}")).await.refused(404, "not_found");
    let _ = admin.get(&path).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_a_dead_process_begins_again_and_a_cancelled_one_does_not() {
    let system = System::start().await;
    let admin = system.admin().await;
    let body = json!({"report": "sales", "params": {"from": "2024-01-01", "to": "2024-02-01"}, "format": "xlsx"});
    let id = admin
        .post("/v1/exports")
        .json(body.clone())
        .await
        .ok(202)
        .id()
        .to_owned();
    let done = finished(&admin, &id).await;
    let pool = system.pool();
    // As a process leaves it that is killed half-way: held, with a piece of the file.
    sqlx::query(
        "UPDATE report_exports SET status = 'running', owner = gen_random_uuid(), attempts = 1,
             lease_until = clock_timestamp() - interval '1 second' WHERE id = $1",
    )
    .bind(&id)
    .execute(&pool)
    .await
    .unwrap();
    let again = finished(&admin, &id).await;
    assert_eq!((&again["status"], &again["file"]), (&json!("done"), &done["file"]));
    // One that kills its process each time is given up.
    sqlx::query(
        "UPDATE report_exports SET status = 'running', owner = gen_random_uuid(), attempts = 3,
             lease_until = clock_timestamp() - interval '1 second' WHERE id = $1",
    )
    .bind(&id)
    .execute(&pool)
    .await
    .unwrap();
    let failed = finished(&admin, &id).await;
    assert_eq!(
        (&failed["status"], &failed["error"]["code"], &failed["file"]),
        (&json!("failed"), &json!("export_failed"), &Value::Null)
    );
    let _ = admin
        .get(format!("/v1/exports/{id}/file"))
        .await
        .refused(409, "export_not_ready");

    // Held by another process, which is alive, and cancelled meanwhile.
    let held = admin.post("/v1/exports").json(body).await.ok(202).id().to_owned();
    let _ = finished(&admin, &held).await;
    sqlx::query(
        "UPDATE report_exports SET status = 'running', owner = gen_random_uuid(),
             lease_until = clock_timestamp() + interval '5 minutes' WHERE id = $1",
    )
    .bind(&held)
    .execute(&pool)
    .await
    .unwrap();
    let _ = admin.delete(format!("/v1/exports/{held}")).await.ok(204);
    assert_eq!(
        admin.get(format!("/v1/exports/{held}")).await.ok(200)["status"],
        "cancelled"
    );
    // What has been kept long enough goes.
    sqlx::query("UPDATE report_exports SET expires_at = now() - interval '1 second'")
        .execute(&pool)
        .await
        .unwrap();
    drop(system.shut_down().await);
}
