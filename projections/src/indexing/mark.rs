//! Marking products as dirty.

use eventstore::Recorded;
use sqlx::PgConnection;
use tokio::sync::Notify;

/// Tells the indexers of this process that there may be something to do. A hint that saves a moment; what there is to do is in the
/// database.
static WAKE: Notify = Notify::const_new();

/// Marks products whose rows this transaction changes, for every index there is. Rows are met in the order of their keys by everybody
/// who marks, and after all others that a projection locks.
pub(crate) async fn mark(product_ids: &[String], connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    if product_ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO search_dirty AS d (index_name, product_id, mark, since, marked_at)
         SELECT i.name, p.id, m.mark, m.mark, clock_timestamp()
         FROM search_index i
         CROSS JOIN (SELECT DISTINCT id FROM unnest($1::text[]) AS u (id)) p
         CROSS JOIN (SELECT nextval('search_marks') AS mark) m
         ORDER BY i.name, p.id COLLATE \"C\"
         ON CONFLICT (index_name, product_id) DO UPDATE SET mark = excluded.mark",
    )
    .bind(product_ids)
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks the products that events are about.
pub(crate) async fn mark_streams(events: &[&Recorded], connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let ids: Vec<String> = events.iter().map(|event| event.aggregate_id.to_string()).collect();
    mark(&ids, connection).await
}

/// Has every index filled anew: rows of many products have changed at once.
pub(crate) async fn mark_all(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE search_index SET rebuilds_asked = rebuilds_asked + 1")
        .execute(connection)
        .await?;
    Ok(())
}

/// To be called when marks were committed.
pub(crate) fn wake() {
    WAKE.notify_waiters();
}

/// Returns at the next [`wake`].
pub(super) async fn woken() {
    WAKE.notified().await;
}
