//! Reading one's own writes.

use proto::failure::FailureKind;
use proto::v1::{
    CheckTokenRequest, GetOrderRequest, GetUserRequest, ListOrdersRequest, ReadContext, ReadStreamRequest,
};
use sqlx::PgPool;

use crate::support::{Shop, failure, refused};

const READY: &str = "
INSERT INTO orders (id) VALUES ('o1');
INSERT INTO users VALUES ('usr_1', 'a@example.com', 'A', 'customer', 1, '2024-01-01Z');
UPDATE projection_cursor SET position = 88 WHERE name = 'orders' AND lane = 3;
UPDATE projection_cursor SET position = 344 WHERE name = 'orders' AND lane = 17;
UPDATE projection_cursor SET position = 1 WHERE name = 'users' AND lane = 3;
UPDATE lanes SET head = 1000;
";

async fn shop(pool: PgPool) -> Shop {
    let shop = Shop::open(pool).await;
    shop.run(READY).await;
    shop
}

fn context(token: &str, wait_ms: u32, allow_stale: bool) -> ReadContext {
    ReadContext {
        consistency_token: token.to_owned(),
        wait_ms,
        allow_stale,
    }
}

fn order(context: impl Into<Option<ReadContext>>) -> GetOrderRequest {
    GetOrderRequest {
        context: context.into(),
        id: "o1".to_owned(),
        ..Default::default()
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_read_waits_until_the_read_model_has_caught_up(pool: PgPool) {
    let shop = shop(pool).await;
    let mut orders = shop.orders.clone();
    let waiting = tokio::spawn(async move { orders.get_order(order(context("3.88-17.345", 10_000, false))).await });
    // The read is under way when this commits, or comes after; either way it must be answered, and fresh.
    shop.run("UPDATE projection_cursor SET position = 345 WHERE name = 'orders' AND lane = 17")
        .await;
    let reply = waiting.await.unwrap().unwrap().into_inner();
    assert!(!reply.freshness.unwrap().stale);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_wait_that_began_before_the_write_arrived_is_answered(pool: PgPool) {
    let shop = shop(pool).await;
    // Holds the cursor's row, as a projector in the middle of its batch.
    let mut batch = shop.pool.begin().await.unwrap();
    sqlx::query("UPDATE projection_cursor SET position = 345 WHERE name = 'orders' AND lane = 17")
        .execute(&mut *batch)
        .await
        .unwrap();
    let mut orders = shop.orders.clone();
    let behind = orders
        .get_order(order(context("17.345", 30, true)))
        .await
        .unwrap()
        .into_inner();
    assert!(behind.freshness.unwrap().stale);
    let waiting = tokio::spawn(async move { orders.get_order(order(context("17.345", 10_000, false))).await });
    batch.commit().await.unwrap();
    assert!(!waiting.await.unwrap().unwrap().into_inner().freshness.unwrap().stale);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_wait_that_runs_out_fails_or_is_stale_as_asked(pool: PgPool) {
    let shop = shop(pool).await;
    for token in ["17.345", "3.88-17.345", "3.89", "5.1"] {
        let failure = failure(shop.orders.clone().get_order(order(context(token, 20, false))).await);
        assert_eq!(
            (failure.kind(), failure.code.as_str()),
            (FailureKind::Timeout, "read_model_behind")
        );
        let reply = shop
            .orders
            .clone()
            .get_order(order(context(token, 20, true)))
            .await
            .unwrap()
            .into_inner();
        assert!(reply.freshness.unwrap().stale && reply.order.is_some());
    }
    let list = ListOrdersRequest {
        context: Some(context("17.345", 5, true)),
        ..Default::default()
    };
    let reply = shop.orders.clone().list_orders(list).await.unwrap().into_inner();
    assert!(reply.freshness.unwrap().stale);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn only_the_active_version_of_the_model_concerned_counts(pool: PgPool) {
    let shop = shop(pool).await;
    shop.run(
        "INSERT INTO projections (name, version, state, code_version) VALUES ('orders', 2, 'building', 1);
         INSERT INTO projection_cursor (name, version, lane, position) VALUES ('orders', 2, 17, 900)",
    )
    .await;
    let behind = shop.orders.clone().get_order(order(context("17.500", 5, false))).await;
    assert_eq!(failure(behind).code, "read_model_behind");
    shop.run(
        "UPDATE projections SET state = 'retired' WHERE name = 'orders' AND version = 1;
         UPDATE projections SET state = 'active' WHERE name = 'orders' AND version = 2",
    )
    .await;
    shop.orders
        .clone()
        .get_order(order(context("17.500", 5, false)))
        .await
        .unwrap();

    let user = |token| GetUserRequest {
        context: Some(context(token, 5, false)),
        id: "usr_1".to_owned(),
    };
    shop.users.clone().get_user(user("3.1")).await.unwrap();
    assert_eq!(
        failure(shop.users.clone().get_user(user("3.2")).await).code,
        "read_model_behind"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_damaged_token_is_refused(pool: PgPool) {
    let shop = shop(pool).await;
    for token in ["x", "17.345-3.88", "3.88-", "3"] {
        let result = shop.orders.clone().get_order(order(context(token, 5, true))).await;
        assert_eq!(refused(result).0, "consistency_token", "{token}");
        let stream = ReadStreamRequest {
            context: Some(context(token, 5, true)),
            ..Default::default()
        };
        assert_eq!(
            refused(shop.audit.clone().read_stream(stream).await).0,
            "consistency_token"
        );
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_token_of_what_the_log_does_not_have_is_refused_at_once(pool: PgPool) {
    let shop = shop(pool).await;
    for (token, known) in [
        ("17.344", true),
        ("17.1000", true),
        ("17.1001", false),
        ("5.99999999", false),
        ("3.88-17.1001", false),
        ("63.0", true),
        ("64.0", false),
        ("64.1", false),
        ("3.88-99999.1", false),
        ("63.9223372036854775807", false),
    ] {
        // A stale answer would be no better: there is no such write.
        let read = shop.orders.clone().get_order(order(context(token, 1, true))).await;
        let stream = ReadStreamRequest {
            context: Some(context(token, 1, true)),
            aggregate_type: "order".to_owned(),
            aggregate_id: "o1".to_owned(),
            ..Default::default()
        };
        let stream = shop.audit.clone().read_stream(stream).await;
        let check = CheckTokenRequest {
            context: Some(context(token, 1, true)),
        };
        let checked = shop.audit.clone().check_token(check).await;
        if known {
            read.unwrap();
            checked.unwrap();
            assert_ne!(
                stream.err().map(|status| status.code()),
                Some(tonic::Code::InvalidArgument),
                "{token}"
            );
        } else {
            assert_eq!(
                refused(read),
                ("consistency_token".to_owned(), "out_of_range".to_owned()),
                "{token}"
            );
            assert_eq!(refused(stream).0, "consistency_token", "{token}");
            assert_eq!(refused(checked).0, "consistency_token", "{token}");
        }
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn without_a_token_the_books_are_not_opened(pool: PgPool) {
    let shop = shop(pool).await;
    shop.run("DROP TABLE projections CASCADE").await;
    for context in [None, Some(context("", 5, false))] {
        let list = ListOrdersRequest {
            context,
            ..Default::default()
        };
        shop.orders.clone().list_orders(list).await.unwrap();
    }
    let failure = failure(shop.orders.clone().get_order(order(context("3.1", 5, false))).await);
    assert_eq!(failure.kind(), FailureKind::Unavailable);
}
