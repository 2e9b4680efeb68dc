//! The read models' tables, their clients and how a failure comes back.

use chrono::{DateTime, Utc};
use proto::failure::{Failure, FailureKind};
use proto::transport::Transport;
use proto::v1::audit_query_client::AuditQueryClient;
use proto::v1::order_query_client::OrderQueryClient;
use proto::v1::product_query_client::ProductQueryClient;
use proto::v1::stock_query_client::StockQueryClient;
use proto::v1::user_query_client::UserQueryClient;
use query::{AuditService, OrderService, ProductService, StockService, UserService};
use reads::Reads;
use sqlx::PgPool;
use tonic::Status;

const DEFAULTS: &str = include_str!("defaults.sql");

/// A database with the read models, empty and with nobody who projects into them.
pub(crate) struct Shop {
    pub(crate) pool: PgPool,
    pub(crate) products: ProductQueryClient<Transport>,
    pub(crate) stock: StockQueryClient<Transport>,
    pub(crate) orders: OrderQueryClient<Transport>,
    pub(crate) audit: AuditQueryClient<Transport>,
    pub(crate) users: UserQueryClient<Transport>,
}

impl Shop {
    pub(crate) async fn open(pool: PgPool) -> Self {
        projections::install(&pool).await.unwrap();
        sqlx::raw_sql(DEFAULTS).execute(&pool).await.unwrap();
        Self::over(pool)
    }

    /// The services over a database as it is.
    pub(crate) fn over(pool: PgPool) -> Self {
        let reads = || Reads::new(pool.clone());
        Self {
            products: ProductQueryClient::new(Transport::in_process(ProductService::server(reads()))),
            stock: StockQueryClient::new(Transport::in_process(StockService::server(reads()))),
            orders: OrderQueryClient::new(Transport::in_process(OrderService::server(reads()))),
            audit: AuditQueryClient::new(Transport::in_process(AuditService::server(reads(), None))),
            users: UserQueryClient::new(Transport::in_process(UserService::server(reads()))),
            pool,
        }
    }

    pub(crate) async fn run(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn micros(text: &str) -> i64 {
    time(text).timestamp_micros()
}

/// The failure of a call that must fail.
pub(crate) fn failure<T: std::fmt::Debug>(result: Result<T, Status>) -> Failure {
    Failure::from(&result.unwrap_err())
}

/// The field that a refused request named, and the code there.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Status>) -> (String, String) {
    let failure = failure(result);
    assert_eq!(failure.kind(), FailureKind::Invalid, "{failure:?}");
    let field = failure.fields.into_iter().next().unwrap();
    (field.field, field.code)
}
