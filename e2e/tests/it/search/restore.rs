//! An index that is of a later state than the database, as after a backup was restored.

use std::sync::Arc;

use e2e::{Database, Options, PATIENCE, System, product, wait_until};
use proto::v1::change_feed_client::ChangeFeedClient;
use proto::v1::{ChangeTopic, Changes, FollowRequest};
use serde_json::json;
use sqlx::PgPool;
use tempfile::TempDir;

use super::shop::{options, searching};

/// A system on this database that keeps its files in this folder.
async fn on(database: &Arc<Database>, folder: &TempDir) -> System {
    in_folder(options(), folder).on(database).start().await
}

fn in_folder(options: Options, folder: &TempDir) -> Options {
    options
        .with("data-dir", folder.path().display().to_string())
        .with("seal-every", "1")
}

async fn builds(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT sum(build)::bigint FROM search_index")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// What a search finds, in all of its answer: the names, the total and the count of the category.
async fn found(system: &System, word: &str) -> (Vec<String>, u64, u64) {
    let page = system
        .anonymous()
        .get(format!("/v1/products?q={word}&facets=category"))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(page["answered_by"], "search", "{page:?}");
    let names = page.each("name").into_iter().map(str::to_owned).collect();
    let counted = page["facets"]["category"][0]["count"].as_u64().unwrap_or_default();
    (names, page["total"].as_u64().unwrap(), counted)
}

/// Waits until the index was found to be of another state, and serves again.
async fn filled_anew(system: &System, before: i64) {
    let pool = system.pool();
    wait_until("the index is filled anew", PATIENCE, async || {
        (builds(&pool).await > before).then_some(())
    })
    .await;
    searching(system).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_backup_under_a_newer_index_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let system = in_folder(options(), &folder).start().await;
    let admin = system.admin().await;
    let create = async |admin: &e2e::Client, sku: &str, name: &str| {
        let body = json!({"sku": sku, "name": name, "price": {"amount": 100, "currency": "GBP"}, "category": "wood", "status": "active"});
        admin.post("/v1/products").json(body).await.ok(201)
    };
    let oak = create(&admin, "OAK", "Oak board").await;
    let _ = create(&admin, "ASH", "Ash board").await;
    searching(&system).await;
    assert_eq!(found(&system, "board").await.1, 2);
    let database = system.shut_down().await;
    let _ = database.cut_connections().await;
    let backup = Arc::new(database.copy().await);
    let second_backup = Arc::new(database.copy().await);

    // What is lost with the backup: a product that came, and one that went.
    let system = on(&database, &folder).await;
    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    searching(&system).await;
    let birch = create(&admin, "BIRCH", "Birch board").await;
    let _ = admin.delete(format!("/v1/products/{}", oak.id())).await.ok(204);
    assert_eq!(found(&system, "board").await.1, 2);
    assert_eq!(found(&system, "birch").await.0, ["Birch board"]);
    wait_until("a checkpoint over it", PATIENCE, async || {
        let seal = admin.get("/v1/audit/key").await.ok(200);
        (seal["events"] == seal["sealed_events"]).then_some(())
    })
    .await;
    let _ = system.shut_down().await;

    let before = builds(&backup.pool()).await;
    let system = on(&backup, &folder).await;
    filled_anew(&system, before).await;
    assert_eq!(found(&system, "oak").await, (vec!["Oak board".to_owned()], 1, 1));
    assert_eq!(found(&system, "birch").await, (vec![], 0, 0));
    assert_eq!(found(&system, "board").await.1, 2);
    assert_eq!(
        system
            .anonymous()
            .get(format!("/v1/products/{}", birch.id()))
            .await
            .status(),
        404
    );
    // The seal does not go on from another history, and says so.
    wait_until("the seal's complaint", PATIENCE, async || {
        let ready = system.anonymous().get("/readyz").await.ok(200);
        (ready["checks"]["seal"] == "degraded" && ready["degraded"][0]["part"] == "seal").then_some(())
    })
    .await;
    let _ = system.shut_down().await;

    // Overwritten: another system went on from the backup, past all that the index has seen.
    let elsewhere = tempfile::tempdir().unwrap();
    let system = on(&second_backup, &elsewhere).await;
    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    for number in 0..20 {
        let _ = create(&admin, &format!("ELM-{number}"), "Elm board").await;
    }
    searching(&system).await;
    let _ = system.shut_down().await;
    let before = builds(&second_backup.pool()).await;
    let system = on(&second_backup, &folder).await;
    filled_anew(&system, before).await;
    assert_eq!(found(&system, "elm").await.1, 20);
    assert_eq!(found(&system, "board").await.1, 22);
    // An index that is of this state stays as it is.
    let before = builds(&second_backup.pool()).await;
    let _ = system.shut_down().await;
    let system = on(&second_backup, &folder).await;
    searching(&system).await;
    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let _ = admin.post("/v1/products").json(product("LARCH", 5)).await.ok(201);
    assert_eq!(found(&system, "larch").await.1, 1);
    assert_eq!(builds(&second_backup.pool()).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_goes_on_only_in_the_database_that_it_told_of() {
    let system = System::start().await;
    let admin = system.admin().await;
    let shelf = admin.stocked("MUG-1", 500, 3).await;
    let _ = admin
        .get(format!("/v1/products/{}", shelf.id))
        .seeing(&shelf.received)
        .await
        .ok(200);
    let first = async |after: &Changes, database: &str| {
        let request = FollowRequest {
            topic: ChangeTopic::Products.into(),
            after: after.positions.clone(),
            generation: after.generation,
            database: database.to_owned(),
        };
        let mut feed = ChangeFeedClient::new(system.grpc());
        feed.follow(request)
            .await
            .unwrap()
            .into_inner()
            .message()
            .await
            .unwrap()
            .unwrap()
    };
    let told = first(&Changes::default(), "").await;
    assert!(told.restart && !told.positions.is_empty());
    assert!(!first(&told, &told.database).await.restart);
    assert!(first(&told, "another").await.restart);
}
