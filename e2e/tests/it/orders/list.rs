//! `GET /v1/orders`

use std::collections::BTreeSet;

use e2e::{Client, System};
use serde_json::{Value, json};

/// Everything of a list, page by page through `next_cursor`.
async fn pages(who: &Client, query: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = who.get(format!("/v1/orders?{query}{cursor}")).await.ok(200);
        items.extend_from_slice(page.items());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn numbers(items: &[Value]) -> Vec<u64> {
    items.iter().map(|item| item["number"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_choose_and_combine() {
    let system = System::start().await;
    let admin = system.admin().await;
    let (ann, bob) = (system.customer("ann").await, system.customer("bob").await);
    let mug = admin.stocked("MUG-1", 1000, 100).await;
    let plate = admin.stocked("PLATE-1", 300, 100).await;
    let mut orders = Vec::new();
    for (who, lines) in [
        (&ann, vec![(mug.id.as_str(), 1)]),
        (&ann, vec![(plate.id.as_str(), 1)]),
        (&bob, vec![(mug.id.as_str(), 2), (plate.id.as_str(), 1)]),
        (&bob, vec![(plate.id.as_str(), 10)]),
    ] {
        orders.push(who.order(&lines).await.ok(201));
    }
    let _ = bob.cancel(orders[3].id()).await.ok(200);
    let everything = system.everything().await;
    let all: Vec<u64> = orders.iter().map(|order| order["number"].as_u64().unwrap()).collect();
    let placed = |index: usize| orders[index]["placed_at"].as_str().unwrap().to_owned();
    let (ann_id, bob_id) = (ann.user_id(), bob.user_id());
    for (query, expected) in [
        (String::new(), vec![0, 1, 2, 3]),
        ("status=pending".to_owned(), vec![0, 1, 2]),
        ("status=cancelled".to_owned(), vec![3]),
        ("status=pending,cancelled".to_owned(), vec![0, 1, 2, 3]),
        ("status=completed".to_owned(), vec![]),
        (format!("customer={ann_id}"), vec![0, 1]),
        (format!("customer={bob_id}&status=pending"), vec![2]),
        (format!("product={}", mug.id), vec![0, 2]),
        (format!("product={}&customer={bob_id}", plate.id), vec![2, 3]),
        ("currency=GBP&min_total=1000".to_owned(), vec![0, 2, 3]),
        ("currency=GBP&max_total=1000".to_owned(), vec![0, 1]),
        ("currency=GBP&min_total=1000&max_total=2300".to_owned(), vec![0, 2]),
        ("currency=GBP".to_owned(), vec![0, 1, 2, 3]),
        ("currency=EUR".to_owned(), vec![]),
        (format!("from={}", placed(1)), vec![1, 2, 3]),
        (format!("to={}", placed(1)), vec![0]),
        (format!("from={}&to={}", placed(1), placed(3)), vec![1, 2]),
        ("to=2000-01-01".to_owned(), vec![]),
        ("from=2000-01-01T00:00:00%2B02:00".to_owned(), vec![0, 1, 2, 3]),
    ] {
        let page = admin
            .get(format!("/v1/orders?{query}"))
            .after(&everything)
            .await
            .ok(200);
        let mut found = numbers(page.items());
        found.sort_unstable();
        assert_eq!(
            found,
            expected.into_iter().map(|index: usize| all[index]).collect::<Vec<_>>(),
            "{query}"
        );
    }
    for (sort, expected) in [
        ("-placed_at", [3, 2, 1, 0]),
        ("placed_at", [0, 1, 2, 3]),
        ("total", [1, 0, 2, 3]),
        ("-total", [3, 2, 0, 1]),
        ("number", [0, 1, 2, 3]),
        ("-number", [3, 2, 1, 0]),
    ] {
        let found = numbers(&pages(&admin, &format!("sort={sort}&limit=1")).await);
        assert_eq!(found, expected.map(|index: usize| all[index]), "{sort}");
    }
    for (query, field, code) in [
        ("status=lost", "status", "unknown"),
        ("customer=ann", "customer", "invalid_format"),
        ("product=MUG-1", "product", "invalid_format"),
        ("from=yesterday", "from", "invalid_format"),
        ("from=2024-02-30", "from", "invalid_format"),
        ("from=2024-02-02&to=2024-02-01", "to", "out_of_range"),
        ("min_total=1.5", "min_total", "invalid_type"),
        ("min_total=2", "currency", "required"),
        ("max_total=2", "currency", "required"),
        ("min_total=2&max_total=1&currency=GBP", "max_total", "out_of_range"),
        ("sort=colour", "sort", "unknown"),
        ("limit=-1", "limit", "out_of_range"),
        ("offset=10", "offset", "unknown_parameter"),
    ] {
        let _ = admin
            .get(format!("/v1/orders?{query}"))
            .await
            .refused_for(400, "invalid_parameter", &[(field, code)]);
    }
    let _ = admin
        .get("/v1/orders?cursor=nonsense")
        .await
        .refused(400, "invalid_cursor");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_stay_stable_while_orders_are_placed() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1000, 1000).await;
    let mut present = BTreeSet::new();
    for _ in 0..25 {
        present.insert(admin.order(&[(&mug.id, 1)]).await.ok(201)["number"].as_u64().unwrap());
    }
    let everything = system.everything().await;
    let _ = admin.get("/v1/orders").after(&everything).await.ok(200);
    for sort in ["-placed_at", "placed_at", "-number", "total"] {
        let placing = async {
            for _ in 0..12 {
                let _ = admin.order(&[(&mug.id, 1)]).await.ok(201);
            }
        };
        let query = format!("sort={sort}&limit=3");
        let ((), items) = tokio::join!(placing, pages(&admin, &query));
        let found = numbers(&items);
        let once: BTreeSet<u64> = found.iter().copied().collect();
        assert_eq!(once.len(), found.len(), "{sort}: nothing comes twice");
        assert!(present.is_subset(&once), "{sort}: nothing that was there is left out");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_can_be_left_the_way_it_was_entered() {
    let system = System::start().await;
    let ann = system.customer("ann").await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1000, 1000).await;
    for _ in 0..7 {
        let _ = ann.order(&[(&mug.id, 1)]).await.ok(201);
    }
    let everything = system.everything().await;
    let first = ann.get("/v1/orders?limit=3").after(&everything).await.ok(200);
    assert_eq!((first.items().len(), &first["prev_cursor"]), (3, &Value::Null));
    let turn = async |page: &e2e::Answer, which: &str| {
        let cursor = page[which].as_str().unwrap();
        ann.get(format!("/v1/orders?limit=3&cursor={cursor}")).await.ok(200)
    };
    let second = turn(&first, "next_cursor").await;
    let third = turn(&second, "next_cursor").await;
    assert_eq!((third.items().len(), &third["next_cursor"]), (1, &Value::Null));
    assert_eq!(
        turn(&third, "prev_cursor").await.json()["items"],
        second.json()["items"]
    );
    let back = turn(&second, "prev_cursor").await;
    assert_eq!(back.json()["items"], first.json()["items"]);
    assert_eq!(back["prev_cursor"], Value::Null);
    // Something new shows before the first page, and the way back leads to it.
    let newest = ann.order(&[(&mug.id, 1)]).await.ok(201);
    let _ = ann.get("/v1/orders").seeing(&newest).await.ok(200);
    let back = turn(&second, "prev_cursor").await;
    let cursor = back["prev_cursor"].as_str().map(str::to_owned);
    let before = match cursor {
        Some(_) => turn(&back, "prev_cursor").await,
        None => back,
    };
    assert!(before.each("id").contains(&newest.id()), "{before:?}");
    assert_eq!(
        json!(before.items().iter().filter(|item| item["id"] == newest["id"]).count()),
        1
    );
}
