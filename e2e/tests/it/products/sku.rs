//! SKUs are unique, whatever happens at the same time.

use e2e::{System, product};
use futures::future::join_all;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sku_belongs_to_one_product() {
    let system = System::start().await;
    let admin = system.admin().await;
    let first = admin.post("/v1/products").json(product("MUG-1", 1)).await.ok(201);
    let refused =
        admin
            .post("/v1/products")
            .json(product("MUG-1", 2))
            .await
            .refused_for(409, "sku_taken", &[("sku", "taken")]);
    assert_eq!(
        (&refused["sku"], refused["product_id"].as_str()),
        (&json!("MUG-1"), Some(first.id()))
    );
    // Spaces around it are not part of it, its case is.
    let _ = admin
        .post("/v1/products")
        .json(product(" MUG-1 ", 2))
        .await
        .refused(409, "sku_taken");
    let _ = admin.post("/v1/products").json(product("mug-1", 2)).await.ok(201);

    let second = admin.post("/v1/products").json(product("MUG-2", 2)).await.ok(201);
    let path = format!("/v1/products/{}", second.id());
    let _ = admin
        .patch(&path)
        .merge(json!({"sku": "MUG-1"}))
        .await
        .refused(409, "sku_taken");
    let _ = admin.patch(&path).merge(json!({"sku": "MUG-3"})).await.ok(200);
    let _ = admin.post("/v1/products").json(product("MUG-2", 2)).await.ok(201);
    let _ = admin
        .patch(&path)
        .merge(json!({"sku": "MUG-2"}))
        .await
        .refused(409, "sku_taken");
    let _ = admin.patch(&path).merge(json!({"sku": "MUG-3"})).await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_alikes_are_one_thing() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mut cup = product("CUP-1", 1);
    cup["category"] = json!("Ku\u{308}che\u{feff}/große\u{a0}Becher");
    cup["name"] = json!("Cup \u{202e}gpj.exe\u{202c}");
    let created = admin.post("/v1/products").json(cup).await.ok(201);
    assert_eq!(created["category"], "Küche/große Becher");
    assert_eq!(created["name"], "Cup gpj.exe");
    for sku in [
        "CUP\u{200b}-1",
        "\u{feff}CUP-1",
        "CUP-1\u{a0}",
        "\u{202d}CUP\u{2011}1",
        "C\u{ad}UP-1",
    ] {
        let _ =
            admin
                .post("/v1/products")
                .json(product(sku, 1))
                .await
                .refused_for(409, "sku_taken", &[("sku", "taken")]);
    }
    // A Cyrillic С: no form of it is the Latin one.
    let _ = admin
        .post("/v1/products")
        .json(product("\u{421}UP-1", 1))
        .await
        .refused_for(422, "validation_failed", &[("sku", "invalid_character")]);
    for category in ["../..", "kitchen/..", "kitchen/\u{200b}"] {
        let mut mug = product("MUG-1", 1);
        mug["category"] = json!(category);
        let _ = admin.post("/v1/products").json(mug).await.refused_for(
            422,
            "validation_failed",
            &[("category", "invalid_format")],
        );
    }
    let everything = system.everything().await;
    for query in [
        "sku=%EF%BB%BFCUP-1%C2%A0",
        "category=Ku%CC%88che",
        "category=K%C3%BCche/gro%C3%9Fe%20Becher",
    ] {
        let found = admin
            .get(format!("/v1/products?{query}"))
            .after(&everything)
            .await
            .ok(200);
        assert_eq!(found.each("id"), [created.id()], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_frees_a_sku_and_restoring_needs_it_back() {
    let system = System::start().await;
    let admin = system.admin().await;
    let first = admin.post("/v1/products").json(product("MUG-1", 1)).await.ok(201);
    let path = format!("/v1/products/{}", first.id());
    let _ = admin.delete(&path).await.ok(204);
    let second = admin.post("/v1/products").json(product("MUG-1", 2)).await.ok(201);
    assert_ne!(second.id(), first.id());
    let _ = admin.post(format!("{path}/restore")).await.refused(409, "sku_taken");
    let _ = admin
        .patch(format!("/v1/products/{}", second.id()))
        .merge(json!({"sku": "MUG-2"}))
        .await
        .ok(200);
    let restored = admin.post(format!("{path}/restore")).await.ok(200);
    assert_eq!(restored["sku"], "MUG-1");
    let _ = admin
        .post("/v1/products")
        .json(product("MUG-1", 3))
        .await
        .refused(409, "sku_taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_gets_the_sku() {
    let system = System::start().await;
    let admin = system.admin().await;
    for round in 0..3 {
        let sku = format!("MUG-{round}");
        let answers =
            join_all((0..24).map(|index| admin.post("/v1/products").json(product(&sku, index)).into_future())).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 201);
        assert_eq!(won.len(), 1);
        for answer in lost {
            let _ = answer.refused(409, "sku_taken");
        }
    }
    // Two products that want to trade theirs at the same time cannot both succeed, and neither loses its own.
    let one = admin.post("/v1/products").json(product("ONE", 1)).await.ok(201);
    let two = admin.post("/v1/products").json(product("TWO", 2)).await.ok(201);
    let swap = |id: &str, sku: &str| admin.patch(format!("/v1/products/{id}")).merge(json!({"sku": sku}));
    let (left, right) = tokio::join!(swap(one.id(), "TWO").into_future(), swap(two.id(), "ONE").into_future());
    assert_eq!((left.status(), right.status()), (409, 409));
    // A hand-over is possible: whoever comes first, in the end each SKU has one owner.
    let racers = join_all((0..12).map(|index| {
        let id = if index % 2 == 0 { one.id() } else { two.id() };
        swap(id, &format!("NEW-{}", index / 4)).into_future()
    }))
    .await;
    assert!(
        racers.iter().all(|answer| [200, 409].contains(&answer.status())),
        "{racers:?}"
    );
    let everything = system.everything().await;
    let listed = admin.get("/v1/products?limit=100").after(&everything).await.ok(200);
    let mut skus = listed.each("sku");
    let count = skus.len();
    skus.sort_unstable();
    skus.dedup();
    assert_eq!(skus.len(), count, "{skus:?}");
}
