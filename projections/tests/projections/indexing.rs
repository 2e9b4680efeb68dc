//! Search indexes against the rows that they follow.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use projections::{Indexer, Indexing, ask_for_rebuild, index_status};
use search::{Engine, Filter, Page, Request, Sort, Start, Status, Tantivy};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::failing::Failing;
use crate::shop::Shop;
use crate::support::{Running, open, quick, settle, until};

const NAME: &str = "index";

fn indexing() -> Indexing {
    Indexing {
        lease: Duration::from_millis(600),
        batch: 20,
        pace: Duration::from_millis(5),
        check: Duration::from_millis(200),
        ..Indexing::new(NAME, "products")
    }
}

fn start(pool: &PgPool, engine: &Arc<dyn Engine>, stop: &CancellationToken) -> JoinHandle<()> {
    let indexer = Indexer::new(pool.clone(), Arc::clone(engine), indexing());
    tokio::spawn(indexer.run(stop.clone()))
}

/// Waits until everything that is projected is indexed, the sales too.
async fn indexed(pool: &PgPool) {
    sqlx::query("SELECT follow_sales(0)").execute(pool).await.unwrap();
    until("indexed", async || {
        let status = index_status(pool).await.unwrap();
        status.iter().any(|index| {
            index.ready && index.dirty == 0 && !index.building && index.rebuilds_done >= index.rebuilds_asked
        })
    })
    .await;
}

async fn found(engine: &Arc<dyn Engine>, filter: Filter, sort: Sort) -> Vec<String> {
    let request = Request {
        filter,
        sort,
        page: Page {
            limit: 1_000,
            start: Start::Offset(0),
        },
        ..Request::default()
    };
    let answer = engine.search("products", &request).await.unwrap();
    assert_eq!(answer.total, answer.hits.len() as u64);
    answer.hits.into_iter().map(|hit| hit.id).collect()
}

async fn rows(pool: &PgPool, condition: &str) -> Vec<String> {
    let statement = format!(
        "SELECT p.id FROM products p LEFT JOIN stock s ON s.product_id = p.id
         LEFT JOIN product_sales u ON u.product_id = p.id WHERE p.deleted_at IS NULL AND {condition}"
    );
    sqlx::query_scalar(&statement).fetch_all(pool).await.unwrap()
}

fn set(ids: Vec<String>) -> BTreeSet<String> {
    ids.into_iter().collect()
}

