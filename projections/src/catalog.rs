//! The place of projections in the database.

use sqlx::{PgConnection, PgPool};

use crate::audit::Audit;
use crate::error::Error;
use crate::keyed::KeyedProjection;
use crate::lease::GROUP;
use crate::orders::OrderRow;
use crate::product_sales::ProductSales;
use crate::products::ProductRow;
use crate::projection::Projection;
use crate::sales::Sales;
use crate::search_settings::SearchSettingsRow;
use crate::stock::StockRow;
use crate::users::UserRow;

/// Every projection.
#[must_use]
pub fn all() -> &'static [&'static dyn Projection] {
    &[
        &KeyedProjection::<ProductRow>::NEW,
        &KeyedProjection::<StockRow>::NEW,
        &KeyedProjection::<OrderRow>::NEW,
        &Sales,
        &Audit,
        &KeyedProjection::<UserRow>::NEW,
        &ProductSales,
        &KeyedProjection::<SearchSettingsRow>::NEW,
    ]
}

/// The projection of this name.
pub(crate) fn find(name: &str) -> Result<&'static dyn Projection, Error> {
    all()
        .iter()
        .copied()
        .find(|projection| projection.name() == name)
        .ok_or_else(|| Error::Unknown {
            name: name.to_owned(),
            known: all()
                .iter()
                .map(|projection| projection.name())
                .collect::<Vec<_>>()
                .join(", "),
        })
}

/// Registers projections that are new, with empty tables as version 1 and the views over them. What is there already stays as it is.
/// Several processes may do this at the same time.
pub async fn install(pool: &PgPool) -> Result<(), Error> {
    if missing(&mut *pool.acquire().await?).await?.is_empty() {
        return Ok(());
    }
    let mut tx = workers::begin(pool, "BEGIN").await?;
    // A second process waits here and then finds the work done.
    sqlx::query("LOCK TABLE projections IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    for projection in missing(&mut tx).await? {
        create_version(projection, 1, "active", &mut tx).await?;
        for table in projection.tables() {
            for statement in table.create_indexes(1) {
                sqlx::query(&statement).execute(&mut *tx).await?;
            }
            sqlx::query(&table.create_view(1)).execute(&mut *tx).await?;
        }
        create_leases(projection.name(), 1, &mut tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn missing(connection: &mut PgConnection) -> Result<Vec<&'static dyn Projection>, Error> {
    let installed: Vec<String> = sqlx::query_scalar("SELECT name FROM projections WHERE state = 'active'")
        .fetch_all(connection)
        .await?;
    let is_missing = |projection: &&dyn Projection| !installed.iter().any(|name| name == projection.name());
    Ok(all().iter().copied().filter(is_missing).collect())
}

/// Registers a version, makes its bare tables and puts its cursors at the start of every lane.
pub(crate) async fn create_version(
    projection: &dyn Projection,
    version: i32,
    state: &str,
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO projections (name, version, state, code_version, phase, activated_at)
         VALUES ($1, $2, $3, $4, CASE $3 WHEN 'building' THEN 'copy' ELSE 'done' END,
                 CASE $3 WHEN 'active' THEN clock_timestamp() END)",
    )
    .bind(projection.name())
    .bind(version)
    .bind(state)
    .bind(projection.code_version())
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO projection_cursor (name, version, lane) SELECT $1, $2, lane FROM lanes")
        .bind(projection.name())
        .bind(version)
        .execute(&mut *connection)
        .await?;
    for table in projection.tables() {
        sqlx::query(&table.create(version)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Makes the leases of a version, free to take.
pub(crate) async fn create_leases(name: &str, version: i32, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO projection_lease (name, version, first_lane, last_lane)
         SELECT $1, $2, min(lane), max(lane) FROM lanes GROUP BY lane / $3",
    )
    .bind(name)
    .bind(version)
    .bind(GROUP)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
