//! What the continuous check of the books found.

use proto::failure::Failure;
use proto::v1;
use sqlx::{PgPool, Row as _};

use super::of_database;

/// How the books stand.
pub(super) async fn standing(pool: &PgPool) -> Result<v1::GetBooksReply, Failure> {
    read(pool).await.map_err(|error| of_database(&error))
}

async fn read(pool: &PgPool) -> Result<v1::GetBooksReply, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(DISTINCT subject) FILTER (WHERE kind = 'order_without_stock') AS missing,
                count(DISTINCT subject) FILTER (WHERE kind = 'stock_without_order') AS surplus,
                count(*) FILTER (WHERE kind = 'read_model_differs') AS differing
         FROM books_findings",
    )
    .fetch_one(pool)
    .await?;
    let count = |name| Ok::<_, sqlx::Error>(row.try_get::<i64, _>(name)?.unsigned_abs());
    let lag_seconds: f64 = sqlx::query_scalar(
        "SELECT coalesce(max(extract(epoch FROM now() - e.recorded_at)), 0)::float8
         FROM lanes l
         LEFT JOIN process_position c ON c.name = 'books' AND c.lane = l.lane
         CROSS JOIN LATERAL (SELECT recorded_at FROM events
             WHERE lane = l.lane AND position = coalesce(c.position, 0) + 1) e
         WHERE l.head > coalesce(c.position, 0)",
    )
    .fetch_one(pool)
    .await?;
    Ok(v1::GetBooksReply {
        orders_without_stock: count("missing")?,
        stock_without_order: count("surplus")?,
        read_model_differs: count("differing")?,
        lag_seconds: lag_seconds.max(0.0),
    })
}
