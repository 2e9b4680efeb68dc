//! The books: orders that do not hold what they should are found and mended, and nothing else is.

use std::time::Duration;

use command::{BookFinding, Mismatch};
use domain::{OrderId, Reason, order::OrderStatus};
use proto::v1::{CancelOrderRequest, OrderStockRequest};
use sqlx::PgPool;

use crate::{
    reservations::{Running, run},
    stock::reserve,
    support::{ADMIN, CUSTOMER, Shop, TTL, answer, context, eventually, order},
};

const LOST: &str = "ord_01970000-0000-7000-8000-000000000001";

/// Does to an order what no order may suffer: its stock goes, and it stays.
async fn rob(shop: &Shop, order_id: &str, product_id: &str) {
    let request = OrderStockRequest {
        context: context(CUSTOMER),
        order_id: order_id.to_owned(),
        product_ids: vec![product_id.to_owned()],
        reason: "the order was not placed".to_owned(),
    };
    shop.stock.clone().release_stock(request).await.unwrap();
}

async fn place(shop: &Shop, product_id: &str, units: i64) -> String {
    let placed = shop.place(order(&[(product_id, units)])).await.unwrap();
    placed.order.unwrap().id
}

fn finding(order_id: &str, product_id: &str, [owed, held, available]: [i64; 3]) -> BookFinding {
    BookFinding {
        order_id: order_id.parse::<OrderId>().unwrap(),
        mismatches: vec![Mismatch {
            product_id: product_id.parse().unwrap(),
            owed,
            held,
            available,
        }],
    }
}

/// Kind, order and units, by kind.
async fn findings(shop: &Shop) -> Vec<(String, String, i64, i64)> {
    sqlx::query_as("SELECT kind, subject, owed, held FROM books_findings ORDER BY kind, subject")
        .fetch_all(&shop.pool)
        .await
        .unwrap()
}

async fn found(shop: &Shop, expected: &[(&str, &str, i64, i64)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(kind, order, owed, held)| ((*kind).to_owned(), (*order).to_owned(), *owed, *held))
        .collect();
    eventually("the findings are as expected", || async {
        findings(shop).await == expected
    })
    .await;
}

/// The processes have read everything that is in the log now, and looked at what was due.
async fn caught_up(shop: &Shop, running: Running) {
    eventually("the log is read", || async {
        let unread: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM lanes l LEFT JOIN process_position p ON p.name = 'books' AND p.lane = l.lane
                     WHERE l.head > coalesce(p.position, 0))
                  + (SELECT count(*) FROM process_instance WHERE due <= $1)
                  + (SELECT count(*) FROM process_effect WHERE status IN ('waiting', 'delivered'))",
        )
        .bind(shop.clock.now())
        .fetch_one(&shop.pool)
        .await
        .unwrap();
        unread == 0
    })
    .await;
    running.stop().await;
}

