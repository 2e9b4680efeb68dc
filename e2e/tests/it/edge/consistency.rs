//! Reading one's own writes.

use e2e::{System, product};
use serde_json::json;
use sqlx::Connection as _;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_with_the_token_sees_the_write() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1)).await.ok(201);
    let path = format!("/v1/products/{}", created.id());
    for price in 1..=40 {
        let patched = admin
            .patch(&path)
            .merge(json!({"price": {"amount": price, "currency": "GBP"}, "name": format!("Mug {price}")}))
            .await
            .ok(200);
        let read = admin.get(&path).seeing(&patched).await.ok(200);
        assert_eq!(read["price"]["amount"], price);
        assert_eq!(read.header("consistency-stale"), None);
        let found = admin
            .get(format!("/v1/products?q=mug+{price}"))
            .seeing(&patched)
            .await
            .ok(200);
        assert_eq!(found.items().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_the_read_models_do_not_show_is_waited_for_and_then_told() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let order = admin.order(&[(&mug.id, 1)]).await.ok(201);
    let paths = paths(&system, &mug.id, order.id());
    let everything = system.everything().await;
    for path in &paths {
        let fresh = admin.get(path).after(&everything).await.ok(200);
        assert_eq!(fresh.header("consistency-stale"), None);
        for token in ["0.999999999", "63.9223372036854775807", "99.1", "64.0", "99999.1"] {
            let read = || {
                admin
                    .get(path)
                    .header("consistency-token", token)
                    .header("consistency-wait", 9000)
            };
            let refused = read().await.refused(400, "invalid_header");
            let (field, code) = &refused.fields()[0];
            assert_eq!(
                (&**field, &**code),
                ("Consistency-Token", "out_of_range"),
                "{token}: {refused:?}"
            );
            let refused = read().header("consistency-stale", "allow").await;
            assert_eq!(refused.status(), 400, "there is no such write: {refused:?}");
        }
    }
    // Where nothing has to be waited for, it is no less wrong.
    for path in [
        "/v1/exports",
        "/v1/audit/checkpoints",
        "/v1/projections",
        "/v1/projections/parked",
    ] {
        let _ = admin.get(path).after(&everything).await.ok(200);
        let refused = admin.get(path).header("consistency-token", "99999.1").await;
        let refused = refused.refused(400, "invalid_header");
        assert_eq!(&*refused.fields()[0].1, "out_of_range", "{path}: {refused:?}");
    }

    // The projectors stand still.
    let mut lock = sqlx::PgConnection::connect(&system.database().url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE projection_cursor IN EXCLUSIVE MODE")
        .execute(&mut lock)
        .await
        .unwrap();
    let before: Vec<_> = {
        let mut answers = Vec::new();
        for path in &paths {
            answers.push(admin.get(path).await.ok(200));
        }
        answers
    };
    let _ = admin.order(&[(&mug.id, 1)]).await.ok(201);
    let token = system.everything().await;
    for (path, before) in paths.iter().zip(before) {
        let read = || {
            admin
                .get(path)
                .header("consistency-token", &token)
                .header("consistency-wait", 1)
        };
        let behind = read().await.refused(504, "read_model_behind");
        assert_eq!(behind.header("consistency-stale"), None);
        let stale = read().header("consistency-stale", "allow").await.ok(200);
        assert_eq!(
            (stale.header("consistency-stale"), stale.json()),
            (Some("true"), before.json()),
            "{path}"
        );
    }
}

fn paths(system: &System, product: &str, order: &str) -> Vec<String> {
    let today = system.clock().now().date_naive();
    vec![
        "/v1/products".to_owned(),
        format!("/v1/products/{product}"),
        format!("/v1/products/{product}/stock"),
        "/v1/orders".to_owned(),
        format!("/v1/orders/{order}"),
        format!("/v1/reports/sales?from={today}&to={}", today + chrono::Days::new(2)),
        "/v1/audit".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_token_is_told() {
    let system = System::start().await;
    let public = system.anonymous();
    for token in [
        "x",
        "1",
        "1.",
        ".1",
        "1.2.3",
        "1.2-",
        "2.1-1.1",
        "1.1-1.2",
        "-1.5",
        "1.-5",
        "01.5",
        "1.99999999999999999999",
        "1,5",
        "1.5 2.6",
    ] {
        let refused = public.get("/v1/products").header("consistency-token", token).await;
        assert_eq!(refused.status(), 400, "{token}: {refused:?}");
        assert_eq!(refused.fields()[0].0, "Consistency-Token", "{token}: {refused:?}");
    }
    for (name, value) in [
        ("consistency-wait", "0"),
        ("consistency-wait", "soon"),
        ("consistency-wait", "60000"),
        ("consistency-stale", "yes"),
    ] {
        let refused = public.get("/v1/products").header(name, value).await;
        assert_eq!(refused.status(), 400, "{name}: {value}: {refused:?}");
    }
}
