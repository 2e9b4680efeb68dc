//! The signed checkpoints in the database.

use seal::{PublicKey, SignedCheckpoint};
use sqlx::PgConnection;

/// The newest checkpoint's number and note.
pub(crate) async fn newest(connection: &mut PgConnection) -> Result<Option<(i64, String)>, sqlx::Error> {
    sqlx::query_as("SELECT number, note FROM seal_checkpoints ORDER BY number DESC LIMIT 1")
        .fetch_optional(connection)
        .await
}

/// The note of one checkpoint.
pub(crate) async fn find(connection: &mut PgConnection, number: u64) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT note FROM seal_checkpoints WHERE number = $1")
        .bind(number.cast_signed())
        .fetch_optional(connection)
        .await
}

/// The checkpoints after `after`, up to `limit` of them, in order.
pub(crate) async fn page(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    sqlx::query_as("SELECT number, note FROM seal_checkpoints WHERE number > $1 ORDER BY number LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await
}

/// Adds a checkpoint, and its key when that is new.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    signed: &SignedCheckpoint,
    key: &PublicKey,
) -> Result<(), sqlx::Error> {
    let number = signed.checkpoint.number.cast_signed();
    sqlx::query("INSERT INTO seal_checkpoints (number, note) VALUES ($1, $2)")
        .bind(number)
        .bind(signed.to_string())
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO seal_keys (key_id, public_key, first_number) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(key.id())
        .bind(key.to_string())
        .bind(number)
        .execute(connection)
        .await
        .map(|_| ())
}

/// The public keys that the database names.
pub(crate) async fn keys(connection: &mut PgConnection) -> Result<Vec<PublicKey>, sqlx::Error> {
    let keys: Vec<String> = sqlx::query_scalar("SELECT public_key FROM seal_keys ORDER BY first_number, key_id")
        .fetch_all(connection)
        .await?;
    Ok(keys.iter().filter_map(|key| key.parse().ok()).collect())
}
