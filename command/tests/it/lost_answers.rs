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
    support::{CUSTOMER, Shop, keyed, order},
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

fn request(lines: &[(&str, i64)], key: Option<&str>) -> PlaceOrderRequest {
    let request = order(lines);
    match key {
        Some(key) => PlaceOrderRequest {
            context: keyed(CUSTOMER, key, "a"),
            ..request
        },
        None => request,
    }
}

/// Buys as a careful client does: under the same key, in one process or the other, until the answer is there.
async fn buy(shops: &[&Shop], lines: &[(&str, i64)], key: &str) -> OrderReply {
    for shop in shops.iter().cycle().take(20) {
        match shop.place(request(lines, Some(key))).await {
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

/// Fails unless, of every product, units placed and units on the shelf are the units received, and every order holds its stock.
async fn reckon(shop: &Shop, received: &BTreeMap<String, i64>) {
    let placed: Vec<String> = sqlx::query_scalar("SELECT aggregate_id FROM events WHERE event_type = 'OrderPlaced'")
        .fetch_all(&shop.pool)
        .await
        .unwrap();
    let mut owed: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for id in &placed {
        let order = shop.order(id).await;
        assert_eq!(order.status(), Some(OrderStatus::Pending), "{id}");
        for line in &order.placed().unwrap().lines {
            let held = owed.entry(line.product_id.to_string()).or_default();
            *held.entry(id.clone()).or_default() += line.quantity.get();
        }
    }
    for (product_id, received) in received {
        let stock = shop.stock_of(product_id).await;
        let held: BTreeMap<String, i64> = stock
            .reservations()
            .map(|(order_id, units)| (order_id.to_string(), units.get()))
            .collect();
        let owed = owed.remove(product_id).unwrap_or_default();
        assert_eq!(held, owed, "every order's stock is held by it, and by nothing else");
        assert_eq!(owed.values().sum::<i64>() + stock.available(), *received);
    }
    assert_eq!(owed, BTreeMap::new(), "orders of products that were never received");
    assert_eq!(shop.command.check_books().await.unwrap(), []);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn whichever_answer_of_a_placement_is_lost_its_order_keeps_its_stock(pool: PgPool) {
    const RECEIVED: i64 = 2_400;
    let (through, proxy) = through_proxy(&pool).await;
    let shop = Shop::open(through).await;
    let mug = shop.stocked("MUG-1", 1250, RECEIVED).await;
    let mut received = BTreeMap::from([(mug.id.clone(), RECEIVED)]);
    let mut orders = 0;
    for loss in [Loss::Closed, Loss::Late] {
        for keyed in [true, false] {
            let mut lost = 0;
            for statement in 0..MOST {
                // A product that nobody has read yet, so that all is asked for.
                let key = format!("{loss:?}-{keyed}-{statement}");
                let pot = shop.stocked(&format!("POT-{key}"), 100, 1).await;
                received.insert(pot.id.clone(), 1);
                let lines = [(mug.id.as_str(), 2), (pot.id.as_str(), 1)];
                proxy.lose(STATEMENTS, statement, loss);
                let placed = if keyed {
                    let reply = buy(&[&shop], &lines, &key).await;
                    let again = buy(&[&shop], &lines, &key).await;
                    assert_eq!(again.order, reply.order);
                    assert!(again.committed.unwrap().replayed);
                    true
                } else {
                    shop.place(request(&lines, None)).await.is_ok()
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
            assert!((2..MOST).contains(&lost), "{lost} answers were lost: {loss:?}, {keyed}");
        }
    }
    assert_eq!(shop.count("OrderPlaced").await, orders, "none more than was answered");
    reckon(&shop, &received).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_first_answer_is_no_repetition_though_it_was_lost(pool: PgPool) {
    let (through, proxy) = through_proxy(&pool).await;
    let shop = Shop::open(through).await;
    let mug = shop.stocked("MUG-1", 1250, 10).await;
    let lines = [(mug.id.as_str(), 2)];
    shop.place(request(&lines, None)).await.unwrap();
    proxy.lose(&["append_events"], 0, Loss::Closed);
    let reply = shop.place(request(&lines, Some("k"))).await.unwrap();
    assert!(proxy.lost());
    assert!(!reply.committed.unwrap().replayed);
    reckon(&shop, &BTreeMap::from([(mug.id.clone(), 10)])).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn two_processes_that_lose_answers_place_each_key_once(pool: PgPool) {
    const RECEIVED: i64 = 1_000;
    let (through, proxy) = through_proxy(&pool).await;
    let shop = Shop::open(through).await;
    let other = shop.beside(2).await;
    let [mug, pot] = [
        shop.stocked("MUG-1", 1250, RECEIVED).await,
        shop.stocked("POT-1", 100, RECEIVED).await,
    ];
    let lines = [(mug.id.as_str(), 2), (pot.id.as_str(), 1)];
    let mut keys = 0;
    let losses = [(Loss::Closed, MOST / 2), (Loss::Late, MOST / 2), (Loss::Silent, 1)];
    for (loss, statements) in losses {
        for statement in 0..statements {
            let among = if loss == Loss::Silent {
                &["append_events"]
            } else {
                STATEMENTS
            };
            proxy.lose(among, statement, loss);
            let key = format!("{loss:?}-{statement}");
            let (first, second) = ([&shop, &other], [&other, &shop]);
            let (here, there, loose) = tokio::join!(
                buy(&first, &lines, &key),
                buy(&second, &lines, &key),
                other.place(request(&lines, None)),
            );
            assert_eq!(here.order, there.order, "one key, one order");
            keys += 1 + i64::from(loose.is_ok());
            if proxy.lost() && loss == Loss::Late {
                proxy.deliver().await;
            }
        }
    }
    assert_eq!(shop.count("OrderPlaced").await, keys);
    let received = BTreeMap::from([(mug.id.clone(), RECEIVED), (pot.id.clone(), RECEIVED)]);
    reckon(&shop, &received).await;
}
