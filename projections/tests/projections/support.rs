//! A store, runners and what the views show.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::DateTime;
use eventstore::Store;
use projections::{Config, Runner};
use serde_json::Value;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The views, each with the columns that identify a row.
pub(crate) const VIEWS: &[(&str, &[&str])] = &[
    ("products", &["id"]),
    ("stock", &["product_id"]),
    ("orders", &["id"]),
    ("sales", &["dimension", "key", "currency", "customer_type", "bucket"]),
    (
        "sales_month",
        &["dimension", "key", "currency", "customer_type", "bucket"],
    ),
    (
        "sales_year",
        &["dimension", "key", "currency", "customer_type", "bucket"],
    ),
    ("sales_customer_year", &["key", "currency", "bucket"]),
    ("sales_entry", &["order_id", "document", "kind", "line"]),
    ("sales_customer", &["customer_id"]),
    ("sales_link", &["order_id", "credit_id"]),
    ("sales_label", &["dimension", "key"]),
    ("audit", &["lane", "position"]),
    ("users", &["id"]),
    ("product_sales", &["product_id"]),
    ("search_settings", &["id"]),
];

/// Rows by their identity.
pub(crate) type Rows = BTreeMap<String, Value>;

/// Opens a store on the database, with the read models installed.
pub(crate) async fn open(pool: &PgPool) -> Store {
    projections::install(pool).await.unwrap();
    open_store(pool).await
}

pub(crate) async fn open_store(pool: &PgPool) -> Store {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let ids = || Uuid::from_u64_pair(0x7000, NEXT.fetch_add(1, Ordering::Relaxed));
    Store::open(pool.clone(), eventstore::Config::new(Arc::new(ids)))
        .await
        .unwrap()
}

/// A runner that is quick to notice that others are gone.
pub(crate) fn quick() -> Config {
    Config {
        lease: Duration::from_secs(1),
        ..Config::default()
    }
}

/// A runner in the background.
pub(crate) struct Running {
    token: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(pool: &PgPool, store: &Store, config: Config) -> Self {
        let token = CancellationToken::new();
        let runner = Runner::new(pool.clone(), store.log(), config);
        let task = tokio::spawn(runner.run(token.clone()));
        Self { token, task }
    }

    pub(crate) async fn stop(self) {
        self.token.cancel();
        self.task.await.unwrap();
    }

    /// As if the process had died: nothing is given back.
    pub(crate) async fn kill(self) {
        self.task.abort();
        self.task.await.unwrap_err();
    }
}

/// Polls until the condition holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until everything in the log is projected.
pub(crate) async fn settle(pool: &PgPool, store: &Store) {
    let heads = store.log().heads().await.unwrap();
    until("projected", async || {
        projections::caught_up(pool, &heads).await.unwrap()
    })
    .await;
}

/// What all views show.
pub(crate) async fn views(pool: &PgPool) -> BTreeMap<&'static str, Rows> {
    let mut views = BTreeMap::new();
    for (view, key) in VIEWS {
        let rows: Vec<Value> = sqlx::query_scalar(&format!("SELECT to_jsonb(v) FROM {view} v"))
            .fetch_all(pool)
            .await
            .unwrap();
        let rows = rows.into_iter().map(|mut row| {
            // What changed is a set.
            if let Some(Value::Array(fields)) = row.get_mut("fields") {
                fields.sort_unstable_by_key(ToString::to_string);
            }
            row
        });
        views.insert(
            *view,
            rows.into_iter().map(|row| (identity(&row, key), normal(row))).collect(),
        );
    }
    views
}

pub(crate) fn identity(row: &Value, key: &[&str]) -> String {
    key.iter()
        .map(|column| normal(row[*column].clone()).to_string())
        .collect::<Vec<_>>()
        .join("/")
}

/// With times as microseconds, however they are written.
pub(crate) fn normal(value: Value) -> Value {
    match value {
        Value::String(text) => match DateTime::parse_from_rfc3339(&text) {
            Ok(time) => time.timestamp_micros().into(),
            Err(_) => text.into(),
        },
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, normal(value))).collect(),
        Value::Array(values) => values.into_iter().map(normal).collect(),
        other => other,
    }
}

/// Fails with the first rows that differ.
pub(crate) fn assert_same(actual: &BTreeMap<&'static str, Rows>, expected: &BTreeMap<&'static str, Rows>) {
    for (view, expected) in expected {
        let actual = &actual[view];
        for (key, row) in expected {
            assert_eq!(actual.get(key), Some(row), "{view}: {key}");
        }
        let extra: Vec<_> = actual.iter().filter(|(key, _)| !expected.contains_key(*key)).collect();
        assert!(extra.is_empty(), "{view} has more than the fold: {extra:?}");
    }
}
