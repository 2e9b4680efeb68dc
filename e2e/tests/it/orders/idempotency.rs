//! An order is placed once, however often it is sent.

use std::collections::BTreeSet;

use e2e::System;
use futures::future::join_all;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_answered_with_the_same_order() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 3).await;
    let first = ann.order(&[(&mug.id, 2)]).key("basket-1").await.ok(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    // Even when the order could not be placed now, and when the products have changed since.
    let _ = admin
        .patch(format!("/v1/products/{}", mug.id))
        .merge(json!({"price": {"amount": 1}}))
        .await
        .ok(200);
    for _ in 0..2 {
        let again = ann.order(&[(&mug.id, 2)]).key("basket-1").await.ok(201);
        assert_eq!(again.json(), first.json());
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        for name in ["etag", "location"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        let read = ann
            .get(format!("/v1/orders/{}", again.id()))
            .seeing(&again)
            .await
            .ok(200);
        assert_eq!(read.json(), first.json());
    }
    let _ = ann
        .order(&[(&mug.id, 1)])
        .key("basket-1")
        .await
        .refused(422, "idempotency_key_reused");
    let _ = ann.order(&[(&mug.id, 1)]).key("basket-2").await.ok(201);
    let stock = admin
        .get(format!("/v1/products/{}/stock", mug.id))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(stock["reserved"], 3);
    // Another caller's key is another key.
    let _ = admin
        .order(&[(&mug.id, 2)])
        .key("basket-1")
        .await
        .refused(409, "insufficient_stock");
    let _ = ann.cancel(first.id()).await.ok(200);
    let again = ann.order(&[(&mug.id, 2)]).key("basket-1").await.ok(201);
    assert_eq!(
        (again.id(), &again["status"]),
        (first.id(), &json!("pending")),
        "the stored answer, not the present state"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_one_order() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 100).await;
    let answers = join_all((0..32).map(|_| admin.order(&[(&mug.id, 2)]).key("the-one").into_future())).await;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.ok(201)).collect();
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.id().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.header("idempotent-replayed").is_none())
            .count(),
        1
    );
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
    let everything = system.everything().await;
    let listed = admin.get("/v1/orders").after(&everything).await.ok(200);
    assert_eq!(listed.items().len(), 1);
    let stock = admin
        .get(format!("/v1/products/{}/stock", mug.id))
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(stock["reserved"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_bodies_under_one_key_one_is_refused() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 100).await;
    let answers =
        join_all((0..16).map(|index| admin.order(&[(&mug.id, 1 + index % 2)]).key("either").into_future())).await;
    let (placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 201);
    assert_eq!((placed.len(), refused.len()), (8, 8));
    assert_eq!(
        placed
            .iter()
            .map(|answer| answer.id().to_owned())
            .collect::<BTreeSet<_>>()
            .len(),
        1
    );
    for answer in refused {
        let _ = answer.refused(422, "idempotency_key_reused");
    }
    let stock = admin
        .get(format!("/v1/products/{}/stock", mug.id))
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(stock["reserved"], placed[0]["lines"][0]["quantity"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_order_can_be_tried_again_under_its_key() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 1).await;
    let _ = admin
        .order(&[(&mug.id, 2)])
        .key("patience")
        .await
        .refused(409, "insufficient_stock");
    let _ = admin.receive(&mug.id, 1).await.ok(200);
    let placed = admin.order(&[(&mug.id, 2)]).key("patience").await.ok(201);
    assert_eq!(placed.header("idempotent-replayed"), None);
    for key in ["", " ", "two words", "tab\tkey", &"k".repeat(256)] {
        let refused = admin.order(&[(&mug.id, 1)]).key(key).await;
        assert_eq!(
            (refused.status(), refused["code"].as_str()),
            (400, Some("invalid_header")),
            "{key:?} {refused:?}"
        );
    }
    // After a restart the keys are still known.
    let (token, url_of_old) = (admin.token().to_owned(), system.url());
    let key = system.signing_key();
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key.pem");
    std::fs::write(&key_file, key).unwrap();
    let database = system.shut_down().await;
    let system = System::options()
        .on(&database)
        .with("jwt-key-file", key_file.display().to_string())
        .start()
        .await;
    assert_ne!(system.url(), url_of_old);
    let again = system
        .anonymous()
        .with_token(token)
        .order(&[(&mug.id, 2)])
        .key("patience")
        .await
        .ok(201);
    assert_eq!(
        (again.json(), again.header("idempotent-replayed")),
        (placed.json(), Some("true"))
    );
}
