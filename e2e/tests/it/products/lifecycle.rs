//! Publishing, archiving, deleting and restoring; who sees what meanwhile.

use e2e::{Client, System, product};
use serde_json::json;

struct Product<'a> {
    admin: &'a Client,
    path: String,
}

impl Product<'_> {
    fn act(&self, action: &str) -> e2e::Request {
        self.admin.post(format!("{}/{action}", self.path))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_active_is_public() {
    let system = System::start().await;
    let (admin, public, customer) = (system.admin().await, system.anonymous(), system.customer("ann").await);
    let mut body = product("MUG-1", 1250);
    body["status"] = json!("draft");
    let draft = admin.post("/v1/products").json(body).await.ok(201);
    let product = Product {
        admin: &admin,
        path: format!("/v1/products/{}", draft.id()),
    };
    let visible = async |write: &e2e::Answer| {
        let mut statuses = Vec::new();
        for who in [&public, &customer, &admin] {
            let one = who.get(&product.path).seeing(write).await;
            let listed = who.get("/v1/products").seeing(write).await.ok(200);
            let stock = who.get(format!("{}/stock", product.path)).seeing(write).await;
            assert_eq!(
                stock.status(),
                one.status(),
                "the stock of what is hidden is hidden: {stock:?}"
            );
            assert!(
                one.status() != 404 || listed.items().is_empty(),
                "what is hidden is not listed: {listed:?}"
            );
            statuses.push((one.status(), listed.items().len()));
        }
        statuses
    };
    assert_eq!(visible(&draft).await, [(404, 0), (404, 0), (200, 1)], "a draft");

    let published = product.act("publish").await.ok(200);
    assert_eq!(published["status"], "active");
    assert_eq!(
        visible(&published).await,
        [(200, 1), (200, 1), (200, 1)],
        "an active product"
    );

    let archived = product.act("archive").await.ok(200);
    assert_eq!(archived["status"], "archived");
    assert_eq!(
        visible(&archived).await,
        [(404, 0), (404, 0), (200, 1)],
        "an archived product"
    );

    let published = product.act("publish").await.ok(200);
    let deleted = admin.delete(&product.path).await.ok(204);
    assert!(deleted.text().is_empty());
    assert_eq!(
        visible(&deleted).await,
        [(404, 0), (404, 0), (200, 0)],
        "a deleted product"
    );
    let seen = admin.get(&product.path).seeing(&deleted).await.ok(200);
    assert!(seen["deleted_at"].is_string(), "{seen:?}");
    let among_deleted = admin.get("/v1/products?deleted=true").seeing(&deleted).await.ok(200);
    assert_eq!(among_deleted.each("id"), [draft.id()]);

    let restored = product.act("restore").await.ok(200);
    assert_eq!(
        (restored["status"].clone(), restored.json().get("deleted_at")),
        (published["status"].clone(), None)
    );
    assert_eq!(
        visible(&restored).await,
        [(200, 1), (200, 1), (200, 1)],
        "a restored product"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doing_it_twice_changes_nothing_or_is_refused() {
    let system = System::start().await;
    let admin = system.admin().await;
    let created = admin.post("/v1/products").json(product("MUG-1", 1250)).await.ok(201);
    let product = Product {
        admin: &admin,
        path: format!("/v1/products/{}", created.id()),
    };
    let same = product.act("publish").await.ok(200);
    assert_eq!(same["version"], created["version"], "it is active already");
    let archived = product.act("archive").await.ok(200);
    let same = product.act("archive").await.ok(200);
    assert_eq!(same["version"], archived["version"], "it is archived already");
    let same = product.act("restore").await.ok(200);
    assert_eq!(same["version"], archived["version"], "it is not deleted");
    let _ = admin
        .patch(&product.path)
        .merge(json!({"status": "draft"}))
        .await
        .refused_for(409, "status_not_reachable", &[("status", "not_reachable")]);

    let deleted = admin.delete(&product.path).await.ok(204);
    assert!(deleted.header("etag").is_some());
    let again = admin.delete(&product.path).await;
    assert!([204, 404, 409].contains(&again.status()), "{again:?}");
    let _ = admin
        .patch(&product.path)
        .merge(json!({"name": "x"}))
        .await
        .refused(409, "product_deleted");
    for action in ["publish", "archive"] {
        let _ = product.act(action).await.refused(409, "product_deleted");
    }
    let _ = admin.receive(created.id(), 1).await.refused(409, "product_deleted");
    let restored = product.act("restore").await.ok(200);
    assert_eq!(restored["status"], "archived");
    let _ = product.act("publish").json(json!({"loud": true})).await.refused_for(
        422,
        "validation_failed",
        &[("loud", "unknown_field")],
    );
    let _ = product.act("publish").json(json!({})).await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_active_cannot_be_ordered_and_old_orders_stay() {
    let system = System::start().await;
    let admin = system.admin().await;
    let shelf = admin.stocked("MUG-1", 1250, 10).await;
    let path = format!("/v1/products/{}", shelf.id);
    let order = admin.order(&[(&shelf.id, 1)]).await.ok(201);
    let _ = admin.post(format!("{path}/archive")).await.ok(200);
    let _ = admin.order(&[(&shelf.id, 1)]).await.refused_for(
        409,
        "product_not_active",
        &[("lines[0].product_id", "product_not_active")],
    );
    let _ = admin.delete(&path).await.ok(204);
    let _ = admin.order(&[(&shelf.id, 1)]).await.refused_for(
        409,
        "product_deleted",
        &[("lines[0].product_id", "product_deleted")],
    );
    let _ = admin.cancel(order.id()).await.ok(200);
    let restored = admin.post(format!("{path}/restore")).await.ok(200);
    assert_eq!(
        restored["stock"],
        json!({"on_hand": 10, "reserved": 0, "available": 10}),
        "the stock outlives the deletion"
    );
}
