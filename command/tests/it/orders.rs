use domain::order::OrderStatus;
use proto::{
    failure::{Failure, FailureKind},
    v1::{self, CancelOrderRequest, OrderReply, PlaceOrderRequest, ProductRequest, UpdateProductRequest},
};
use sqlx::PgPool;

use crate::support::{ADMIN, CUSTOMER, Shop, answer, context, fields, gbp, new_product, order, priced, refused};

fn cancellation(id: &str) -> CancelOrderRequest {
    CancelOrderRequest {
        context: context(CUSTOMER),
        id: id.to_owned(),
        reason: "changed my mind".to_owned(),
        ..CancelOrderRequest::default()
    }
}

async fn cancel(shop: &Shop, request: CancelOrderRequest) -> Result<OrderReply, Failure> {
    answer(shop.orders.clone().cancel_order(request).await)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_order_is_priced_by_its_products_and_keeps_them_as_they_were(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [mug, pot] = [
        shop.stocked("MUG-1", 1250, 10).await,
        shop.stocked("POT-1", 3000, 10).await,
    ];
    let request = PlaceOrderRequest {
        country: "GB".to_owned(),
        expected_total: gbp(2 * 1250 + 3000 + 1250),
        ..order(&[(&mug.id, 2), (&pot.id, 1), (&mug.id, 1)])
    };
    let reply = shop.place(request).await.unwrap();
    let placed = reply.order.unwrap();
    assert!(placed.id.starts_with("ord_"));
    assert_eq!(placed.number, 1001);
    assert_eq!(placed.status(), v1::OrderStatus::Pending);
    assert_eq!((placed.total, placed.currency.as_str()), (6750, "GBP"));
    assert_eq!((placed.customer_id.as_str(), placed.country.as_str()), (CUSTOMER, "GB"));
    assert_eq!(placed.placed_at_micros, shop.clock.now().timestamp_micros());
    let lines: Vec<_> = placed
        .lines
        .iter()
        .map(|line| (line.sku.as_str(), line.quantity, line.total))
        .collect();
    assert_eq!(lines, [("MUG-1", 2, 2500), ("POT-1", 1, 3000), ("MUG-1", 1, 1250)]);
    assert_eq!(placed.lines[0].category, "kitchen/mugs");
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 3);
    let lanes: std::collections::BTreeSet<u32> = [&mug.id, &pot.id, &placed.id].map(|id| shop.store.lane_of(id)).into();
    let token = reply.committed.unwrap().consistency_token;
    assert_eq!(
        token.split('-').count(),
        lanes.len(),
        "the token covers the stock too: {token}"
    );

    let second = shop.place(order(&[(&mug.id, 1)])).await.unwrap().order.unwrap();
    assert_eq!(second.number, 1002);
    let renamed = UpdateProductRequest {
        context: context(ADMIN),
        id: mug.id.clone(),
        name: Some("New".to_owned()),
        price: priced(1),
        ..UpdateProductRequest::default()
    };
    shop.products.clone().update_product(renamed).await.unwrap();
    let kept = shop.order(&placed.id).await.placed().unwrap().lines[0].clone();
    assert_eq!((kept.name.as_str(), kept.unit_price), ("Product MUG-1", 1250));

    // One command for all: the stock's events are found from the order's request.
    let correlations: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT correlation_id) FROM events WHERE event_type IN ('OrderPlaced', 'StockReserved')",
    )
    .fetch_one(&shop.pool)
    .await
    .unwrap();
    assert_eq!(correlations, 2);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn numbers_are_returned_at_shutdown(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 10).await;
    shop.place(order(&[(&mug.id, 1)])).await.unwrap();
    shop.command.close().await;
    let next = shop.beside(2).await.place(order(&[(&mug.id, 1)])).await.unwrap();
    assert_eq!(next.order.unwrap().number, 1002);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_wrong_with_an_order_is_told_at_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let wrong = PlaceOrderRequest {
        customer_id: "me".to_owned(),
        currency: "gbp".to_owned(),
        country: "UK".to_owned(),
        ..order(&[("MUG-1", 0)])
    };
    let failure = refused(shop.place(wrong).await, FailureKind::Invalid, "validation_failed");
    assert_eq!(
        fields(&failure),
        [
            ("country", "unknown"),
            ("currency", "invalid_format"),
            ("customer_id", "invalid_format"),
            ("lines[0].product_id", "invalid_format"),
            ("lines[0].quantity", "out_of_range"),
        ]
    );
    let failure = refused(shop.place(order(&[])).await, FailureKind::Invalid, "validation_failed");
    assert_eq!(fields(&failure), [("lines", "required")]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_refused_order_reserves_nothing_and_takes_no_number(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 10).await;
    let dear = PlaceOrderRequest {
        expected_total: gbp(1000),
        ..order(&[(&mug.id, 1)])
    };
    let failure = refused(shop.place(dear).await, FailureKind::Conflict, "total_changed");
    let data: serde_json::Value = serde_json::from_str(&failure.data).unwrap();
    assert_eq!(
        data,
        serde_json::json!({
            "expected": {"amount": 1000, "currency": "GBP"},
            "actual": {"amount": 1250, "currency": "GBP"},
        })
    );
    let euros = PlaceOrderRequest {
        currency: "EUR".to_owned(),
        ..order(&[(&mug.id, 1)])
    };
    refused(shop.place(euros).await, FailureKind::Conflict, "currency_mismatch");
    let mut dollars = new_product("USD-1", 1);
    dollars.price = Some(v1::Money {
        amount: 1,
        currency: "USD".to_owned(),
    });
    let dollars = shop
        .products
        .clone()
        .create_product(dollars)
        .await
        .unwrap()
        .into_inner()
        .product
        .unwrap();
    shop.receive(&dollars.id, 10).await;
    let mixed = shop.place(order(&[(&mug.id, 1), (&dollars.id, 1)])).await;
    let failure = refused(mixed, FailureKind::Conflict, "currency_mismatch");
    assert_eq!(fields(&failure), [("lines[1].product_id", "currency_mismatch")]);

    refused(
        shop.place(order(&[(&mug.id, 11)])).await,
        FailureKind::Conflict,
        "insufficient_stock",
    );
    let stock = shop.stock_of(&mug.id).await;
    assert_eq!((stock.on_hand(), stock.reserved()), (10, 0));
    assert_eq!(shop.count("OrderPlaced").await, 0);

    let archive = ProductRequest {
        context: context(ADMIN),
        id: dollars.id.clone(),
        expected_version: None,
    };
    shop.products.clone().archive_product(archive).await.unwrap();
    let failure = refused(
        shop.place(order(&[(&mug.id, 1), (&dollars.id, 1)])).await,
        FailureKind::Conflict,
        "product_not_active",
    );
    assert_eq!(fields(&failure), [("lines[1].product_id", "product_not_active")]);
    assert_eq!(
        shop.place(order(&[(&mug.id, 1)])).await.unwrap().order.unwrap().number,
        1001
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_commit_decides_and_not_what_was_asked_beforehand(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let other = shop.beside(2).await;
    let mug = shop.stocked("MUG-1", 1250, 3).await;
    // From here on this process believes for a moment that two are left.
    assert_eq!(
        shop.place(order(&[(&mug.id, 1)])).await.unwrap().order.unwrap().number,
        1001
    );
    other.place(order(&[(&mug.id, 2)])).await.unwrap();
    let failure = refused(
        shop.place(order(&[(&mug.id, 1)])).await,
        FailureKind::Conflict,
        "insufficient_stock",
    );
    assert_eq!(fields(&failure), [("lines[0].quantity", "insufficient_stock")]);
    // It is no reason either to refuse what came in since.
    other.receive(&mug.id, 2).await;
    let dearer = UpdateProductRequest {
        context: context(ADMIN),
        id: mug.id.clone(),
        price: priced(1300),
        ..UpdateProductRequest::default()
    };
    other.products.clone().update_product(dearer).await.unwrap();
    let placed = shop.place(order(&[(&mug.id, 2)])).await.unwrap().order.unwrap();
    assert_eq!(
        (placed.number, placed.total),
        (1002, 2600),
        "the refused one took no number"
    );
    assert_eq!(shop.stock_of(&mug.id).await.available(), 0);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_order_and_its_stock_are_one_commit_and_so_is_their_end(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [mug, pot] = [
        shop.stocked("MUG-1", 1250, 10).await,
        shop.stocked("POT-1", 1, 10).await,
    ];
    let placed = shop.place(order(&[(&mug.id, 2), (&pot.id, 1)])).await.unwrap();
    cancel(&shop, cancellation(&placed.order.unwrap().id)).await.unwrap();
    let commands: Vec<(Vec<String>, i64)> = sqlx::query_as(
        "SELECT array_agg(event_type::text ORDER BY event_type), count(DISTINCT recorded_at) FROM events
         WHERE aggregate_type = 'order' OR event_type IN ('StockReserved', 'StockReleased')
         GROUP BY metadata ->> 'command_id' ORDER BY min(recorded_at)",
    )
    .fetch_all(&shop.pool)
    .await
    .unwrap();
    let commands: Vec<_> = commands
        .iter()
        .map(|(events, commits)| (events.join(" "), *commits))
        .collect();
    assert_eq!(
        commands,
        [
            ("OrderPlaced StockReserved StockReserved".to_owned(), 1),
            ("OrderCancelled StockReleased StockReleased".to_owned(), 1)
        ]
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn sixty_four_buyers_never_get_more_than_there_is(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let other = shop.beside(2).await;
    let [a, b] = [shop.stocked("A", 100, 50).await, shop.stocked("B", 100, 70).await];
    let buyers: Vec<_> = (0..64)
        .map(|buyer| {
            let shop = if buyer % 2 == 0 { shop.clone() } else { other.clone() };
            let (a, b) = (a.id.clone(), b.id.clone());
            tokio::spawn(async move {
                let mut bought = (0, 0);
                for round in 0..4 {
                    let lines = match (buyer + round) % 3 {
                        0 => vec![(a.as_str(), 1)],
                        1 => vec![(b.as_str(), 1), (a.as_str(), 1)],
                        _ => vec![(b.as_str(), 2)],
                    };
                    match shop.place(order(&lines)).await {
                        Ok(_) => {
                            for (product, quantity) in &lines {
                                *(if **product == *a { &mut bought.0 } else { &mut bought.1 }) += quantity;
                            }
                        }
                        Err(failure) => assert!(
                            ["insufficient_stock", "overloaded"].contains(&failure.code.as_str()),
                            "{failure:?}"
                        ),
                    }
                }
                bought
            })
        })
        .collect();
    let mut bought = (0, 0);
    for buyer in buyers {
        let (of_a, of_b) = buyer.await.unwrap();
        bought = (bought.0 + of_a, bought.1 + of_b);
    }
    let [a, b] = [shop.stock_of(&a.id).await, shop.stock_of(&b.id).await];
    assert_eq!((a.reserved(), b.reserved()), bought);
    assert!(a.available() >= 0 && b.available() >= 0);
    assert_eq!(a.available(), 0, "more than 50 were asked for");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_cancelled_order_gives_its_stock_back(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 10).await;
    let placed = shop.place(order(&[(&mug.id, 4)])).await.unwrap().order.unwrap();
    let foreign = CancelOrderRequest {
        only_customer_id: ADMIN.to_owned(),
        ..cancellation(&placed.id)
    };
    refused(cancel(&shop, foreign).await, FailureKind::NotFound, "order_not_found");
    let stale = CancelOrderRequest {
        expected_version: Some(2),
        ..cancellation(&placed.id)
    };
    refused(
        cancel(&shop, stale).await,
        FailureKind::StaleVersion,
        "version_mismatch",
    );
    let speechless = CancelOrderRequest {
        reason: String::new(),
        ..cancellation(&placed.id)
    };
    refused(
        cancel(&shop, speechless).await,
        FailureKind::Invalid,
        "validation_failed",
    );
    refused(
        cancel(&shop, cancellation("ord_00000000-0000-7000-8000-000000000000")).await,
        FailureKind::NotFound,
        "order_not_found",
    );
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 4);

    let own = CancelOrderRequest {
        only_customer_id: CUSTOMER.to_owned(),
        expected_version: Some(1),
        ..cancellation(&placed.id)
    };
    let cancelled = cancel(&shop, own).await.unwrap().order.unwrap();
    let cancelled_at = Some(shop.clock.now().timestamp_micros());
    assert_eq!(cancelled.status(), v1::OrderStatus::Cancelled);
    assert_eq!(
        (cancelled.version, cancelled.cancel_reason.as_str()),
        (2, "changed my mind")
    );
    assert_eq!(cancelled.cancelled_at_micros, cancelled_at);
    let stock = shop.stock_of(&mug.id).await;
    assert_eq!((stock.on_hand(), stock.reserved()), (10, 0));
    shop.clock.advance(std::time::Duration::from_secs(1));
    let again = cancel(&shop, cancellation(&placed.id)).await.unwrap().order.unwrap();
    assert_eq!((again.version, again.cancelled_at_micros), (2, cancelled_at));
    assert_eq!(shop.order(&placed.id).await.status(), Some(OrderStatus::Cancelled));
    assert_eq!(shop.count("StockReleased").await, 1);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_orders_for_nobody(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mug = shop.stocked("MUG-1", 1250, 5).await;
    let for_nobody = PlaceOrderRequest {
        context: context(ADMIN),
        ..order(&[(&mug.id, 1)])
    };
    let failure = refused(
        answer(shop.orders.clone().place_order(for_nobody).await),
        FailureKind::Invalid,
        "validation_failed",
    );
    assert_eq!(fields(&failure), [("customer_id", "unknown")]);
    assert_eq!(shop.stock_of(&mug.id).await.reserved(), 0, "no stock is held for it");
}
