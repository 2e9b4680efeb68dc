//! What goes wrong behind the services, as clients see it.

use std::time::Duration;

use proto::failure::FailureKind;
use proto::v1::{GetOrderRequest, GetProductRequest, ListProductsRequest};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::support::{Shop, failure};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_damaged_row_is_an_internal_failure_that_tells_nothing(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.run(
        r#"INSERT INTO products (id, sku, name, status, attributes) VALUES
           ('p1', '1', 'secret', 'sold', '{}'), ('p2', '2', 'secret', 'active', '{"a":[1]}'), ('p3', '3', 'secret', 'active', '[]');
           INSERT INTO orders (id, status, lines, version) VALUES
           ('o1', 'lost', '[]', 1), ('o2', 'pending', '[{"kind":"secret"}]', 1), ('o3', 'pending', '[]', -1);"#,
    )
    .await;
    for id in ["p1", "p2", "p3"] {
        let request = GetProductRequest {
            id: id.to_owned(),
            include_hidden: true,
            context: None,
        };
        let failure = failure(shop.products.clone().get_product(request).await);
        assert_eq!(
            (failure.kind(), failure.code.as_str()),
            (FailureKind::Internal, "internal"),
            "{id}"
        );
        assert!(!failure.message.contains("secret"));
    }
    for id in ["o1", "o2", "o3"] {
        let request = GetOrderRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        assert_eq!(
            failure(shop.orders.clone().get_order(request).await).kind(),
            FailureKind::Internal,
            "{id}"
        );
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_slow_read_times_out(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let mut lock = shop.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE products_v1").execute(&mut *lock).await.unwrap();
    let options = shop
        .pool
        .connect_options()
        .as_ref()
        .clone()
        .options([("statement_timeout", "50")]);
    let impatient = Shop::over(PgPoolOptions::new().connect_with(options).await.unwrap());
    let failure = failure(
        impatient
            .products
            .clone()
            .list_products(ListProductsRequest::default())
            .await,
    );
    assert_eq!(
        (failure.kind(), failure.code.as_str()),
        (FailureKind::Timeout, "timeout")
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_database_out_of_reach_is_unavailable(pool: PgPool) {
    let options = pool.connect_options().as_ref().clone();
    let small = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(50));
    let small = small.connect_with(options.clone()).await.unwrap();
    let held = small.acquire().await.unwrap();
    let elsewhere = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(500))
        .connect_lazy_with(options.port(1));
    let closed = PgPoolOptions::new().connect_lazy_with(pool.connect_options().as_ref().clone());
    closed.close().await;
    for pool in [small, elsewhere, closed] {
        let shop = Shop::over(pool);
        let request = GetProductRequest {
            id: "p1".to_owned(),
            ..Default::default()
        };
        let failure = failure(shop.products.clone().get_product(request).await);
        assert_eq!(failure.kind(), FailureKind::Unavailable);
        assert!(failure.retry_after_ms > 0);
    }
    drop(held);
}
