//! What is reserved for an order that never comes is given back.

use chrono::TimeDelta;
use e2e::{PATIENCE, System, wait_until};
use proto::v1::stock_command_client::StockCommandClient;
use proto::v1::{CommandContext, ReserveStockRequest, StockLine};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reservation_without_an_order_runs_out() {
    let system = System::options().with("reservation-ttl", "60").start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let kept = admin.order(&[(&mug.id, 2)]).await.ok(201);
    let order_id = "ord_0198c0de-0000-7000-8000-000000000001";
    // As a process does that ends before it places the order.
    let reserve = ReserveStockRequest {
        context: Some(CommandContext {
            actor: "system:e2e".to_owned(),
            ..CommandContext::default()
        }),
        order_id: order_id.to_owned(),
        lines: vec![StockLine {
            product_id: mug.id.clone(),
            quantity: 3,
        }],
    };
    let mut stock = StockCommandClient::new(system.grpc());
    stock.reserve_stock(reserve.clone()).await.unwrap();
    stock.reserve_stock(reserve).await.unwrap();
    let path = format!("/v1/products/{}/stock", mug.id);
    let held = admin.get(&path).after(&system.everything().await).await.ok(200);
    assert_eq!(held["reserved"], 5, "the same reservation twice is one");

    system.clock().advance(TimeDelta::seconds(120));
    let events = format!("/v1/streams/stock/{}", mug.id);
    let is_release = |event: &&Value| event["event_type"] == "StockReleased";
    let released = wait_until("the reservation to run out", PATIENCE, async || {
        admin
            .get(&events)
            .await
            .ok(200)
            .items()
            .iter()
            .find(is_release)
            .cloned()
    })
    .await;
    assert_eq!(
        (
            &released["payload"]["StockReleased"]["order_id"],
            &released["payload"]["StockReleased"]["quantity"]
        ),
        (&json!(order_id), &json!(3))
    );
    assert!(
        released["metadata"]["actor"]
            .as_str()
            .is_some_and(|actor| actor.starts_with("system:"))
    );
    let everything = system.everything().await;
    let left = admin.get(&path).after(&everything).await.ok(200);
    assert_eq!(left["reserved"], 2, "what was ordered stays");
    let never = admin.get(format!("/v1/orders/{order_id}")).after(&everything).await;
    assert_eq!(never.status(), 404, "for clients it never was: {never:?}");
    let _ = admin.get(format!("/v1/orders/{}", kept.id())).await.ok(200);
}
