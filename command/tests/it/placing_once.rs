use proto::{
    failure::FailureKind,
    v1::{CancelOrderRequest, PlaceOrderRequest},
};
use sqlx::PgPool;

use crate::support::{CUSTOMER, Shop, answer, keyed, order, refused, remote};

fn under_key(product_id: &str, key: &str, body: &str) -> PlaceOrderRequest {
    PlaceOrderRequest {
        context: keyed(CUSTOMER, key, body),
        ..order(&[(product_id, 1)])
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_repeated_key_gets_the_first_answer_even_when_things_have_changed(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 1).await;
    let first = shop.place(under_key(&mug.id, "k", "a")).await.unwrap();
    let first_order = first.order.clone().unwrap();
    // Nothing is left, and the order is cancelled: still the same answer.
    let again = shop.place(under_key(&mug.id, "k", "a")).await.unwrap();
    assert_eq!(again.order, first.order);
    let (told, told_again) = (first.committed.clone().unwrap(), again.committed.unwrap());
    assert!(told_again.replayed);
    assert_eq!(told_again.consistency_token, told.consistency_token);
    let cancel = CancelOrderRequest {
        context: keyed(CUSTOMER, "k", "a"),
        id: first_order.id.clone(),
        reason: "no".to_owned(),
        ..CancelOrderRequest::default()
    };
    let cancelled = answer(shop.orders.clone().cancel_order(cancel.clone()).await).unwrap();
    let replayed = answer(shop.orders.clone().cancel_order(cancel).await).unwrap();
    assert!(replayed.committed.unwrap().replayed);
    assert_eq!(replayed.order, cancelled.order);
    assert_eq!(
        shop.place(under_key(&mug.id, "k", "a")).await.unwrap().order,
        first.order
    );

    // A process that does not remember the key, as after a restart: first when nothing can be reserved, then when it can.
    shop.place(under_key(&mug.id, "k2", "a")).await.unwrap();
    let restarted = shop.beside(2).await;
    assert_eq!(
        restarted.place(under_key(&mug.id, "k", "a")).await.unwrap().order,
        first.order
    );
    shop.receive(&mug.id, 5).await;
    let restarted = shop.beside(3).await;
    assert_eq!(
        restarted.place(under_key(&mug.id, "k", "a")).await.unwrap().order,
        first.order
    );
    let reused = restarted.place(under_key(&mug.id, "k", "b")).await;
    refused(reused, FailureKind::KeyReused, "idempotency_key_reused");
    let reused = shop.beside(4).await.place(under_key(&mug.id, "k", "b")).await;
    refused(reused, FailureKind::KeyReused, "idempotency_key_reused");
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 1, "that of k2");
    assert_eq!(shop.count("OrderPlaced").await, 2);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_key_at_once_makes_one_order_and_one_reservation(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 100).await;
    let runs: Vec<_> = (0..16)
        .map(|_| {
            let (shop, request) = (shop.clone(), under_key(&mug.id, "k", "a"));
            tokio::spawn(async move { shop.place(request).await.unwrap().order.unwrap() })
        })
        .collect();
    let mut orders = std::collections::BTreeSet::new();
    for run in runs {
        orders.insert(run.await.unwrap().id);
    }
    assert_eq!(orders.len(), 1);
    assert_eq!(shop.count("OrderPlaced").await, 1);
    assert_eq!(shop.count("StockReserved").await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_key_in_two_processes_makes_one_order(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let other = shop.beside(2).await;
    let mug = shop.stocked("MUG-1", 1250, 100).await;
    for round in 0..20 {
        let key = format!("k{round}");
        let (here, there) = tokio::join!(
            shop.place(under_key(&mug.id, &key, "a")),
            other.place(under_key(&mug.id, &key, "a")),
        );
        assert_eq!(here.unwrap().order, there.unwrap().order);
    }
    assert_eq!(shop.count("OrderPlaced").await, 20);
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 20);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_the_stock_service_nothing_is_placed(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 1).await;
    // A port that nobody listens on.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let cut_off = shop.beside_with_stock(2, remote(&address)).await;
    let failure = cut_off.place(under_key(&mug.id, "k", "a")).await;
    refused(failure, FailureKind::Unavailable, "unavailable");
    assert_eq!(shop.count("OrderPlaced").await, 0);
    shop.place(under_key(&mug.id, "k", "a")).await.unwrap();
}
