//! The books of an index: what is to be done, and what was done. Only the holder of the lease writes here.

use std::time::Duration;

use search::{Settings, Synonyms};
use serde::Deserialize;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use workers::HELD;

use super::lease::IndexLease;
use crate::cursor;

/// What there is to do.
#[derive(Debug)]
pub(super) struct Work {
    /// Whether the index was ever filled.
    pub(super) ready: bool,
    pub(super) rebuilds_asked: i64,
    pub(super) rebuilds_done: i64,
    /// Of the settings that it has, and of those of the shop.
    pub(super) settings_version: i64,
    pub(super) settings_wanted: i64,
    /// Counts the times that others may have written into the index.
    pub(super) disturbed: i64,
    /// Of the last batch that the engine took in, and of the one that it was being given.
    pub(super) tags: [Option<String>; 2],
    pub(super) dirty: Vec<Dirty>,
}

/// A mark.
#[derive(Clone, Debug)]
pub(super) struct Dirty {
    pub(super) product_id: String,
    pub(super) mark: i64,
}

type WorkRow = (
    bool,
    i64,
    i64,
    i64,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Vec<String>,
    Vec<i64>,
);

impl IndexLease {
    /// Looks what there is to do, the oldest marks first; `None`: the lease is lost.
    pub(super) async fn find_work(&self, limit: usize, pool: &PgPool) -> Result<Option<Work>, sqlx::Error> {
        // Without this, the marks would be sorted anew for every batch of a table that had none when the plan was made.
        let mut tx = cursor::begin(pool).await?;
        let row: Option<WorkRow> = sqlx::query_as(&format!("SELECT i.ready, i.rebuilds_asked, i.rebuilds_done, i.settings_version,
                    coalesce((SELECT max(s.version) FROM search_settings s), 0), i.disturbed, i.tag, i.pending, d.ids, d.marks
             FROM search_index i
             CROSS JOIN LATERAL (
                 SELECT coalesce(array_agg(k.product_id), '{{}}') AS ids, coalesce(array_agg(k.mark), '{{}}') AS marks
                 FROM (SELECT product_id, mark FROM search_dirty
                       WHERE index_name = i.name ORDER BY since LIMIT $4) k) d
             WHERE i.name = $1 AND {HELD}"))
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.fence)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(row.map(|row| {
            let (ready, rebuilds_asked, rebuilds_done, settings_version, settings_wanted, disturbed, ..) = row;
            let (.., tag, pending, ids, marks) = row;
            let dirty = ids.into_iter().zip(marks);
            Work {
                ready,
                rebuilds_asked,
                rebuilds_done,
                settings_version,
                settings_wanted,
                disturbed,
                tags: [tag, pending],
                dirty: dirty.map(|(product_id, mark)| Dirty { product_id, mark }).collect(),
            }
        }))
    }

    /// The tag of the batch that the engine is given next, which is known here before it is known there; `None`: the lease is lost. It
    /// stays until a batch is settled: an engine that failed may have taken it in all the same.
    pub(super) async fn tag(&self, connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(&format!(
            "UPDATE search_index SET pending = coalesce(pending, gen_random_uuid()::text)
             WHERE name = $1 AND {HELD} RETURNING pending"
        ))
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.fence)
        .fetch_optional(connection)
        .await
    }