fn why() -> Reason {
    Reason::new("an answer was lost").unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_order_without_its_stock_is_found_and_gets_it_back(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 10).await;
    let whole = place(&shop, &mug.id, 1).await;
    let robbed = place(&shop, &mug.id, 3).await;
    rob(&shop, &robbed, &mug.id).await;
    shop.clock.advance(Duration::from_secs(6));
    let running = run(&shop);
    found(&shop, &[("order_without_stock", &robbed, 3, 0)]).await;

    let findings = shop.command.check_books().await.unwrap();
    assert_eq!(findings, [finding(&robbed, &mug.id, [3, 0, 9])]);
    let left = shop
        .command
        .mend_books("system:cli", &why(), &findings[0])
        .await
        .unwrap();
    assert_eq!(left, []);
    found(&shop, &[]).await;
    assert_eq!(shop.command.check_books().await.unwrap(), []);
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 4);
    let (actor, reason, command): (String, String, String) = sqlx::query_as(
        "SELECT actor, metadata->>'reason', metadata->>'command' FROM events WHERE aggregate_id = $1 AND aggregate_type = 'stock'
         ORDER BY sequence DESC LIMIT 1",
    )
    .bind(&mug.id)
    .fetch_one(&shop.pool)
    .await
    .unwrap();
    assert_eq!(
        (&*actor, &*reason, &*command),
        ("system:cli", "an answer was lost", "mend_books")
    );
    // Again, it changes nothing.
    let events = shop.count("StockReserved").await;
    assert_eq!(
        shop.command
            .mend_books("system:cli", &why(), &findings[0])
            .await
            .unwrap(),
        []
    );
    assert_eq!(shop.count("StockReserved").await, events);
    // The order goes on like any other.
    let cancel = CancelOrderRequest {
        context: context(ADMIN),
        id: robbed.clone(),
        reason: "no".to_owned(),
        ..CancelOrderRequest::default()
    };
    answer(shop.orders.clone().cancel_order(cancel).await).unwrap();
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 1);
    shop.clock.advance(TTL * 4);
    caught_up(&shop, running).await;
    assert_eq!(self::findings(&shop).await, []);
    assert_eq!(shop.order(&whole).await.status(), Some(OrderStatus::Pending));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_sold_twice_waits_for_stock_or_for_a_cancellation(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 3).await;
    let robbed = place(&shop, &mug.id, 3).await;
    rob(&shop, &robbed, &mug.id).await;
    place(&shop, &mug.id, 2).await;
    shop.clock.advance(Duration::from_secs(6));
    let short = finding(&robbed, &mug.id, [3, 0, 1]);
    assert_eq!(shop.command.check_books().await.unwrap(), std::slice::from_ref(&short));
    let left = shop.command.mend_books("system:cli", &why(), &short).await.unwrap();
    assert_eq!(left, short.mismatches, "there is one, and not three");
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 2);
    found(&shop, &[("order_without_stock", &robbed, 3, 0)]).await;
    shop.receive(&mug.id, 2).await;
    assert_eq!(shop.command.mend_books("system:cli", &why(), &short).await.unwrap(), []);
    assert_eq!(
        (
            shop.stock_of(&mug.id).await.reserved(),
            shop.stock_of(&mug.id).await.available()
        ),
        (5, 0)
    );
    found(&shop, &[]).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn stock_without_its_order_is_found_when_it_should_have_returned(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 10).await;
    reserve(&shop, LOST, &[(&mug.id, 4)]).await.unwrap();
    shop.clock.advance(TTL);
    assert_eq!(shop.command.check_books().await.unwrap(), [], "it is in flight");
    shop.clock.advance(Duration::from_mins(1));
    let findings = shop.command.check_books().await.unwrap();
    assert_eq!(findings, [finding(LOST, &mug.id, [0, 4, 6])]);
    found(&shop, &[("stock_without_order", LOST, 0, 4)]).await;
    assert_eq!(
        shop.command
            .mend_books("system:cli", &why(), &findings[0])
            .await
            .unwrap(),
        []
    );
    assert_eq!(shop.stock_of(&mug.id).await.available(), 10);
    assert_eq!(
        shop.order(LOST).await.status(),
        Some(OrderStatus::Expired),
        "it cannot come any more"
    );
    assert_eq!(shop.command.check_books().await.unwrap(), []);
    found(&shop, &[]).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_shop_that_does_as_it_should_has_no_findings(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let running = run(&shop);
    let mug = shop.stocked("MUG-1", 1250, 100).await;
    let kept = place(&shop, &mug.id, 2).await;
    let twice = shop.place(order(&[(&mug.id, 1), (&mug.id, 2)])).await.unwrap();
    let cancelled = place(&shop, &mug.id, 3).await;
    let cancel = CancelOrderRequest {
        context: context(CUSTOMER),
        id: cancelled,
        reason: "no".to_owned(),
        ..CancelOrderRequest::default()
    };
    answer(shop.orders.clone().cancel_order(cancel).await).unwrap();
    let shipped = place(&shop, &mug.id, 5).await;
    let request = OrderStockRequest {
        context: context(ADMIN),
        order_id: shipped,
        product_ids: vec![mug.id.clone()],
        ..OrderStockRequest::default()
    };
    shop.stock.clone().commit_stock(request).await.unwrap();
    reserve(&shop, LOST, &[(&mug.id, 4)]).await.unwrap();
    shop.clock.advance(TTL * 4);
    eventually("the reservation runs out", || async {
        shop.stock_of(&mug.id).await.reserved() == 5
    })
    .await;
    caught_up(&shop, running).await;
    assert_eq!(findings(&shop).await, []);
    assert_eq!(shop.command.check_books().await.unwrap(), []);
    assert_eq!(shop.order(&kept).await.status(), Some(OrderStatus::Pending));
    assert!(twice.order.is_some());
}
