//! Orders whose commits are carried out and whose answers get lost on the way.

use std::collections::BTreeMap;

use domain::order::OrderStatus;
use proto::{
    failure::FailureKind,
    v1::{OrderReply, PlaceOrderRequest},
};
use sqlx::{
    ConnectOptions, PgPool,
    postgres::{PgPoolOptions, PgSslMode},
};

use crate::{
    proxy::{Loss, Proxy},
    reservations,
    support::{CUSTOMER, Shop, TTL, eventually, keyed, order},
};

/// What placing an order says to the database, at most.
const STATEMENTS: &[&str] = &[
    "append_events",
    "load_streams",
    "load_events_after",
    "stored_outcomes",
    "order_numbers",
    "synchronous_commit = on",
    "BEGIN",
    "COMMIT",
    "FROM lanes WHERE lane = ANY",
    "FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[]) AS s",
];

/// More than any placement says, tries again included.
const MOST: usize = 40;

async fn through_proxy(pool: &PgPool) -> (PgPool, Proxy) {
    let server = pool.connect_options();
    let mut addresses = tokio::net::lookup_host((server.get_host(), server.get_port()))
        .await
        .unwrap();
    let proxy = Proxy::to(addresses.next().unwrap()).await.unwrap();
    let options = PgPool::connect_options(pool).as_ref().clone();
    let options = options
        .host(&proxy.address().ip().to_string())
        .port(proxy.address().port())
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging();
    let through = PgPoolOptions::new().max_connections(6).connect_with(options).await;
    (through.unwrap(), proxy)
}

fn request(product_id: &str, key: Option<&str>) -> PlaceOrderRequest {
    let request = order(&[(product_id, 2)]);
    match key {
        Some(key) => PlaceOrderRequest {
            context: keyed(CUSTOMER, key, "a"),
            ..request
        },
        None => request,
    }
}

/// Buys as a careful client does: under the same key, in one process or the other, until the answer is there.
async fn buy(shops: &[&Shop], product_id: &str, key: &str) -> OrderReply {
    for shop in shops.iter().cycle().take(20) {
        match shop.place(request(product_id, Some(key))).await {
            Ok(reply) => return reply,
            Err(failure) => assert!(
                matches!(
                    failure.kind(),
                    FailureKind::Unavailable | FailureKind::Overloaded | FailureKind::Timeout
                ),
                "an outage is no other mistake: {failure:?}"
            ),
        }
    }
    panic!("the order was not placed");
}

/// Fails unless units placed and units on the shelf are the units received, and every order holds its stock.
async fn reckon(shop: &Shop, product_id: &str, received: i64) {
    let placed: Vec<String> = sqlx::query_scalar("SELECT aggregate_id FROM events WHERE event_type = 'OrderPlaced'")
        .fetch_all(&shop.pool)
        .await
        .unwrap();
    let mut owed = BTreeMap::new();
    for id in &placed {
        let order = shop.order(id).await;
        assert_eq!(order.status(), Some(OrderStatus::Pending), "{id}");
        let units: i64 = order
            .placed()
            .unwrap()
            .lines
            .iter()
            .map(|line| line.quantity.get())
            .sum();
        owed.insert(id.clone(), units);
    }
    let stock = shop.stock_of(product_id).await;
    let held: BTreeMap<String, i64> = stock
        .reservations()
        .map(|(order_id, units)| (order_id.to_string(), units.get()))
        .collect();
    assert_eq!(held, owed, "every order's stock is held by it, and by nothing else");
    assert_eq!(owed.values().sum::<i64>() + stock.available(), received);
    assert_eq!(shop.command.check_books().await.unwrap(), []);
}

/// Reservations whose order was given up run out.
async fn run_out(shop: &Shop, product_id: &str) {
    shop.clock.advance(TTL);
    let process = reservations::run(shop);
    eventually("what is reserved for nobody returns", || async {
        let stock = shop.stock_of(product_id).await;
        let mut lonely = 0;
        for (order_id, _) in stock.reservations() {
            let order = shop.order(&order_id.to_string()).await;
            lonely += u32::from(order.status() != Some(OrderStatus::Pending));
        }
        lonely == 0
    })
    .await;
    process.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whichever_answer_of_a_placement_is_lost_its_order_keeps_its_stock(pool: PgPool) {
    const RECEIVED: i64 = 2_400;
    let (through, proxy) = through_proxy(&pool).await;
    let shop = Shop::open(through).await;
    let mug = shop.stocked("MUG-1", 1250, RECEIVED).await;
    let mut orders = 0;
    for loss in [Loss::Closed, Loss::Late] {
        for keyed in [true, false] {
            let mut lost = 0;
            for statement in 0..MOST {
                proxy.lose(STATEMENTS, statement, loss);
                let placed = if keyed {
                    let key = format!("{loss:?}{statement}");
                    let reply = buy(&[&shop], &mug.id, &key).await;
                    let again = buy(&[&shop], &mug.id, &key).await;
                    assert_eq!(again.order, reply.order);
                    assert!(again.committed.unwrap().replayed);
                    true
                } else {
                    shop.place(request(&mug.id, None)).await.is_ok()
                };
                orders += i64::from(placed);
                if !proxy.lost() {
                    break;
                }
                lost += 1;
                if loss == Loss::Late {
                    proxy.deliver().await;
                }
            }
            assert!((3..MOST).contains(&lost), "{lost} answers were lost");
        }
    }
    assert_eq!(shop.count("OrderPlaced").await, orders, "none more than was answered");
    run_out(&shop, &mug.id).await;
    reckon(&shop, &mug.id, RECEIVED).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_first_answer_is_no_repetition_though_it_was_lost(pool: PgPool) {
    let (through, proxy) = through_proxy(&pool).await;
    let shop = Shop::open(through).await;
    let mug = shop.stocked("MUG-1", 1250, 10).await;
    shop.place(request(&mug.id, None)).await.unwrap();
    for left in [0, 1] {
        // Of the reservation, and of the order.
        proxy.lose(&["append_events"], left, Loss::Closed);
        let reply = shop.place(request(&mug.id, Some(&format!("k{left}")))).await.unwrap();
        assert!(proxy.lost());
        assert!(!reply.committed.unwrap().replayed);
    }
    reckon(&shop, &mug.id, 10).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_processes_that_lose_answers_place_each_key_once(pool: PgPool) {
    const RECEIVED: i64 = 1_000;
    let (through, proxy) = through_proxy(&pool).await;
    let shop = Shop::open(through).await;
    let other = shop.beside(2).await;
    let mug = shop.stocked("MUG-1", 1250, RECEIVED).await;
    let mut keys = 0;
    for round in 0..2 {
        for statement in 0..MOST {
            proxy.lose(STATEMENTS, statement, Loss::Closed);
            let key = format!("{round}-{statement}");
            let (first, second) = ([&shop, &other], [&other, &shop]);
            let (here, there, loose) = tokio::join!(
                buy(&first, &mug.id, &key),
                buy(&second, &mug.id, &key),
                other.place(request(&mug.id, None)),
            );
            assert_eq!(here.order, there.order, "one key, one order");
            keys += 1 + i64::from(loose.is_ok());
            let _ = proxy.lost();
        }
    }
    assert_eq!(shop.count("OrderPlaced").await, keys);
    run_out(&shop, &mug.id).await;
    reckon(&shop, &mug.id, RECEIVED).await;
}
