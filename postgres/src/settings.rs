//! The cluster's `postgresql.conf`, written anew at every start; an owner's own settings go to `custom.conf` beside
//! it, which wins.

use std::path::Path;

use super::Error;
use super::connection::PORT;

/// Tuned for an event log: many small durable commits, few connections, one machine shared with Tillroll itself.
const SETTINGS: &str = "\
# Durability: an answer is given only for what is on disk.
fsync = on
synchronous_commit = on
full_page_writes = on

# Memory: modest, since Tillroll runs beside it.
max_connections = 100
shared_buffers = 128MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB

# Write load: rare, spread checkpoints and a WAL that is recycled rather than removed.
wal_buffers = 16MB
min_wal_size = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
autovacuum_naptime = 20s
autovacuum_vacuum_cost_limit = 1000

# What a killed process asked for is not worked on to its end.
client_connection_check_interval = 1s

# Short statements on an SSD: compiling them costs more than it saves.
jit = off
random_page_cost = 1.1

# Loaded once and not by every connection, which might find the file replaced by the package manager.
shared_preload_libraries = 'plpgsql'

timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
log_min_messages = warning
";

/// Writes the settings; `folder` is the cluster's, `socket_folder` where it listens.
pub(super) fn write(folder: &Path, socket_folder: &Path) -> Result<(), Error> {
    let file = folder.join("data").join("postgresql.conf");
    let text = format!(
        "# Written by tillroll at every start: changes here are lost. Put your own settings into ../custom.conf.\n\
         listen_addresses = ''\n\
         port = {PORT}\n\
         unix_socket_directories = '{}'\n\
         unix_socket_permissions = 0700\n\n\
         {SETTINGS}\n\
         include_if_exists = '../custom.conf'\n",
        socket_folder.display()
    );
    std::fs::write(&file, text).map_err(Error::file("write", &file))
}