    /// Removes marks that were dealt with by a batch, which was `written` if the engine had to be told. One that was renewed meanwhile
    /// stays, and counts from now. False: the lease is lost, and what was written into the index may have come after what its present
    /// holder wrote. Then the marks are renewed instead.
    pub(super) async fn remove_marks(
        &self,
        dirty: &[Dirty],
        written: bool,
        pool: &PgPool,
    ) -> Result<bool, sqlx::Error> {
        let ids: Vec<&str> = dirty.iter().map(|key| key.product_id.as_str()).collect();
        let marks: Vec<i64> = dirty.iter().map(|key| key.mark).collect();
        let mut tx = cursor::begin(pool).await?;
        if !self.hold(written, &mut tx).await? {
            sqlx::query(
                "INSERT INTO search_dirty AS d (index_name, product_id, mark, since, marked_at)
                 SELECT i.name, u.id, m.mark, m.mark, clock_timestamp()
                 FROM search_index i CROSS JOIN unnest($2::text[]) AS u (id)
                 CROSS JOIN (SELECT nextval('search_marks') AS mark) m
                 WHERE i.name = $1 ORDER BY u.id COLLATE \"C\"
                 ON CONFLICT (index_name, product_id) DO UPDATE SET mark = excluded.mark",
            )
            .bind(&self.name)
            .bind(&ids)
            .execute(&mut *tx)
            .await?;
            sqlx::query("UPDATE search_index SET disturbed = disturbed + 1 WHERE name = $1")
                .bind(&self.name)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            return Ok(false);
        }
        // A row that is locked is being marked again at this moment, and stays.
        for (change, compared) in [
            ("DELETE FROM search_dirty", "="),
            (
                "UPDATE search_dirty SET since = mark, marked_at = clock_timestamp()",
                ">",
            ),
        ] {
            let statement = format!(
                "{change} WHERE ctid = ANY (ARRAY(
                     SELECT k.ctid FROM unnest($2::text[], $3::bigint[]) AS u (id, mark)
                     CROSS JOIN LATERAL (
                         SELECT ctid FROM search_dirty
                         WHERE index_name = $1 AND product_id BETWEEN u.id AND u.id AND mark {compared} u.mark
                         ORDER BY product_id FOR UPDATE SKIP LOCKED) k))"
            );
            sqlx::query(&statement)
                .bind(&self.name)
                .bind(&ids)
                .bind(&marks)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Holds the lease until the transaction ends, and notes that the batch was written; false: it is lost.
    async fn hold(&self, written: bool, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let held = sqlx::query(&format!("UPDATE search_index SET tag = CASE WHEN $4 THEN pending ELSE tag END, pending = CASE WHEN $4 THEN NULL ELSE pending END
             WHERE name = $1 AND {HELD}"))
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.fence)
        .bind(written)
        .execute(connection)
        .await?;
        Ok(held.rows_affected() > 0)
    }

    /// Changes the index's row; `assignments` may name `$4` and `$5`. False: the lease is lost.
    async fn write(&self, assignments: &str, first: i64, second: i64, pool: &PgPool) -> Result<bool, sqlx::Error> {
        let statement = format!(
            "UPDATE search_index SET {assignments}
             WHERE name = $1 AND {HELD} AND ($4::bigint, $5::bigint) IS NOT NULL"
        );
        let written = sqlx::query(&statement)
            .bind(&self.name)
            .bind(self.owner)
            .bind(self.fence)
            .bind(first)
            .bind(second)
            .execute(pool)
            .await?;
        Ok(written.rows_affected() > 0)
    }

    /// Notes that a filling begins; returns its number, or `None` when the lease is lost.
    pub(super) async fn begin_fill(&self, to_build: i64, pool: &PgPool) -> Result<Option<i64>, sqlx::Error> {
        sqlx::query_scalar(&format!(
            "UPDATE search_index SET build = build + 1, building = true, built = 0, to_build = $4
             WHERE name = $1 AND {HELD} RETURNING build"
        ))
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.fence)
        .bind(to_build)
        .fetch_optional(pool)
        .await
    }

    pub(super) async fn filled(&self, built: i64, to_build: i64, pool: &PgPool) -> Result<bool, sqlx::Error> {
        self.write("built = $4, to_build = greatest($4, $5)", built, to_build, pool)
            .await
    }

    /// Notes that the filling that was asked for up to `asked` serves.
    pub(super) async fn end_fill(&self, asked: i64, settings_version: i64, pool: &PgPool) -> Result<bool, sqlx::Error> {
        self.write(
            "ready = true, building = false, rebuilds_done = greatest(rebuilds_done, $4), settings_version = $5,
             tag = pending, pending = NULL",
            asked,
            settings_version,
            pool,
        )
        .await
    }

