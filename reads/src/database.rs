//! Which database it is.

use sqlx::PgPool;

/// The expression of a name that a database shares with its streaming replicas and with nothing else: that of the cluster, and of the
/// database in it, so that a copy made by `pg_dump` has another one.
pub const NAME: &str = "\
(SELECT format('%s.%s', system_identifier, oid) FROM pg_control_system(), pg_database WHERE datname = current_database())";

/// The name of a pool's database as long as nobody can have put an older state of it in its place: that takes a new start of the server,
/// another database, or another table.
pub async fn name_of_state(pool: &PgPool) -> Result<String, sqlx::Error> {
    let statement = format!(
        "SELECT concat_ws('.', {NAME}, pg_relation_filenode('events'), extract(epoch FROM pg_postmaster_start_time()))"
    );
    sqlx::query_scalar(&statement).fetch_one(pool).await
}
