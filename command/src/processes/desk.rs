//! Who works as a process manager, and how far it has read: the tables `process_lease` and `process_cursor`.

use eventstore::Positions;
use sqlx::{PgConnection, PgPool, Postgres, Row, Transaction};
use uuid::Uuid;

/// How long a holder that died keeps the others waiting.
const LEASE_SECONDS: f64 = 10.0;
/// Begins a checkpoint. Rows are reached by key only: the tables are empty time and again, and what the planner then knows of them would
/// have all of their rows compared with all of those to be deleted.
const CHECKPOINT: &str = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                          SET LOCAL enable_sort = off; SET LOCAL plan_cache_mode = force_generic_plan";

/// Where one at a time works as the process manager `process`.
pub(super) struct Desk {
    pool: PgPool,
    process: &'static str,
    holder: Uuid,
}

impl Desk {
    pub(super) fn new(pool: PgPool, process: &'static str, holder: Uuid) -> Self {
        Self { pool, process, holder }
    }

    /// Takes the lease if nobody holds it. One that is said to last longer than any does was taken before the clock was set back.
    pub(super) async fn acquire(&self) -> Result<bool, sqlx::Error> {
        let taken = sqlx::query(
            "INSERT INTO process_lease AS l (process, holder, held_until)
             VALUES ($1, $2, now() + make_interval(secs => $3))
             ON CONFLICT (process) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
             WHERE l.held_until NOT BETWEEN now() AND now() + make_interval(secs => 2 * $3) OR l.holder = excluded.holder",
        )
        .bind(self.process)
        .bind(self.holder)
        .bind(LEASE_SECONDS)
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Lets the next one go on at once.
    pub(super) async fn release(&self) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM process_lease WHERE process = $1 AND holder = $2")
            .bind(self.process)
            .bind(self.holder)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Begins to read what the last checkpoint left, all of one moment.
    pub(super) async fn open(&self) -> Result<(Positions, Transaction<'static, Postgres>), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .execute(&mut *transaction)
            .await?;
        let rows = sqlx::query("SELECT lane, position FROM process_cursor WHERE process = $1")
            .bind(self.process)
            .fetch_all(&mut *transaction)
            .await?;
        let cursors = rows
            .iter()
            .map(|row| {
                let (lane, position): (i32, i64) = (row.try_get("lane")?, row.try_get("position")?);
                Ok((lane.cast_unsigned(), position.cast_unsigned()))
            })
            .collect::<Result<Positions, sqlx::Error>>()?;
        Ok((cursors, transaction))
    }

    /// Begins a checkpoint by renewing the lease; `None`: it is lost. Not durable at once: what a crash of the database takes back is
    /// read again.
    pub(super) async fn begin(&self) -> Result<Option<Transaction<'static, Postgres>>, sqlx::Error> {
        let mut transaction = self.pool.begin_with(CHECKPOINT).await?;
        let renewed = sqlx::query(
            "UPDATE process_lease SET held_until = now() + make_interval(secs => $3) WHERE process = $1 AND holder = $2",
        )
        .bind(self.process)
        .bind(self.holder)
        .bind(LEASE_SECONDS)
        .execute(&mut *transaction)
        .await?;
        Ok((renewed.rows_affected() == 1).then_some(transaction))
    }

    /// Stores how far the log has been read.
    pub(super) async fn advance(
        &self,
        db: &mut PgConnection,
        stored: &Positions,
        cursors: &Positions,
    ) -> Result<(), sqlx::Error> {
        let moved: Vec<(u32, u64)> = cursors
            .iter()
            .filter(|(lane, position)| stored.get(*lane) != Some(*position))
            .collect();
        if moved.is_empty() {
            return Ok(());
        }
        let lanes: Vec<i32> = moved.iter().map(|(lane, _)| lane.cast_signed()).collect();
        let positions: Vec<i64> = moved.iter().map(|(_, position)| position.cast_signed()).collect();
        sqlx::query(
            "INSERT INTO process_cursor (process, lane, position)
             SELECT $1, c.lane, c.position FROM unnest($2::integer[], $3::bigint[]) AS c (lane, position)
             ON CONFLICT (process, lane) DO UPDATE SET position = excluded.position",
        )
        .bind(self.process)
        .bind(lanes)
        .bind(positions)
        .execute(db)
        .await
        .map(drop)
    }
}
