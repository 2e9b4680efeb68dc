//! The process that gives back what is reserved for nobody.

use std::time::Duration;

use domain::{
    OrderId, Reason,
    order::{Order, OrderCommand, OrderStatus},
};
use eventstore::{Metadata, Plan};

use sqlx::{PgPool, migrate::Migrator};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    stock::reserve,
    support::{Shop, TTL, eventually, order},
};

const LOST: &str = "ord_01970000-0000-7000-8000-000000000001";
const LOST_TOO: &str = "ord_01970000-0000-7000-8000-000000000002";

pub(crate) struct Running {
    token: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

pub(crate) fn run(shop: &Shop) -> Running {
    let token = CancellationToken::new();
    let (command, cancelled) = (shop.command.clone(), token.clone());
    Running {
        token,
        task: tokio::spawn(async move { command.run_processes(cancelled).await }),
    }
}

impl Running {
    pub(crate) async fn stop(self) {
        self.token.cancel();
        self.task.await.unwrap();
    }
}

async fn settled(shop: &Shop, product_id: &str, reserved: i64) {
    eventually("the stock is released", || async {
        shop.stock_of(product_id).await.reserved() == reserved
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn stock_of_an_order_that_never_came_is_released_and_the_order_cannot_come_late(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [a, b] = [shop.stocked("A", 1, 10).await, shop.stocked("B", 1, 10).await];
    let process = run(&shop);
    // As a version left it that reserved first and placed in a second commit.
    reserve(&shop, LOST, &[(&a.id, 3), (&b.id, 1)]).await.unwrap();
    let kept = shop.place(order(&[(&a.id, 2)])).await.unwrap().order.unwrap();
    shop.clock.advance(TTL.saturating_sub(Duration::from_millis(1)));
    let fresh = shop.place(order(&[(&a.id, 1)])).await.unwrap().order.unwrap();
    assert_eq!(shop.stock_of(&a.id).await.reserved(), 6);
    shop.clock.advance(Duration::from_millis(1));
    settled(&shop, &a.id, 3).await;
    settled(&shop, &b.id, 0).await;
    process.stop().await;

    assert_eq!(shop.order(LOST).await.status(), Some(OrderStatus::Expired));
    for id in [&kept.id, &fresh.id] {
        assert_eq!(shop.order(id).await.status(), Some(OrderStatus::Pending));
    }
    assert_eq!(shop.count("OrderAbandoned").await, 1);
    let reasons: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT payload->'StockReleased'->>'reason' FROM events WHERE event_type = 'StockReleased'",
    )
    .fetch_all(&shop.pool)
    .await
    .unwrap();
    assert_eq!(reasons, ["the reservation ran out"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_unsettled_survives_a_restart_and_moves_to_another_process(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let a = shop.stocked("A", 1, 10).await;
    let first = run(&shop);
    reserve(&shop, LOST, &[(&a.id, 3)]).await.unwrap();
    shop.place(order(&[(&a.id, 1)])).await.unwrap();
    let rows = || async {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM process_instance WHERE name = 'reservations'")
            .fetch_one(&shop.pool)
            .await
            .unwrap()
    };
    eventually("it is written down", || async { rows().await == 1 }).await;
    let other = shop.beside(2).await;
    let second = run(&other);
    first.stop().await;
    shop.clock.advance(TTL);
    settled(&shop, &a.id, 1).await;
    eventually("the row is gone", || async { rows().await == 0 }).await;
    reserve(&shop, LOST_TOO, &[(&a.id, 1)]).await.unwrap();
    second.stop().await;

    // Nobody runs while the next one runs out.
    shop.clock.advance(TTL);
    let third = run(&shop);
    settled(&shop, &a.id, 1).await;
    third.stop().await;
    assert_eq!(shop.count("OrderAbandoned").await, 2);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM process WHERE owner IS NOT NULL")
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "who stops gives the lease back");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn stock_of_an_order_that_was_cancelled_half_way_is_released(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let a = shop.stocked("A", 1, 10).await;
    let placed = shop.place(order(&[(&a.id, 4)])).await.unwrap().order.unwrap();
    // As a version left it that cancelled first and released in a second commit.
    let metadata = Metadata {
        actor: "test".to_owned(),
        correlation_id: Uuid::from_u128(1),
        causation_id: None,
        request_id: String::new(),
    };
    let id: OrderId = placed.id.parse().unwrap();
    let plan = Plan::new(metadata)
        .occurred_at(shop.clock.now())
        .write::<Order>(id.to_string());
    let cancel = OrderCommand::Cancel {
        reason: Reason::new("test").unwrap(),
    };
    shop.store
        .transact(plan, move |transaction| {
            let events = transaction.state::<Order>(&id.to_string()).decide(&cancel)?;
            transaction.append::<Order>(&id.to_string(), events);
            Ok::<_, domain::order::OrderError>(())
        })
        .await
        .unwrap();
    let process = run(&shop);
    shop.clock.advance(TTL);
    settled(&shop, &a.id, 0).await;
    process.stop().await;
    assert_eq!(shop.order(&placed.id).await.status(), Some(OrderStatus::Cancelled));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn under_load_no_order_that_was_placed_loses_its_stock(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [a, b] = [shop.stocked("A", 1, 1_000).await, shop.stocked("B", 1, 1_000).await];
    let process = run(&shop);
    let buyers: Vec<_> = (0..16)
        .map(|_| {
            let (shop, a, b) = (shop.clone(), a.id.clone(), b.id.clone());
            tokio::spawn(async move {
                for _ in 0..10 {
                    // Every order is overdue as soon as its stock is seen reserved, so the process races it.
                    shop.clock.advance(TTL);
                    let _ = shop.place(order(&[(&a, 1), (&b, 1)])).await;
                }
            })
        })
        .collect();
    for buyer in buyers {
        buyer.await.unwrap();
    }
    shop.clock.advance(TTL);
    let placed = shop.count("OrderPlaced").await;
    assert!(placed > 0);
    settled(&shop, &a.id, placed).await;
    settled(&shop, &b.id, placed).await;
    process.stop().await;
}

#[sqlx::test(migrations = false)]
async fn what_an_older_version_was_at_goes_on(pool: PgPool) {
    let older = Migrator {
        migrations: migrations::MIGRATOR
            .iter()
            .filter(|step| step.version < 20)
            .cloned()
            .collect(),
        ..Migrator::DEFAULT
    };
    older.run(&pool).await.unwrap();
    let shop = Shop::open(pool).await;
    let a = shop.stocked("A", 1, 10).await;
    reserve(&shop, LOST, &[(&a.id, 3)]).await.unwrap();
    // Its last checkpoint: everything was read, and what was open is in tables of its own.
    for statement in [
        "INSERT INTO process_cursor SELECT process, lane, head FROM lanes, unnest('{reservations,books}'::text[]) AS process",
        "INSERT INTO pending_reservations (order_id, state, product_ids, since, correlation_id, cause)
         SELECT payload->'StockReserved'->>'order_id', 'reserved', ARRAY[aggregate_id], occurred_at, correlation_id, event_id
         FROM events WHERE event_type = 'StockReserved'",
        "INSERT INTO books_open SELECT payload->'StockReserved'->>'order_id', json_build_object(aggregate_id, 3), occurred_at
         FROM events WHERE event_type = 'StockReserved'",
    ] {
        assert!(sqlx::query(statement).execute(&shop.pool).await.unwrap().rows_affected() > 0);
    }
    migrations::MIGRATOR.run(&shop.pool).await.unwrap();
    let process = run(&shop);
    shop.clock.advance(TTL.saturating_sub(Duration::from_millis(1)));
    eventually("the timer is set to its time", || async {
        let set: bool = sqlx::query_scalar(
            "SELECT due = (state->'reserved'->>'since')::timestamptz + interval '1 minute' FROM process_instance
             WHERE name = 'reservations'",
        )
        .fetch_one(&shop.pool)
        .await
        .unwrap();
        set
    })
    .await;
    assert_eq!(shop.stock_of(&a.id).await.reserved(), 3, "it is not yet due");
    shop.clock.advance(Duration::from_millis(1));
    settled(&shop, &a.id, 0).await;
    eventually("nothing is open", || async {
        let open: i64 = sqlx::query_scalar("SELECT count(*) FROM process_instance")
            .fetch_one(&shop.pool)
            .await
            .unwrap();
        open == 0
    })
    .await;
    process.stop().await;
    assert_eq!(shop.order(LOST).await.status(), Some(OrderStatus::Expired));
}
