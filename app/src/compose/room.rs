//! Whether the database has room for the connections of a process.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::sleep;

use crate::config::{Config, Pools};

/// How many connections servers leave to the command line. It works with these.
pub(super) const COMMAND_LINE: u32 = 6;

/// Pause before another connection is tried when there was none to spare.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What a server of PostgreSQL has.
struct Room {
    /// `max_connections`.
    most: u32,
    /// Those of them that this process's account may use.
    usable: u32,
    /// In use by now, this one aside.
    used: u32,
}

/// The connections of this process. Fewer than usual where the server has no room for those and nobody asked for a number.
pub(super) async fn pools(config: &Config, connection: &mut PgConnection) -> anyhow::Result<Pools> {
    let wanted = Pools::of(&config.roles, config.database.connections);
    let room = Room::seen_from(connection).await?;
    let usable = room.usable.saturating_sub(COMMAND_LINE);
    let pools = match wanted {
        Ok(pools) if pools.total() <= usable => pools,
        Ok(pools) if config.database.connections.is_some() => anyhow::bail!(
            "this process may take {} connections to the database (TILLROLL_DATABASE_CONNECTIONS), and the server has {usable} for it: \
             max_connections is {}, and {} of them are reserved or left to the command line; set a smaller number, or raise max_connections",
            pools.total(),
            room.most,
            room.most - usable.min(room.most)
        ),
        _ => {
            let pools = Pools::of(&config.roles, Some(usable)).map_err(|least| {
                anyhow::anyhow!(
                    "these roles need {least} connections to the database, and the server has {usable} for them: \
                     raise max_connections, which is {}",
                    room.most
                )
            })?;
            tracing::warn!(
                connections = pools.total(),
                max_connections = room.most,
                "the database has few connections; this process takes fewer than it usually does"
            );
            pools
        }
    };
    if pools.total() + room.used > usable {
        tracing::warn!(
            connections = pools.total(),
            used_by_others = room.used,
            max_connections = room.most,
            "the database may run out of connections: raise max_connections, or set TILLROLL_DATABASE_CONNECTIONS to less in all processes that share it"
        );
    }
    Ok(pools)
}

/// Fails when a new connection is one of the last few, which are left to the command line.
pub(super) async fn leave_some(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let room = Room::seen_from(connection).await?;
    if room.used + 1 + COMMAND_LINE > room.usable {
        // Gives its place back now; the driver tries again at once when it is told. The answer is that the connection is gone.
        let _ = sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())")
            .execute(connection)
            .await;
        sleep(TRY_AGAIN_AFTER).await;
        return Err(sqlx::Error::Configuration(
            "the last connections of the database are left to the command line; raise max_connections, or lower TILLROLL_DATABASE_CONNECTIONS"
                .into(),
        ));
    }
    Ok(())
}

impl Room {
    async fn seen_from(connection: &mut PgConnection) -> Result<Room, sqlx::Error> {
        // The statistics count all accounts' connections and may be read by any of them.
        let (most, reserved, used): (i32, i32, i64) = sqlx::query_as(
            "SELECT current_setting('max_connections')::integer,
                    current_setting('superuser_reserved_connections')::integer
                        + coalesce(current_setting('reserved_connections', true)::integer, 0),
                    (SELECT coalesce(sum(numbackends), 0)::bigint FROM pg_stat_database)",
        )
        .fetch_one(connection)
        .await?;
        Ok(Room {
            most: most.unsigned_abs(),
            usable: most.saturating_sub(reserved).unsigned_abs(),
            used: u32::try_from(used).unwrap_or(u32::MAX).saturating_sub(1),
        })
    }
}
