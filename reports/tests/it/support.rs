//! The read models' tables, a client and how a failure comes back.

use chrono::{DateTime, Utc};
use proto::failure::{Failure, FailureKind};
use proto::transport::Transport;
use proto::v1::report_query_client::ReportQueryClient;
use reads::Reads;
use reports::ReportService;
use sqlx::PgPool;
use tonic::Status;

/// A database with the read models, empty and with nobody who projects into them.
pub(crate) struct Shop {
    pub(crate) pool: PgPool,
    pub(crate) reports: ReportQueryClient<Transport>,
}

impl Shop {
    pub(crate) async fn open(pool: PgPool) -> Self {
        projections::install(&pool).await.unwrap();
        let server = ReportService::server(Reads::new(pool.clone()));
        let shop = Self {
            pool,
            reports: ReportQueryClient::new(Transport::in_process(server))
                .max_decoding_message_size(reports::MAX_REPORT_BYTES),
        };
        shop.run(include_str!("../../../query/tests/it/defaults.sql")).await;
        shop
    }

    /// Makes the sums of the entries of sales.
    pub(crate) async fn sum_up(&self) {
        self.run(include_str!("sums.sql")).await;
    }

    pub(crate) async fn run(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }
}

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
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
