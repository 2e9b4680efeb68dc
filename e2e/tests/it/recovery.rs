//! The database goes away under load, and comes back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use e2e::{Client, Cluster, PATIENCE, System, wait_until};
use futures::future::join_all;
use serde_json::json;
use sqlx::PgPool;

const BUYERS: usize = 12;
const ORDERS_EACH: usize = 12;

/// Buys as a careful client does: the same key until the answer is there.
async fn buy(admin: &Client, product: &str, key: &str) -> String {
    wait_until("the order to be placed", PATIENCE, async || {
        let answer = admin.order(&[(product, 1)]).key(key).await;
        match answer.status() {
            201 => Some(answer.id().to_owned()),
            503 => {
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                None
            }
            504 => None,
            _ => panic!("an outage is no other mistake: {answer:?}"),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_survives_lost_connections_exactly_once() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 1000).await;
    let placed = AtomicUsize::new(0);
    let buyers = join_all((0..BUYERS).map(|buyer| {
        let (admin, mug, placed) = (&admin, &mug, &placed);
        async move {
            let mut ids = Vec::new();
            for order in 0..ORDERS_EACH {
                ids.push(buy(admin, &mug.id, &format!("{buyer}-{order}")).await);
                placed.fetch_add(1, Ordering::SeqCst);
            }
            ids
        }
    }));
    // Each time a few more orders have come through: under load, whatever the speed of the machine.
    let cuts = async {
        let mut cut = 0;
        for target in [10, 40, 70, 100] {
            wait_until("some orders", PATIENCE, async || {
                (placed.load(Ordering::SeqCst) >= target).then_some(())
            })
            .await;
            cut += system.database().cut_connections().await;
        }
        cut
    };
    let (ids, cut) = tokio::join!(buyers, cuts);
    assert!(cut >= 4, "{cut} connections were cut");
    let ids: BTreeSet<String> = ids.into_iter().flatten().collect();
    assert_eq!(ids.len(), BUYERS * ORDERS_EACH, "each key is an order of its own");

    // The read models come back by themselves as well.
    let everything = system.everything().await;
    let mut listed = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = wait_until("the list of orders", PATIENCE, async || {
            let page = admin
                .get(format!("/v1/orders?limit=100{cursor}"))
                .after(&everything)
                .await;
            (page.status() == 200).then_some(page)
        })
        .await;
        for id in page.each("id") {
            assert!(listed.insert(id.to_owned()), "{id} is listed twice");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, ids, "what was acknowledged is there, and nothing else");
    // A reservation whose order was not placed after all is given back in its own time; what is missing here is no more than that.
    let events = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM events WHERE event_type = 'OrderPlaced'")
        .fetch_one(&system.pool())
        .await
        .unwrap();
    assert_eq!(events, i64::try_from(ids.len()).unwrap());
    let stock = admin
        .get(format!("/v1/products/{}/stock", mug.id))
        .after(&everything)
        .await
        .ok(200);
    assert!(stock["reserved"].as_i64() >= Some(events), "{stock:?}");
    assert_eq!(stock["on_hand"], json!(1000));
    let holes: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT lane FROM events GROUP BY lane HAVING max(position) <> count(*)) AS holes",
    )
    .fetch_one(&system.pool())
    .await
    .unwrap();
    assert_eq!(holes, 0, "positions are dense");
    let ready = wait_until("readiness", PATIENCE, async || {
        Some(system.anonymous().get("/readyz").await).filter(|answer| answer.status() == 200)
    })
    .await;
    assert_eq!(ready["status"], "ready");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_finds_everything_as_it_was() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let order = admin.order(&[(&mug.id, 2)]).await.ok(201);
    let read = admin
        .get(format!("/v1/orders/{}", order.id()))
        .seeing(&order)
        .await
        .ok(200);
    let database = system.shut_down().await;
    let system = System::options().on(&database).start().await;
    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let again = admin
        .get(format!("/v1/orders/{}", order.id()))
        .seeing(&order)
        .await
        .ok(200);
    assert_eq!(again.json(), read.json());
    let _ = admin.order(&[(&mug.id, 9)]).await.refused(409, "insufficient_stock");
    let next = admin.order(&[(&mug.id, 8)]).await.ok(201);
    assert!(next["number"].as_u64() > order["number"].as_u64());
    let _ = admin.cancel(order.id()).if_match(1).await.ok(200);
}

