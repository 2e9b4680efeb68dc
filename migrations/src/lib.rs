//! The database's schema, step by step: `NNNN_name.sql` beside this crate, applied in order and never edited once released.

/// Every migration, for `MIGRATOR.run(&pool)`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");
