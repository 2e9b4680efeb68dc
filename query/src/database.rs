//! Which database it is.

use sqlx::PgPool;

/// The expression of a name that a database shares with its streaming replicas and with nothing else: that of the cluster, and of the
/// database in it, so that a copy made by `pg_dump` has another one.
pub(crate) const NAME: &str = "\
(SELECT format('%s.%s', system_identifier, oid) FROM pg_control_system(), pg_database WHERE datname = current_database())";

/// The name of a pool's database.
pub(crate) async fn name(pool: &PgPool) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(&format!("SELECT {NAME}")).fetch_one(pool).await
}