/// Orders that do not hold exactly what they are owed, with both numbers of units, and what else holds any.
const UNBALANCED: &str = "\
WITH moved AS (
    SELECT payload->'StockReserved'->>'order_id' AS order_id, (payload->'StockReserved'->>'quantity')::bigint AS units
    FROM events WHERE event_type = 'StockReserved'
    UNION ALL
    SELECT payload->'StockReleased'->>'order_id', -(payload->'StockReleased'->>'quantity')::bigint
    FROM events WHERE event_type = 'StockReleased'
), held AS (
    SELECT order_id, sum(units)::bigint AS units FROM moved GROUP BY order_id HAVING sum(units) <> 0
), owed AS (
    SELECT aggregate_id AS order_id, (
        SELECT sum((line->>'quantity')::bigint)::bigint FROM json_array_elements(payload->'OrderPlaced'->'lines') line) AS units
    FROM events WHERE event_type = 'OrderPlaced'
)
SELECT coalesce(o.order_id, h.order_id), coalesce(o.units, 0), coalesce(h.units, 0)
FROM owed o FULL JOIN held h ON h.order_id = o.order_id WHERE o.units IS DISTINCT FROM h.units";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_killed_under_load_leaves_every_order_its_stock() {
    const RECEIVED: i64 = 2_400;
    let cluster = Cluster::primary().await;
    let system = System::options().with("database-url", cluster.url()).start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, RECEIVED).await;
    let (placed, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let careful = (0..8).map(|buyer| {
        let (admin, mug, placed, stop) = (&admin, &mug, &placed, &stop);
        async move {
            let mut ids = BTreeSet::new();
            for order in 0.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                assert!(ids.insert(buy(admin, &mug.id, &format!("{buyer}-{order}")).await));
                placed.fetch_add(1, Ordering::SeqCst);
            }
            ids
        }
    });
    // Without a key nobody can ask again: an answer that is not there may stand for an order.
    let careless = (0..4).map(|_| {
        let (admin, mug, stop) = (&admin, &mug, &stop);
        async move {
            while !stop.load(Ordering::SeqCst) {
                let answer = admin.order(&[(&mug.id, 2)]).await;
                assert!(matches!(answer.status(), 201 | 503 | 504), "{answer:?}");
            }
        }
    });
    let kills = async {
        for target in [15, 30, 45, 60] {
            wait_until("some orders", PATIENCE, async || {
                (placed.load(Ordering::SeqCst) >= target).then_some(())
            })
            .await;
            cluster.kill().await;
            cluster.start().await;
        }
        wait_until("some orders more", PATIENCE, async || {
            (placed.load(Ordering::SeqCst) >= 75).then_some(())
        })
        .await;
        stop.store(true, Ordering::SeqCst);
    };
    let (ids, _, ()) = tokio::join!(join_all(careful), join_all(careless), kills);
    let acknowledged: BTreeSet<String> = ids.into_iter().flatten().collect();

    let database = PgPool::connect_lazy(&cluster.url()).unwrap();
    let orders: Vec<String> = sqlx::query_scalar("SELECT aggregate_id FROM events WHERE event_type = 'OrderPlaced'")
        .fetch_all(&database)
        .await
        .unwrap();
    let orders: BTreeSet<String> = orders.into_iter().collect();
    assert!(acknowledged.is_subset(&orders), "what was acknowledged is there");
    let unbalanced: Vec<(String, i64, i64)> = sqlx::query_as(UNBALANCED).fetch_all(&database).await.unwrap();
    assert_eq!(unbalanced, [], "every order's stock is held by it, and by nobody else");
    let ready = wait_until("readiness", PATIENCE, async || {
        Some(system.anonymous().get("/readyz").await).filter(|answer| answer.status() == 200)
    })
    .await;
    assert_eq!(ready["checks"]["books"], "ok", "{ready:?}");
    let stock = wait_until("the stock", PATIENCE, async || {
        let stock = admin.get(format!("/v1/products/{}/stock", mug.id)).await.ok(200);
        let sold: i64 = sqlx::query_scalar(
            "SELECT sum((line->>'quantity')::bigint)::bigint FROM events, json_array_elements(payload->'OrderPlaced'->'lines') line
             WHERE event_type = 'OrderPlaced'",
        )
        .fetch_one(&database)
        .await
        .unwrap();
        (stock["reserved"].as_i64() == Some(sold)).then_some((stock, sold))
    })
    .await;
    assert_eq!(
        stock.0["available"].as_i64().map(|available| available + stock.1),
        Some(RECEIVED)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_has_seen_more_than_the_restored_database_ends() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let kept = admin.order(&[(&mug.id, 1)]).await.ok(201);
    let backup = system.database().backup().await;
    let lost = buy(&admin, &mug.id, "lost").await;
    let _ = admin
        .get(format!("/v1/orders/{lost}"))
        .after(&system.everything().await)
        .await
        .ok(200);

    system.database().restore(backup).await;
    let reason = system.has_to_end().await;
    assert!(reason.contains("an older state than this process has seen"), "{reason}");
    let database = system.shut_down().await;
    let ahead: i64 =
        sqlx::query_scalar("SELECT count(*) FROM projection_cursor JOIN lanes USING (lane) WHERE position > head")
            .fetch_one(&database.pool())
            .await
            .unwrap();
    assert_eq!(ahead, 0, "no read model took in what is not in the log");

    let system = System::options().on(&database).start().await;
    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let next = admin.order(&[(&mug.id, 9)]).await.ok(201);
    assert!(next["number"].as_u64() > kept["number"].as_u64());
    let listed = admin.get("/v1/orders").after(&system.everything().await).await.ok(200);
    let ids: BTreeSet<&str> = listed.each("id").into_iter().collect();
    assert_eq!(ids, BTreeSet::from([kept.id(), next.id()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_an_order_may_have_is_not_forgotten_in_a_crash() {
    let cluster = Cluster::primary().await;
    // What is not flushed on purpose is lost.
    cluster.restart_with("wal_writer_delay=10s").await;
    let system = System::options().with("database-url", cluster.url()).start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let held = PgPool::connect_lazy(&cluster.url()).unwrap();
    let next = async || -> i64 {
        sqlx::query_scalar("SELECT next FROM order_numbers WHERE counter = 'order'")
            .fetch_one(&held)
            .await
            .unwrap()
    };
    let before = next().await;
    let wrong =
        json!({"lines": [{"product_id": mug.id, "quantity": 1}], "expected_total": {"amount": 1, "currency": "GBP"}});
    let _ = admin.post("/v1/orders").json(wrong).await.refused(409, "total_changed");
    let taken = next().await;
    assert!(taken > before, "a number was taken before the order was refused");
    cluster.kill().await;
    cluster.start().await;
    let kept = wait_until("the server", PATIENCE, async || {
        sqlx::query_scalar::<_, i64>("SELECT next FROM order_numbers WHERE counter = 'order'")
            .fetch_one(&held)
            .await
            .ok()
    })
    .await;
    assert_eq!(kept, taken);
}
