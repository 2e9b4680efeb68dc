//! Transactions that survive being given up.

use sqlx::{PgPool, Postgres, Transaction};

/// Begins a transaction with these statements, the first of which is `BEGIN`.
///
/// On a task of its own: a `begin` of sqlx that is dropped before the server has answered hands its connection back to the pool with
/// the transaction open, and its next user writes into a transaction that nobody commits.
pub async fn begin(pool: &PgPool, statements: &'static str) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(statements).await });
    begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?
}
