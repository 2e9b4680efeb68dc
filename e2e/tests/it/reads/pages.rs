//! Walking lists while others write.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use e2e::{Client, System, product};
use serde_json::json;

/// Walks a list to its end and back to its beginning; the ids that were seen on each way.
async fn there_and_back(client: &Client, path: &str) -> [Vec<String>; 2] {
    let ids = |page: &e2e::Answer| -> Vec<String> {
        let ids = page.items().iter();
        ids.map(|item| item["id"].as_str().or(item["event_id"].as_str()).unwrap().to_owned())
            .collect()
    };
    let mut page = client.get(path).await.ok(200);
    let mut forward = ids(&page);
    while let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned) {
        page = client.get(format!("{path}&cursor={cursor}")).await.ok(200);
        forward.extend(ids(&page));
    }
    let mut back: Vec<_> = ids(&page).into_iter().rev().collect();
    while let Some(cursor) = page["prev_cursor"].as_str().map(str::to_owned) {
        page = client.get(format!("{path}&cursor={cursor}")).await.ok(200);
        back.extend(ids(&page).into_iter().rev());
    }
    [forward, back]
}

fn assert_once_each(seen: &[String], settled: &HashSet<String>, what: &str) {
    let distinct: HashSet<_> = seen.iter().cloned().collect();
    assert_eq!(distinct.len(), seen.len(), "{what}: a row came twice");
    let missed: Vec<_> = settled.difference(&distinct).collect();
    assert!(missed.is_empty(), "{what}: missed {missed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_row_comes_twice_and_none_is_missed_while_others_write() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mut products = Vec::new();
    for number in 0..30 {
        // Few prices, so that most are ties.
        let shelf = admin
            .stocked(&format!("M-{number:02}"), 100 + i64::from(number % 3), 1_000)
            .await;
        products.push(shelf.id);
    }
    let mut orders = HashSet::new();
    for number in 0..30 {
        let order = ann.order(&[(&products[number % 5], 1)]).await.ok(201);
        orders.insert(order.id().to_owned());
    }
    let everything = system.everything().await;
    let _ = admin.get("/v1/products").after(&everything).await.ok(200);
    let _ = admin.get("/v1/orders").after(&everything).await.ok(200);

    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for writer in 0..2 {
        let (admin, ann, products, stop) = (admin.clone(), ann.clone(), products.clone(), Arc::clone(&stop));
        writers.push(tokio::spawn(async move {
            let mut round = 0_usize;
            while !stop.load(Ordering::SeqCst) {
                // New rows everywhere in the order, and changes that do not move a row in the order that is walked.
                let sku = format!("{}-{writer}-{round:04}", ["A", "M-1", "Z"][round % 3]);
                let price = 100 + i64::try_from(round % 3).unwrap();
                let created = admin.post("/v1/products").json(product(&sku, price)).await.ok(201);
                let changed = &products[round % products.len()];
                let _ = admin.receive(changed, 1).await.ok(200);
                let _ = admin
                    .patch(format!("/v1/products/{changed}"))
                    .json(json!({"description": sku}))
                    .await
                    .ok(200);
                let order = ann.order(&[(&products[round % products.len()], 1)]).await.ok(201);
                if round.is_multiple_of(2) {
                    let _ = ann.cancel(order.id()).await.ok(200);
                    let _ = admin.delete(format!("/v1/products/{}", created.id())).await.ok(204);
                }
                round += 1;
            }
            round
        }));
    }
    let settled: HashSet<_> = products.iter().cloned().collect();
    for round in 0..3 {
        for path in [
            "/v1/products?limit=7",
            "/v1/products?limit=4&sort=price",
            "/v1/products?limit=5&sort=-sku",
            "/v1/products?limit=6&sort=name&fields=id",
        ] {
            for seen in there_and_back(&admin, path).await {
                assert_once_each(&seen, &settled, &format!("{path}, round {round}"));
            }
        }
        for path in [
            "/v1/orders?limit=7",
            "/v1/orders?limit=5&sort=total",
            "/v1/orders?limit=9&sort=number&expand=customer",
        ] {
            for seen in there_and_back(&ann, path).await {
                assert_once_each(&seen, &orders, &format!("{path}, round {round}"));
            }
        }
    }
    let path = format!("/v1/streams/stock/{}?limit=3", products[0]);
    for seen in there_and_back(&admin, &path).await {
        assert_once_each(&seen, &HashSet::new(), &path);
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        assert!(writer.await.unwrap() > 0, "somebody wrote meanwhile");
    }
}
