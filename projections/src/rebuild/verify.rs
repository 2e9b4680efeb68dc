//! Is the new version what the active one is, at the same place in the log?

use rows::Table;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::cursor;
use crate::difference::Difference;
use crate::error::Error;
use crate::rebuild::build::Build;
use crate::rebuild::switch::hold_active;
use crate::rebuild::{Phase, Progress, catch_up};

/// Keys named as examples.
const EXAMPLES: i64 = 5;

/// Compares all tables in one snapshot, in which both versions are at the same positions.
pub(crate) async fn run(build: &Build, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Vec<Difference>, Error> {
    let mut snapshot = common_snapshot(build, progress).await?;
    let tables = build.projection.tables();
    let total = u64::try_from(tables.len()).unwrap_or(u64::MAX);
    let mut differences = Vec::new();
    for (done, table) in (0..).zip(tables) {
        progress(Progress {
            phase: Phase::Verify,
            done,
            total,
        });
        differences.extend(compare(build, table, &mut snapshot).await?);
    }
    progress(Progress {
        phase: Phase::Verify,
        done: total,
        total,
    });
    snapshot.rollback().await?;
    Ok(differences)
}

/// The active version stands still only until the new one has its last few events and the snapshot is taken.
async fn common_snapshot(
    build: &Build,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Transaction<'static, Postgres>, Error> {
    catch_up::approach(build, progress).await?;
    let mut hold = cursor::begin(&build.pool).await?;
    let bounds = hold_active(build, &mut hold).await?;
    let mut aligning = cursor::begin(&build.pool).await?;
    build.hold_lease(&mut aligning).await?;
    catch_up::align(build, &bounds, &mut aligning).await?;
    aligning.commit().await?;
    let mut snapshot = workers::begin(&build.pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    sqlx::query("SET LOCAL jit = off").execute(&mut *snapshot).await?;
    sqlx::query("SELECT 1").execute(&mut *snapshot).await?;
    hold.rollback().await?;
    Ok(snapshot)
}

async fn compare(
    build: &Build,
    table: &Table,
    connection: &mut PgConnection,
) -> Result<Option<Difference>, sqlx::Error> {
    let active = table.name(build.active);
    let rebuilt = table.name(build.version);
    let (active_rows, active_sum) = checksum(&active, connection).await?;
    let (rebuilt_rows, rebuilt_sum) = checksum(&rebuilt, connection).await?;
    if (active_rows, &active_sum) == (rebuilt_rows, &rebuilt_sum) {
        return Ok(None);
    }
    let key: Vec<_> = table.key.split(", ").collect();
    let same_key: Vec<_> = key.iter().map(|column| format!("a.{column} = b.{column}")).collect();
    let row = |side| {
        table
            .columns
            .iter()
            .map(|column| format!("{side}.{}", column.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let shown: Vec<_> = key
        .iter()
        .map(|column| format!("coalesce(a.{column}, b.{column})"))
        .collect();
    let (differing, examples): (i64, Vec<String>) = sqlx::query_as(&format!(
        "SELECT count(*), coalesce((array_agg(concat_ws('/', {}) ORDER BY {}))[1:$1], '{{}}')
         FROM {active} a FULL JOIN {rebuilt} b ON {} WHERE ROW({}) IS DISTINCT FROM ROW({})",
        shown.join(", "),
        shown.join(", "),
        same_key.join(" AND "),
        row("a"),
        row("b"),
    ))
    .persistent(false)
    .bind(EXAMPLES)
    .fetch_one(connection)
    .await?;
    Ok(Some(Difference {
        table: table.view.to_owned(),
        active_rows,
        rebuilt_rows,
        differing,
        examples,
    }))
}

/// Rows, and the sum of the hashes of all their columns.
async fn checksum(table: &str, connection: &mut PgConnection) -> Result<(i64, String), sqlx::Error> {
    sqlx::query_as(&format!(
        "SELECT count(*), coalesce(sum(hash_record_extended(t, 0)::numeric), 0)::text FROM {table} t"
    ))
    .persistent(false)
    .fetch_one(connection)
    .await
}
