//! Questions that cannot be answered.

use e2e::System;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_cannot_be_answered_is_told() {
    let system = System::start().await;
    let admin = system.admin().await;
    let january = "from=2024-01-01&to=2024-02-01";
    let long = "x".repeat(1700);
    for (query, field, code) in [
        ("to=2024-02-01".to_owned(), "from", "required"),
        ("from=2024-01-01".to_owned(), "to", "required"),
        ("from=2024-01-01&to=2024-01-01".to_owned(), "to", "out_of_range"),
        ("from=2024-01-02&to=2024-01-01".to_owned(), "to", "out_of_range"),
        ("from=2024-02-30&to=2024-03-01".to_owned(), "from", "invalid_format"),
        ("from=2024-1-1&to=2024-03-01".to_owned(), "from", "invalid_format"),
        (
            "from=2024-01-01T00:00:00Z&to=2024-03-01".to_owned(),
            "from",
            "invalid_format",
        ),
        (format!("{january}&interval=hour"), "interval", "unknown"),
        (format!("{january}&group_by=colour"), "group_by", "unknown"),
        (format!("{january}&tz=Mars/Olympus"), "tz", "unknown"),
        (format!("{january}&tz=%2B01:00"), "tz", "unknown"),
        (format!("{january}&currency=pound"), "currency", "invalid_format"),
        (format!("{january}&format=doc"), "format", "unknown"),
        ("from=1900-01-01&to=2024-02-01".to_owned(), "to", "out_of_range"),
        (
            "from=2000-01-01&to=2024-02-01&interval=week".to_owned(),
            "to",
            "out_of_range",
        ),
        (
            "from=1800-01-01&to=2024-02-01&interval=year".to_owned(),
            "to",
            "out_of_range",
        ),
        ("from=0001-01-01&to=0001-02-01".to_owned(), "from", "out_of_range"),
        (format!("{january}&limit=5"), "limit", "unknown_parameter"),
        (format!("{january}&group_by=product&top=0"), "top", "out_of_range"),
        (format!("{january}&group_by=product&top=101"), "top", "out_of_range"),
        (format!("{january}&top=3"), "top", "contradiction"),
        (
            format!("{january}&group_by=category&category_level=tree&top=3"),
            "top",
            "contradiction",
        ),
        (
            format!("{january}&group_by=product&top=3&sort=label"),
            "top",
            "contradiction",
        ),
        (format!("{january}&category_level=2"), "category_level", "contradiction"),
        (
            format!("{january}&group_by=category&category_level=0"),
            "category_level",
            "out_of_range",
        ),
        (
            format!("{january}&group_by=category&category=a/b&category_level=1"),
            "category_level",
            "contradiction",
        ),
        (format!("{january}&direct=true"), "direct", "contradiction"),
        (
            format!("{january}&customer=&customer_type=new"),
            "customer_type",
            "contradiction",
        ),
        (format!("{january}&customer_type=old"), "customer_type", "unknown"),
        (format!("{january}&compare=yesterday"), "compare", "unknown"),
        (format!("{january}&credits_by=moon"), "credits_by", "unknown"),
        (format!("{january}&sort=colour"), "sort", "unknown"),
        (format!("{january}&country=%00"), "country", "invalid_character"),
        (format!("{january}&category={long}"), "category", "too_long"),
    ] {
        let _ = admin.get(format!("/v1/reports/sales?{query}")).await.refused_for(
            400,
            "invalid_parameter",
            &[(field, code)],
        );
    }
    for (query, field, code) in [
        (format!("{january}&measure=colour"), "measure", "unknown"),
        (format!("{january}&except=a"), "except", "contradiction"),
        (format!("{january}&sort=net"), "sort", "unknown"),
        (format!("{january}&limit=0"), "limit", "out_of_range"),
        ("to=2024-02-01".to_owned(), "from", "required"),
    ] {
        let _ = admin
            .get(format!("/v1/reports/sales/orders?{query}"))
            .await
            .refused_for(400, "invalid_parameter", &[(field, code)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_cannot_be_made_is_told() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let params = json!({"from": "2024-01-01", "to": "2024-02-01"});
    for (body, field, code) in [
        (json!({"params": params, "format": "csv"}), "report", "required"),
        (
            json!({"report": "weather", "params": params, "format": "csv"}),
            "report",
            "unknown",
        ),
        (json!({"report": "sales", "params": params}), "format", "required"),
        (
            json!({"report": "sales", "params": params, "format": "doc"}),
            "format",
            "unknown",
        ),
        (
            json!({"report": "sales", "params": {"from": "2024-01-01"}, "format": "csv"}),
            "params.to",
            "required",
        ),
        (
            json!({"report": "sales", "params": {"from": "2024-01-01", "to": "2024-02-01", "tz": "Mars"}, "format": "csv"}),
            "params.tz",
            "unknown",
        ),
        (
            json!({"report": "sales", "params": {"from": "2024-01-01", "to": "2024-02-01", "top": 0}, "format": "csv"}),
            "params.top",
            "out_of_range",
        ),
        (
            json!({"report": "sales", "params": {"from": {}, "to": "2024-02-01"}, "format": "csv"}),
            "params.from",
            "invalid_type",
        ),
        (
            json!({"report": "sales", "params": params, "format": "csv", "colour": 1}),
            "colour",
            "unknown_field",
        ),
    ] {
        let answer = admin.post("/v1/exports").json(body).await;
        let _ = answer.refused_for(422, "validation_failed", &[(field, code)]);
    }
    let body = json!({"report": "sales", "params": params, "format": "csv"});
    let _ = ann
        .post("/v1/exports")
        .json(body.clone())
        .await
        .refused(403, "forbidden");
    let _ = system
        .anonymous()
        .post("/v1/exports")
        .json(body)
        .await
        .refused(401, "unauthenticated");
    for path in [
        "/v1/exports/exp_1",
        "/v1/exports/exp_00000000-0000-4000-8000-000000000001",
    ] {
        let _ = admin.get(path).await.refused(404, "not_found");
        let _ = admin.get(format!("{path}/file")).await.refused(404, "not_found");
        let _ = admin.delete(path).await.refused(404, "not_found");
    }
}
