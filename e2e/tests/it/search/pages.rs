//! Walking the results of a search while products come and go in front.

use std::collections::BTreeSet;

use e2e::{Answer, Client, PATIENCE, wait_until};
use serde_json::json;

use super::shop::{options, searching, skus};

const PATH: &str = "/v1/products?q=lantern&limit=6";

async fn add(admin: &Client, sku: &str, name: &str) -> Answer {
    let body = json!({"sku": sku, "name": name, "price": {"amount": 100, "currency": "GBP"}, "status": "active"});
    admin.post("/v1/products").json(body).await.ok(201)
}

/// The page as the engine has it, however slow it is on a busy machine.
async fn found(client: &Client, path: &str, token: &str) -> Answer {
    wait_until("the index", PATIENCE, async || {
        let page = client.get(path).after(token).await.ok(200);
        (page["answered_by"] == "search").then_some(page)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_relevance_no_product_comes_twice_and_none_is_left_out() {
    let system = options().start().await;
    let (admin, public) = (system.admin().await, system.anonymous());
    searching(&system).await;
    let mut settled = BTreeSet::new();
    for number in 0..30 {
        let sku = format!("S-{number:02}");
        let _ = add(&admin, &sku, "Brass storm lantern with a long handle").await;
        settled.insert(sku);
    }
    let mut in_front = Vec::new();
    for number in 0..6 {
        in_front.push(add(&admin, &format!("F-{number}"), "Lantern").await);
    }
    let (mut forth, mut back) = (Vec::new(), Vec::new());
    let mut page = found(&public, PATH, &system.everything().await).await;
    let mut round = 0;
    // Between any two pages something in front comes or goes: each time another number of products.
    let mut disturb = async |round: usize| {
        for number in 0..round % 4 {
            in_front.push(add(&admin, &format!("N-{round}-{number}"), "Lantern").await);
        }
        for _ in 0..(round + 2) % 4 {
            if let Some(gone) = in_front.pop() {
                let _ = admin.delete(format!("/v1/products/{}", gone.id())).await.ok(204);
            }
        }
        system.everything().await
    };
    for (relation, seen) in [("next_cursor", &mut forth), ("prev_cursor", &mut back)] {
        seen.extend(skus(&page).into_iter().map(str::to_owned));
        while let Some(cursor) = page[relation].as_str() {
            round += 1;
            let path = format!("{PATH}&cursor={cursor}");
            page = found(&public, &path, &disturb(round).await).await;
            seen.extend(skus(&page).into_iter().map(str::to_owned));
        }
    }
    for (way, seen) in [("forth", forth), ("back", back)] {
        let distinct: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "{way}: {seen:?}");
        assert!(settled.is_subset(&distinct), "{way}: {seen:?}");
    }
    assert!(round >= 8, "{round} pages");
}