    pub(super) async fn has_settings(&self, version: i64, pool: &PgPool) -> Result<bool, sqlx::Error> {
        self.write("settings_version = $4", version, 0, pool).await
    }

    pub(super) async fn has_documents(&self, documents: i64, pool: &PgPool) -> Result<bool, sqlx::Error> {
        self.write("documents = $4", documents, 0, pool).await
    }

    /// Has the index filled anew. `lost`: what there is cannot answer until then.
    pub(super) async fn request_fill(&self, lost: bool, pool: &PgPool) -> Result<bool, sqlx::Error> {
        let assignments = if lost {
            "rebuilds_asked = rebuilds_asked + 1, ready = false"
        } else {
            "rebuilds_asked = rebuilds_asked + 1"
        };
        self.write(assignments, 0, 0, pool).await
    }

    /// Notes why the engine takes nothing in; `None`: it does.
    pub(super) async fn outage(&self, reason: Option<&str>, pool: &PgPool) -> Result<(), sqlx::Error> {
        sqlx::query(&format!(
            "UPDATE search_index SET outage = $4 WHERE name = $1 AND {HELD}"
        ))
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.fence)
        .bind(reason)
        .execute(pool)
        .await?;
        Ok(())
    }

    /// How many marks there are.
    pub(super) async fn count_dirty(&self, pool: &PgPool) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT count(*) FROM search_dirty WHERE index_name = $1")
            .bind(&self.name)
            .fetch_one(pool)
            .await
    }

    /// The products that the engine refuses.
    pub(super) async fn rejected(&self, pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT product_id FROM search_rejected WHERE index_name = $1")
            .bind(&self.name)
            .fetch_all(pool)
            .await
    }

    pub(super) async fn reject(&self, product_id: &str, reason: &str, pool: &PgPool) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO search_rejected (index_name, product_id, reason) VALUES ($1, $2, $3)
             ON CONFLICT (index_name, product_id) DO UPDATE SET reason = excluded.reason",
        )
        .bind(&self.name)
        .bind(product_id)
        .bind(reason)
        .execute(pool)
        .await?;
        Ok(())
    }

    pub(super) async fn accept(&self, product_ids: &[String], pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut tx = cursor::begin(pool).await?;
        sqlx::query(
            "DELETE FROM search_rejected WHERE ctid = ANY (ARRAY(
                 SELECT r.ctid FROM unnest($2::text[]) AS u (id)
                 CROSS JOIN LATERAL (
                     SELECT ctid FROM search_rejected WHERE index_name = $1 AND product_id BETWEEN u.id AND u.id
                     ORDER BY product_id FOR UPDATE) r))",
        )
        .bind(&self.name)
        .bind(product_ids)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

/// Marks the products whose units sold are no longer those of the index, unless somebody did so within `age`.
pub(super) async fn follow_sales(age: Duration, pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT follow_sales($1)")
        .bind(age.as_secs_f64())
        .execute(pool)
        .await?;
    Ok(())
}

/// The part of the row `search_settings` that an index knows; rules are applied to single queries, above the engine.
#[derive(Deserialize)]
struct Lists {
    synonyms: Vec<Synonyms>,
    stop_words: Vec<String>,
}

/// What the shop has set, and the version of that.
pub(super) async fn settings(pool: &PgPool) -> Result<(Settings, i64), sqlx::Error> {
    let row: Option<(Json<Lists>, i64)> = sqlx::query_as("SELECT settings, version FROM search_settings")
        .fetch_optional(pool)
        .await?;
    Ok(row.map_or_else(
        || (Settings::default(), 0),
        |(Json(lists), version)| {
            let settings = Settings {
                synonyms: lists.synonyms,
                stop_words: lists.stop_words,
                ..Settings::default()
            };
            (settings, version)
        },
    ))
}

#[cfg(test)]
mod tests;
