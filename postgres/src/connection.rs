//! How the cluster is reached: as whom, which database, over which socket.

use std::path::Path;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The cluster's superuser, as which Tillroll connects.
pub(super) const USER: &str = "tillroll";
/// The name of the database.
pub(super) const DATABASE: &str = "tillroll";
/// Part of the name of the socket; nothing listens on TCP.
pub(super) const PORT: u16 = 5432;

/// How to connect to a database over the socket in the folder.
pub(super) fn connect_options(socket_folder: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("localhost")
        .socket(socket_folder)
        .port(PORT)
        .username(USER)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}
