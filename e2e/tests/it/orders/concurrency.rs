//! Stock is never oversold.

use std::collections::BTreeMap;

use e2e::{Answer, Client, System};
use futures::future::join_all;
use serde_json::json;

async fn stock(admin: &Client, id: &str, everything: &str) -> Answer {
    admin
        .get(format!("/v1/products/{id}/stock"))
        .after(everything)
        .await
        .ok(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_buyers_of_two_products_get_what_there_is() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 40).await;
    let plate = admin.stocked("PLATE-1", 799, 25).await;
    // Each wants one of both, half of them in the other order, and each tries twice.
    let buyers = (0..64).map(|buyer| {
        let lines = if buyer % 2 == 0 {
            [(mug.id.as_str(), 1), (plate.id.as_str(), 1)]
        } else {
            [(plate.id.as_str(), 1), (mug.id.as_str(), 1)]
        };
        let admin = &admin;
        async move { [admin.order(&lines).await, admin.order(&lines).await] }
    });
    let answers: Vec<Answer> = join_all(buyers).await.into_iter().flatten().collect();
    let (placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status() == 201);
    assert_eq!(placed.len(), 25, "every unit of the scarcer one is sold, and no more");
    for answer in refused {
        let answer = answer.refused(409, "insufficient_stock");
        assert!(
            answer["lines"]
                .as_array()
                .unwrap()
                .iter()
                .all(|line| line["product_id"] == plate.id.as_str() && line["available"] == 0),
            "{answer:?}"
        );
    }
    let everything = system.everything().await;
    for (shelf, on_hand) in [(&mug, 40), (&plate, 25)] {
        let level = stock(&admin, &shelf.id, &everything).await;
        assert_eq!(
            (&level["on_hand"], &level["reserved"]),
            (&json!(on_hand), &json!(25)),
            "{level:?}"
        );
    }
    let numbers: BTreeMap<u64, &str> = placed
        .iter()
        .map(|order| (order["number"].as_u64().unwrap(), order.id()))
        .collect();
    assert_eq!(numbers.len(), 25, "no number is given twice");
    let listed = admin.get("/v1/orders?limit=200").after(&everything).await.ok(200);
    assert_eq!(listed.items().len(), 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buyers_and_cancellers_leave_the_books_balanced() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let buyers = (0..24).map(|_| {
        let (admin, mug) = (&admin, &mug);
        async move {
            let mut kept = 0;
            for round in 0..4 {
                let order = admin.order(&[(&mug.id, 1)]).await;
                if order.status() != 201 {
                    let _ = order.refused(409, "insufficient_stock");
                } else if round % 2 == 0 {
                    let _ = admin.cancel(order.id()).await.ok(200);
                } else {
                    kept += 1;
                }
            }
            kept
        }
    });
    let kept: i64 = join_all(buyers).await.into_iter().sum();
    assert!(kept <= 10, "{kept} of 10 were sold");
    let everything = system.everything().await;
    let level = stock(&admin, &mug.id, &everything).await;
    assert_eq!(
        (&level["on_hand"], &level["reserved"]),
        (&json!(10), &json!(kept)),
        "{level:?}"
    );
    let pending = admin
        .get("/v1/orders?status=pending&limit=200")
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(i64::try_from(pending.items().len()).unwrap(), kept);
    // Nothing of it is stuck: what is available can be bought to the last one.
    let rest = 10 - kept;
    if rest > 0 {
        let _ = admin.order(&[(&mug.id, rest)]).await.ok(201);
    }
    let _ = admin.order(&[(&mug.id, 1)]).await.refused(409, "insufficient_stock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_never_mix_two_prices() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 100, 1000).await;
    let path = format!("/v1/products/{}", mug.id);
    let changes = async {
        for price in 101..=116 {
            let _ = admin
                .patch(&path)
                .merge(json!({"price": {"amount": price, "currency": "GBP"}}))
                .await
                .ok(200);
        }
    };
    let orders = join_all((0..48).map(|_| admin.order(&[(&mug.id, 1), (&mug.id, 2)]).into_future()));
    let ((), orders) = tokio::join!(changes, orders);
    for order in orders {
        let order = order.ok(201);
        let (first, second) = (
            &order["lines"][0]["unit_price"]["amount"],
            &order["lines"][1]["unit_price"]["amount"],
        );
        assert_eq!(first, second);
        assert_eq!(order["total"]["amount"].as_i64(), first.as_i64().map(|price| price * 3));
    }
}
