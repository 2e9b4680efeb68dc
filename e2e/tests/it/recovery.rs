//! The database goes away under load, and comes back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::{Client, PATIENCE, System, wait_until};
use futures::future::join_all;
use serde_json::json;

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