/// Fails unless the index finds what the rows say.
async fn assert_follows(pool: &PgPool, engine: &Arc<dyn Engine>) {
    let all = found(engine, Filter::default(), Sort::Newest).await;
    assert_eq!(set(all), set(rows(pool, "true").await));
    for status in Status::ALL {
        let filter = Filter {
            statuses: vec![status],
            ..Filter::default()
        };
        let condition = format!("p.status = '{}'", status.as_str());
        assert_eq!(
            set(found(engine, filter, Sort::Newest).await),
            set(rows(pool, &condition).await)
        );
    }
    for in_stock in [true, false] {
        let filter = Filter {
            in_stock: Some(in_stock),
            ..Filter::default()
        };
        let condition = format!("coalesce(s.on_hand > s.reserved, false) = {in_stock}");
        assert_eq!(
            set(found(engine, filter, Sort::Newest).await),
            set(rows(pool, &condition).await)
        );
    }
    for (sort, order) in [
        (Sort::PriceAsc, "p.price_amount"),
        (Sort::BestSelling, "coalesce(u.sold - u.taken_back, 0) DESC"),
        (Sort::Newest, "p.created_at DESC"),
    ] {
        let ordered = rows(pool, &format!("true ORDER BY {order}, p.id")).await;
        assert_eq!(found(engine, Filter::default(), sort).await, ordered, "{order}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn killed_and_competing_indexers_leave_the_index_as_the_rows_are(pool: PgPool) {
    let store = open(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let engine: Arc<dyn Engine> = Arc::new(Tantivy::open(folder.path()).await.unwrap());
    let running = Running::start(&pool, &store, quick());
    let stop = CancellationToken::new();
    let mut shop = Shop::new(store.clone(), 5);
    let mut indexers = vec![start(&pool, &engine, &stop), start(&pool, &engine, &stop)];
    for round in 0..8 {
        shop.trade(50).await;
        if round == 4 {
            ask_for_rebuild(&pool).await.unwrap();
        }
        // As if its process had died: nothing is given back.
        indexers.remove(0).abort();
        indexers.push(start(&pool, &engine, &stop));
    }
    settle(&pool, &store).await;
    indexed(&pool).await;
    assert_follows(&pool, &engine).await;
    stop.cancel();
    for indexer in indexers {
        indexer.await.unwrap();
    }
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_index_that_the_engine_lost_is_filled_anew(pool: PgPool) {
    let store = open(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let engine: Arc<dyn Engine> = Arc::new(Tantivy::open(folder.path()).await.unwrap());
    let running = Running::start(&pool, &store, quick());
    let stop = CancellationToken::new();
    let indexer = start(&pool, &engine, &stop);
    let mut shop = Shop::new(store.clone(), 6);
    shop.trade(60).await;
    settle(&pool, &store).await;
    indexed(&pool).await;
    for how in ["dropped", "emptied", "removed from the disk"] {
        let builds = index_status(&pool).await.unwrap()[0].build;
        match how {
            "dropped" => engine.drop_index("products").await.unwrap(),
            "emptied" => engine.create("products", &search::Settings::default()).await.unwrap(),
            _ => std::fs::remove_dir_all(folder.path()).unwrap(),
        }
        until("filled anew", async || {
            index_status(&pool).await.unwrap()[0].build > builds
        })
        .await;
        shop.trade(10).await;
        settle(&pool, &store).await;
        indexed(&pool).await;
        assert_follows(&pool, &engine).await;
    }
    stop.cancel();
    indexer.await.unwrap();
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_outage_is_noted_once_and_lasts_until_all_is_taken_in(pool: PgPool) {
    let store = open(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let failing = Arc::new(Failing::new(Tantivy::open(folder.path()).await.unwrap()));
    let engine: Arc<dyn Engine> = Arc::<Failing>::clone(&failing);
    let running = Running::start(&pool, &store, quick());
    let stop = CancellationToken::new();
    let indexer = start(&pool, &engine, &stop);
    let mut shop = Shop::new(store.clone(), 8);
    shop.trade(40).await;
    settle(&pool, &store).await;
    indexed(&pool).await;
    sqlx::raw_sql(
        "CREATE TABLE turn (out boolean NOT NULL, number bigserial);
         CREATE FUNCTION note_turn() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN INSERT INTO turn (out) VALUES (NEW.outage IS NOT NULL); RETURN NULL; END';
         CREATE TRIGGER turn AFTER UPDATE OF outage ON search_index FOR EACH ROW
             WHEN ((OLD.outage IS NULL) <> (NEW.outage IS NULL)) EXECUTE FUNCTION note_turn()",
    )
    .execute(&pool)
    .await
    .unwrap();
    let several = async |what: &str| {
        let before = failing.failures.load(Ordering::SeqCst);
        until(what, async || failing.failures.load(Ordering::SeqCst) > before + 3).await;
    };

    failing.full.store(true, Ordering::SeqCst);
    shop.trade(20).await;
    settle(&pool, &store).await;
    several("writes that fail").await;
    let outage = index_status(&pool).await.unwrap()[0].outage.clone().unwrap();
    assert!(outage.contains("told to fail"), "{outage}");
    failing.full.store(false, Ordering::SeqCst);
    indexed(&pool).await;
    assert_follows(&pool, &engine).await;

    let builds = index_status(&pool).await.unwrap()[0].build;
    failing.down.store(true, Ordering::SeqCst);
    ask_for_rebuild(&pool).await.unwrap();
    several("attempts to fill").await;
    failing.down.store(false, Ordering::SeqCst);
    indexed(&pool).await;
    assert_eq!(index_status(&pool).await.unwrap()[0].build, builds + 1);
    until("the end of the outage", async || {
        index_status(&pool).await.unwrap()[0].outage.is_none()
    })
    .await;

    let turns: Vec<bool> = sqlx::query_scalar("SELECT out FROM turn ORDER BY number")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(turns, [true, false, true, false]);
    stop.cancel();
    indexer.await.unwrap();
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_rebuild_by_other_code_fills_the_index_anew(pool: PgPool) {
    let store = open(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let engine: Arc<dyn Engine> = Arc::new(Tantivy::open(folder.path()).await.unwrap());
    let running = Running::start(&pool, &store, quick());
    let stop = CancellationToken::new();
    let indexer = start(&pool, &engine, &stop);
    let mut shop = Shop::new(store.clone(), 7);
    shop.trade(40).await;
    settle(&pool, &store).await;
    indexed(&pool).await;
    let builds = index_status(&pool).await.unwrap()[0].build;
    // The same code makes the same rows, and the index stays.
    projections::rebuild(&pool, &store.log(), "products", projections::Options::default(), |_| {})
        .await
        .unwrap();
    assert_eq!(index_status(&pool).await.unwrap()[0].build, builds);
    sqlx::query("UPDATE projections SET code_version = code_version - 1 WHERE name = 'stock' AND state = 'active'")
        .execute(&pool)
        .await
        .unwrap();
    projections::rebuild(&pool, &store.log(), "stock", projections::Options::default(), |_| {})
        .await
        .unwrap();
    until("filled anew", async || {
        index_status(&pool).await.unwrap()[0].build > builds
    })
    .await;
    shop.trade(20).await;
    settle(&pool, &store).await;
    indexed(&pool).await;
    assert_follows(&pool, &engine).await;
    stop.cancel();
    indexer.await.unwrap();
    running.stop().await;
}
