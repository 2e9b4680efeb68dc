//! How the indexes stand, and asking for a rebuild.

use sqlx::PgPool;

/// How an index stands.
#[derive(Clone, Debug)]
pub struct IndexStatus {
    /// The name under which it is registered.
    pub name: String,
    /// The engine that has it.
    pub engine: String,
    /// Whether it can answer.
    pub ready: bool,
    /// Whether it is being filled.
    pub building: bool,
    /// Counts the fillings that were begun.
    pub build: i64,
    /// Products that the filling under way has taken in.
    pub built: i64,
    /// Of so many.
    pub to_build: i64,
    /// The number of the last rebuild that was asked for.
    pub rebuilds_asked: i64,
    /// The number of the last one that is done.
    pub rebuilds_done: i64,
    /// Whether a process keeps it up to date at present.
    pub kept: bool,
    /// Products that wait to be taken in.
    pub dirty: i64,
    /// How long the oldest of them has waited, in seconds.
    pub lag_seconds: f64,
    /// Products that the engine refuses.
    pub rejected: i64,
    /// Why the engine takes nothing in at present.
    pub outage: Option<String>,
}

/// How all registered indexes stand, by name.
pub async fn index_status(pool: &PgPool) -> Result<Vec<IndexStatus>, sqlx::Error> {
    use sqlx::Row as _;
    let rows = sqlx::query(
        "SELECT i.name, i.engine, i.ready, i.building, i.build, i.built, i.to_build, i.rebuilds_asked, i.rebuilds_done,
                coalesce(i.owner IS NOT NULL
                    AND i.lease_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes', false) AS kept,
                d.dirty, d.lag, r.rejected, i.outage
         FROM search_index i
         CROSS JOIN LATERAL (
             SELECT count(*) AS dirty,
                    coalesce(extract(epoch FROM clock_timestamp() - min(marked_at)), 0)::double precision AS lag
             FROM search_dirty WHERE index_name = i.name) d
         CROSS JOIN LATERAL (SELECT count(*) AS rejected FROM search_rejected WHERE index_name = i.name) r
         ORDER BY i.name",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(IndexStatus {
                name: row.try_get("name")?,
                engine: row.try_get("engine")?,
                ready: row.try_get("ready")?,
                building: row.try_get("building")?,
                build: row.try_get("build")?,
                built: row.try_get("built")?,
                to_build: row.try_get("to_build")?,
                rebuilds_asked: row.try_get("rebuilds_asked")?,
                rebuilds_done: row.try_get("rebuilds_done")?,
                kept: row.try_get("kept")?,
                dirty: row.try_get("dirty")?,
                lag_seconds: row.try_get::<f64, _>("lag")?.max(0.0),
                rejected: row.try_get("rejected")?,
                outage: row.try_get("outage")?,
            })
        })
        .collect()
}

/// Asks the processes that keep the indexes to fill them anew; returns each with the number to wait for in [`IndexStatus::rebuilds_done`].
pub async fn ask_for_rebuild(pool: &PgPool) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE search_index SET rebuilds_asked = greatest(rebuilds_asked, rebuilds_done) + 1
         RETURNING name, rebuilds_asked",
    )
    .fetch_all(pool)
    .await
}
