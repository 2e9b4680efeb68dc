//! How far somebody has read each lane of the log.

use sqlx::PgConnection;

/// A table of cursors: rows `name text, version integer, lane integer, position bigint`. A worker that moves them holds the lock of the row of
/// a lease in the same transaction.
#[derive(Clone, Copy, Debug)]
pub struct Cursors(pub &'static str);

impl Cursors {
    /// The lanes of a follower and the positions that it has reached in them.
    pub async fn read<P>(self, name: &str, version: i32, connection: &mut PgConnection) -> Result<P, sqlx::Error>
    where
        P: FromIterator<(u32, u64)>,
    {
        let statement = format!("SELECT lane, position FROM {} WHERE name = $1 AND version = $2", self.0);
        let rows: Vec<(i32, i64)> = sqlx::query_as(&statement)
            .bind(name)
            .bind(version)
            .fetch_all(connection)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(lane, position)| from_columns(lane, position))
            .collect())
    }

    /// Moves cursors forward, never back.
    pub async fn advance(
        self,
        name: &str,
        version: i32,
        to: impl IntoIterator<Item = (u32, u64)>,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        let (lanes, positions): (Vec<i32>, Vec<i64>) = to
            .into_iter()
            .map(|(lane, position)| (lane_column(lane), position_column(position)))
            .unzip();
        let statement = format!(
            "UPDATE {} c SET position = moved.position
             FROM unnest($3::integer[], $4::bigint[]) AS moved (lane, position)
             WHERE c.name = $1 AND c.version = $2 AND c.lane = moved.lane AND c.position < moved.position",
            self.0
        );
        sqlx::query(&statement)
            .bind(name)
            .bind(version)
            .bind(lanes)
            .bind(positions)
            .execute(connection)
            .await?;
        Ok(())
    }
}

// Lanes and positions are far below the limits of the columns.

/// A lane as its column holds it.
#[must_use]
pub fn lane_column(lane: u32) -> i32 {
    i32::try_from(lane).unwrap_or(i32::MAX)
}

/// A position as its column holds it.
#[must_use]
pub fn position_column(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// A lane and a position from their columns.
#[must_use]
pub fn from_columns(lane: i32, position: i64) -> (u32, u64) {
    (
        u32::try_from(lane).unwrap_or_default(),
        u64::try_from(position).unwrap_or_default(),
    )
}
