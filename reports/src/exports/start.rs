//! A new job.

use prost::Message as _;
use proto::v1::{ExportReply, StartExportRequest};
use reads::error::Error;

use super::ExportService;
use super::job;
use crate::export;

/// Jobs that may wait; more are refused until some are done.
const MAX_WAITING: i64 = 100;
const MAX_PARAMETERS: usize = 64 * 1024;

pub(super) async fn start(query: &ExportService, request: StartExportRequest) -> Result<ExportReply, Error> {
    let asked = request
        .export
        .ok_or_else(|| Error::invalid("report", "required", "must be sales or sales_orders"))?;
    let file_name = export::check(&asked)?;
    let format = export::format(&asked)?;
    if request.parameters.len() > MAX_PARAMETERS || request.parameters.contains('\0') {
        return Err(Error::invalid("params", "malformed", "cannot be kept"));
    }
    let context = request.context.unwrap_or_default();
    let key = (!context.idempotency_key.is_empty()).then_some(&context.idempotency_key);
    if let Some(key) = key
        && let Some(reply) = stored(query, &context.actor, key, &context.request_hash).await?
    {
        return Ok(reply);
    }
    export::check_things(&query.reads, &asked).await?;
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM report_exports WHERE status = 'queued'")
        .fetch_one(query.pool())
        .await?;
    if waiting >= MAX_WAITING {
        return Err(Error::Busy);
    }
    let id: Option<String> = sqlx::query_scalar(
        "INSERT INTO report_exports
             (id, status, request, parameters, created_by, idempotency_key, request_hash, file_name, media_type)
         VALUES ('exp_' || gen_random_uuid(), 'queued', $1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (created_by, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING id",
    )
    .bind(asked.encode_to_vec())
    .bind(&request.parameters)
    .bind(&context.actor)
    .bind(key)
    .bind(&context.request_hash)
    .bind(&file_name)
    .bind(format.media_type())
    .fetch_optional(query.pool())
    .await?;
    if let Some(id) = id {
        query.wake.notify_one();
        return Ok(ExportReply {
            export: Some(job::find(query, &id).await?),
            replayed: false,
        });
    }
    // The same key came at the same time and was faster.
    let key = key.map_or("", String::as_str);
    stored(query, &context.actor, key, &context.request_hash)
        .await?
        .ok_or(Error::Busy)
}

/// The job of an earlier request with this key.
async fn stored(query: &ExportService, actor: &str, key: &str, hash: &[u8]) -> Result<Option<ExportReply>, Error> {
    let found: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT id, request_hash FROM report_exports WHERE created_by = $1 AND idempotency_key = $2")
            .bind(actor)
            .bind(key)
            .fetch_optional(query.pool())
            .await?;
    match found {
        None => Ok(None),
        Some((_, before)) if before != hash => Err(Error::KeyReused),
        Some((id, _)) => Ok(Some(ExportReply {
            export: Some(job::find(query, &id).await?),
            replayed: true,
        })),
    }
}
