//! A job as its row holds it.

use chrono::{DateTime, Utc};
use proto::v1::Export;
use reads::cells::Cells;
use reads::error::Error;
use sqlx::postgres::PgRow;

use super::ExportService;
use super::not_found;

/// Selects jobs; a condition follows.
pub(super) const SELECT: &str = "\
SELECT id, status, parameters, rows, total_rows, size, file_name, error_code, error, created_at, finished_at, expires_at, created_by
FROM report_exports WHERE ";

pub(super) struct JobRow {
    pub(super) created_at: DateTime<Utc>,
    pub(super) export: Export,
}

impl JobRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("report_exports", row, "id");
        let text = |column| cells.get::<Option<String>>(column).map(Option::unwrap_or_default);
        let micros = |column| {
            Ok::<_, Error>(
                cells
                    .get::<Option<DateTime<Utc>>>(column)?
                    .map(|time| time.timestamp_micros()),
            )
        };
        let created_at: DateTime<Utc> = cells.get("created_at")?;
        let status: String = cells.get("status")?;
        let rows = cells.count("rows")?;
        let total: Option<i64> = cells.get("total_rows")?;
        let percent = match (status.as_str(), total) {
            ("done", _) => Some(100),
            // The last hundredth is the writing of the end.
            (_, Some(total)) if total > 0 => {
                let done = u128::from(rows) * 100 / u128::from(total.unsigned_abs());
                Some(u32::try_from(done.min(99)).unwrap_or(99))
            }
            (_, Some(_)) => Some(0),
            (_, None) => None,
        };
        Ok(Self {
            created_at,
            export: Export {
                id: cells.get("id")?,
                status,
                parameters: cells.get("parameters")?,
                rows,
                percent,
                size: cells.count("size")?,
                file_name: cells.get("file_name")?,
                error_code: text("error_code")?,
                error: text("error")?,
                created_at_micros: created_at.timestamp_micros(),
                finished_at_micros: micros("finished_at")?,
                expires_at_micros: micros("expires_at")?,
                created_by: cells.get("created_by")?,
            },
        })
    }
}

pub(super) async fn find(query: &ExportService, id: &str) -> Result<Export, Error> {
    let row = sqlx::query(&format!("{SELECT} id = $1"))
        .bind(id)
        .fetch_optional(query.pool())
        .await?;
    let row = row.ok_or_else(|| not_found(id))?;
    Ok(JobRow::read(&row)?.export)
}

/// Ends a job that is not finished; one that is goes with its file. Answers with how it stood.
pub(super) async fn cancel(query: &ExportService, id: &str) -> Result<Export, Error> {
    let ended = sqlx::query(
        "UPDATE report_exports SET status = 'cancelled', owner = NULL, holder = NULL, held_until = NULL, finished_at = now(),
             expires_at = now() + make_interval(secs => $2)
         WHERE id = $1 AND status IN ('queued', 'running')",
    )
    .bind(id)
    .bind(query.keep.as_secs_f64())
    .execute(query.pool())
    .await?;
    let job = find(query, id).await?;
    if ended.rows_affected() == 0 {
        sqlx::query("DELETE FROM report_exports WHERE id = $1 AND status NOT IN ('queued', 'running')")
            .bind(id)
            .execute(query.pool())
            .await?;
    } else {
        sqlx::query("DELETE FROM report_export_pieces WHERE export_id = $1")
            .bind(id)
            .execute(query.pool())
            .await?;
        metrics::counter!("tillroll_exports_total", "outcome" => "cancelled").increment(1);
    }
    Ok(job)
}
