//! The table `credentials`.

use sqlx::PgPool;

#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pool: PgPool,
}

impl Credentials {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    pub(super) async fn insert(&self, user_id: &str, password_hash: &str) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO credentials (user_id, password_hash) VALUES ($1, $2)")
            .bind(user_id)
            .bind(password_hash)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Puts another hash in the place of the one that there is, or of none.
    pub(super) async fn replace(&self, user_id: &str, password_hash: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO credentials (user_id, password_hash) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET password_hash = excluded.password_hash, updated_at = now()",
        )
        .bind(user_id)
        .bind(password_hash)
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Puts another hash of the same password in the place of `former`, unless there is another password since.
    pub(super) async fn rehash(&self, user_id: &str, former: &str, password_hash: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE credentials SET password_hash = $3, updated_at = now() WHERE user_id = $1 AND password_hash = $2",
        )
        .bind(user_id)
        .bind(former)
        .bind(password_hash)
        .execute(&self.pool)
        .await
        .map(drop)
    }

    pub(super) async fn delete(&self, user_id: &str) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM credentials WHERE user_id = $1")
            .bind(user_id)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// `None`: no such user, or one without a password.
    pub(super) async fn password_hash(&self, user_id: &str) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT password_hash FROM credentials WHERE user_id = $1")
            .bind(user_id)
            .fetch_optional(&self.pool)
            .await
    }
}
