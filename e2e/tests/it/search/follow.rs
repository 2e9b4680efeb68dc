//! How the index follows the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use e2e::{PATIENCE, System, product, wait_until};
use serde_json::json;
use sqlx::PgPool;

use super::shop::{fill, id_of, searching, shop, skus, sorted_skus};

async fn build(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT max(build) FROM search_index")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Asks for a rebuild, as `tillroll rebuild search` does, and waits for it.
async fn rebuild(pool: &PgPool) {
    sqlx::query("UPDATE search_index SET rebuilds_asked = rebuilds_asked + 1")
        .execute(pool)
        .await
        .unwrap();
    wait_until("the rebuild", PATIENCE, async || {
        let done: bool = sqlx::query_scalar("SELECT bool_and(rebuilds_done >= rebuilds_asked) FROM search_index")
            .fetch_one(pool)
            .await
            .unwrap();
        done.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_sees_ones_own_writes() {
    let (system, admin, _) = shop().await;
    let public = system.anonymous();
    for round in 0..10 {
        let word = format!("widget{}", char::from(b'a' + round));
        let body = json!({"name": word, "sku": format!("W-{round}"), "price": {"amount": 1, "currency": "GBP"}, "status": "active"});
        let created = admin.post("/v1/products").json(body).await.ok(201);
        let found = public
            .get(format!("/v1/products?q={word}"))
            .seeing(&created)
            .await
            .ok(200);
        assert!(skus(&found).contains(&format!("W-{round}").as_str()), "{found:?}");
        let price = json!({"price": {"amount": 100 + round}});
        let changed = admin
            .patch(format!("/v1/products/{}", created.id()))
            .merge(price)
            .await
            .ok(200);
        let found = public
            .get(format!("/v1/products?q={word}&min_price=100&currency=GBP"))
            .seeing(&changed)
            .await
            .ok(200);
        assert!(skus(&found).contains(&format!("W-{round}").as_str()), "{found:?}");
        let received = admin.receive(created.id(), 1).await.ok(200);
        let found = public
            .get(format!("/v1/products?q={word}&in_stock=true"))
            .seeing(&received)
            .await
            .ok(200);
        assert!(skus(&found).contains(&format!("W-{round}").as_str()), "{found:?}");
        let deleted = admin.delete(format!("/v1/products/{}", created.id())).await.ok(204);
        let found = public
            .get(format!("/v1/products?q={word}"))
            .seeing(&deleted)
            .await
            .ok(200);
        assert!(!skus(&found).contains(&format!("W-{round}").as_str()), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_lags_is_waited_for_and_then_left_out() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    let pool = system.pool();
    // As if the indexer did not come around: a mark that it never sees, because its row belongs to nobody's turn.
    let mut holding = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM search_index FOR UPDATE")
        .execute(&mut *holding)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO search_dirty SELECT name, 'prod_x', nextval('search_marks'), lastval(), now() FROM search_index",
    )
    .execute(&pool)
    .await
    .unwrap();
    let path = "/v1/products?q=mug";
    let token = |request: e2e::Request| {
        request
            .header("consistency-token", &everything)
            .header("consistency-wait", 50)
    };
    let late = token(public.get(path)).await.ok(200);
    assert_eq!(
        (&late["answered_by"], late.header("search-degraded")),
        (&json!("database"), Some("true")),
        "the rows show the write: {late:?}"
    );
    let stale = token(public.get(path))
        .header("consistency-stale", "allow")
        .await
        .ok(200);
    assert_eq!(stale.header("consistency-stale"), Some("true"));
    assert_eq!(sorted_skus(&stale), ["M-1", "M-2", "M-3"]);
    let plain = public.get(path).await.ok(200);
    assert_eq!(plain.header("consistency-stale"), None);
    holding.rollback().await.unwrap();
    let fresh = public.get(path).after(&everything).await.ok(200);
    assert_eq!(fresh.header("consistency-stale"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_takes_nothing_in_is_told() {
    let (system, _, everything) = shop().await;
    let public = system.anonymous();
    let pool = system.pool();
    let _ = public.get("/v1/products?q=mug").after(&everything).await.ok(200);
    let state = async |expected: &str| {
        wait_until("the state of search", PATIENCE, async || {
            let ready = public.get("/readyz").await.ok(200);
            (ready["checks"]["search"] == expected).then_some(ready)
        })
        .await
    };
    sqlx::query("UPDATE search_index SET outage = 'disk full'")
        .execute(&pool)
        .await
        .unwrap();
    let ready = state("degraded").await;
    assert!(
        ready["degraded"][0]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("takes no changes in")),
        "{ready:?}"
    );
    let found = public.get("/v1/products?q=mug").await.ok(200);
    assert_eq!(
        (&found["answered_by"], found.header("search-degraded")),
        (&json!("search"), Some("true")),
        "found, but perhaps not the latest: {found:?}"
    );
    sqlx::query("UPDATE search_index SET outage = NULL")
        .execute(&pool)
        .await
        .unwrap();
    let _ = state("ok").await;
    let found = public.get("/v1/products?q=mug").await.ok(200);
    assert_eq!(sorted_skus(&found), ["M-1", "M-2", "M-3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_while_the_index_was_away_is_caught_up_with() {
    let folder = tempfile::tempdir().unwrap();
    let with_folder = || System::options().with("data-dir", folder.path().display().to_string());
    let system = with_folder().start().await;
    let (admin, _) = fill(&system).await;
    let steel = id_of(&admin, "M-2").await;
    let enamel = id_of(&admin, "M-1").await;
    let builds = build(&system.pool()).await;
    let database = system.shut_down().await;

    // Projected, but not indexed: nobody here has the index.
    let away = System::options()
        .on(&database)
        .with("roles", "command,projector")
        .start()
        .await;
    let commands = proto::v1::product_command_client::ProductCommandClient::new(away.grpc());
    let context = || {
        Some(proto::v1::CommandContext {
            actor: "system:e2e".to_owned(),
            ..proto::v1::CommandContext::default()
        })
    };
    let request = |id: &str| proto::v1::ProductRequest {
        context: context(),
        id: id.to_owned(),
        expected_version: None,
    };
    commands.clone().delete_product(request(&enamel)).await.unwrap();
    commands.clone().archive_product(request(&steel)).await.unwrap();
    let create = proto::v1::CreateProductRequest {
        context: context(),
        sku: "M-9".to_owned(),
        name: "Glass mug".to_owned(),
        price: Some(proto::v1::Money {
            amount: 700,
            currency: "GBP".to_owned(),
        }),
        status: proto::v1::ProductStatus::Active.into(),
        ..proto::v1::CreateProductRequest::default()
    };
    commands.clone().create_product(create).await.unwrap();
    let everything = away.everything().await;
    wait_until("the marks", PATIENCE, async || {
        let dirty: i64 = sqlx::query_scalar("SELECT count(*) FROM search_dirty")
            .fetch_one(&away.pool())
            .await
            .unwrap();
        (dirty >= 3).then_some(())
    })
    .await;
    drop(away.shut_down().await);

    let system = with_folder().on(&database).start().await;
    searching(&system).await;
    let found = system
        .anonymous()
        .get("/v1/products?q=mug")
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(sorted_skus(&found), ["M-3", "M-9"]);
    assert_eq!(found["total"], 2, "the index itself has caught up");
    assert_eq!(build(&system.pool()).await, builds, "without being filled anew");
    drop(system.shut_down().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_lost_is_noticed_and_filled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let with_folder = || System::options().with("data-dir", folder.path().display().to_string());
    let system = with_folder().start().await;
    let (_, everything) = fill(&system).await;
    let builds = build(&system.pool()).await;
    let database = system.shut_down().await;
    std::fs::remove_dir_all(folder.path().join("search/1/indexes")).unwrap();
    let system = with_folder().on(&database).start().await;
    let found = wait_until("the search engine", PATIENCE, async || {
        let found = system
            .anonymous()
            .get("/v1/products?q=mug")
            .after(&everything)
            .await
            .ok(200);
        assert_eq!(
            found.items().len(),
            3,
            "whoever answers, the answer is right: {found:?}"
        );
        (found["answered_by"] == "search").then_some(found)
    })
    .await;
    assert_eq!(sorted_skus(&found), ["M-1", "M-2", "M-3"]);
    assert_eq!(build(&system.pool()).await, builds + 1);
    drop(system.shut_down().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_goes_on_while_reads_and_writes_do() {
    let (system, admin, everything) = shop().await;
    let public = system.anonymous();
    let pool = system.pool();
    let _ = public.get("/v1/products?q=mug").after(&everything).await.ok(200);
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (public, stop) = (public.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answers = 0;
                while !stop.load(Ordering::Relaxed) {
                    let found = public.get("/v1/products?q=enamel").await.ok(200);
                    assert!(skus(&found).contains(&"P-1"), "{found:?}");
                    answers += 1;
                }
                answers
            })
        })
        .collect();
    let writes = async {
        let mut deleted = Vec::new();
        for round in 0..20 {
            let sku = format!("N-{round}");
            let created = admin.post("/v1/products").json(product(&sku, 100)).await.ok(201);
            if round % 2 == 0 {
                let _ = admin.delete(format!("/v1/products/{}", created.id())).await.ok(204);
                deleted.push(sku);
            }
        }
        deleted
    };
    let rebuilds = async {
        for _ in 0..5 {
            rebuild(&pool).await;
        }
    };
    let (deleted, ()) = tokio::join!(writes, rebuilds);
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    let everything = system.everything().await;
    let found = public
        .get("/v1/products?q=product&limit=100&sort=sku")
        .after(&everything)
        .await
        .ok(200);
    let kept: Vec<String> = (0..20).map(|round| format!("N-{round}")).collect();
    let mut kept: Vec<&str> = kept
        .iter()
        .filter(|sku| !deleted.contains(sku))
        .map(String::as_str)
        .collect();
    kept.sort_unstable();
    assert_eq!(skus(&found), kept);
    assert_eq!(
        found["total"],
        kept.len(),
        "nothing is in the index that is not in the shop"
    );
    let dirty: i64 = sqlx::query_scalar("SELECT count(*) FROM search_dirty")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(dirty, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_nobody_uses_is_forgotten() {
    let (system, admin, _) = shop().await;
    let pool = system.pool();
    sqlx::query(
        "INSERT INTO search_index (name, engine, seen_at) VALUES ('gone', 'tantivy', now() - interval '1 day')",
    )
    .execute(&pool)
    .await
    .unwrap();
    let _ = admin.post("/v1/products").json(product("X-1", 1)).await.ok(201);
    // The holder of any index tidies up when it starts.
    let second = System::options()
        .on(system.database())
        .with("roles", "query")
        .start()
        .await;
    wait_until("the index to be forgotten", PATIENCE, async || {
        let (rows, dirty): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM search_index WHERE name = 'gone'), (SELECT count(*) FROM search_dirty WHERE index_name = 'gone')",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        (rows == 0 && dirty == 0).then_some(())
    })
    .await;
    let indexes: i64 = sqlx::query_scalar("SELECT count(*) FROM search_index")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(indexes, 2, "each process that searches has an index of its own");
    drop(second.shut_down().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_of_search_shows_in_metrics() {
    let (system, _, everything) = shop().await;
    let _ = system
        .anonymous()
        .get("/v1/products?q=mug")
        .after(&everything)
        .await
        .ok(200);
    wait_until("the figures", PATIENCE, async || {
        let metrics = system.anonymous().get("/metrics").await.ok(200);
        [
            "tillroll_search_up{engine=\"tantivy\"}",
            "tillroll_search_lag_seconds{engine=\"tantivy\"}",
            "tillroll_search_dirty_keys{engine=\"tantivy\"}",
            "tillroll_search_documents{engine=\"tantivy\"}",
            "tillroll_search_answers_total{by=\"search\"}",
            "tillroll_search_seconds",
        ]
        .iter()
        .all(|name| metrics.text().contains(name))
        .then_some(())
    })
    .await;
}
