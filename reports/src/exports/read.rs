//! The file of a job, or a part of it.

use proto::v1::{FileChunk, FileHead, ReadExportRequest};
use reads::error::Error;
use tokio::sync::mpsc;
use tonic::Status;

use super::ExportService;
use super::not_found;

pub(super) async fn read(
    query: &ExportService,
    request: ReadExportRequest,
) -> Result<mpsc::Receiver<Result<FileChunk, Status>>, Error> {
    let found: Option<(String, String, String, i64)> =
        sqlx::query_as("SELECT status, file_name, media_type, size FROM report_exports WHERE id = $1")
            .bind(&request.id)
            .fetch_optional(query.pool())
            .await?;
    let (status, name, media_type, size) = found.ok_or_else(|| not_found(&request.id))?;
    if status != "done" {
        return Err(Error::ExportNotReady { status });
    }
    let size = size.unsigned_abs();
    let start = request.offset.min(size);
    let end = match request.length {
        0 => size,
        length => size.min(start.saturating_add(length)),
    };
    let head = FileHead {
        name,
        media_type,
        size: Some(size),
        offset: start,
        freshness: None,
    };
    let (sender, receiver) = mpsc::channel(4);
    let query = query.clone();
    tokio::spawn(async move {
        let first = FileChunk {
            head: Some(head),
            data: Vec::new(),
        };
        if sender.send(Ok(first)).await.is_err() || request.head_only {
            return;
        }
        let mut at = start;
        while at < end {
            let chunk = match piece(&query, &request.id, at, end).await {
                Ok(data) if !data.is_empty() => {
                    at += data.len() as u64;
                    Ok(FileChunk { head: None, data })
                }
                // It was removed while it was read.
                Ok(_) => Err(not_found(&request.id).into()),
                Err(error) => Err(error.into()),
            };
            let failed = chunk.is_err();
            if sender.send(chunk).await.is_err() || failed {
                return;
            }
        }
    });
    Ok(receiver)
}

/// The rest of the piece at `at`, not beyond `end`.
async fn piece(query: &ExportService, id: &str, at: u64, end: u64) -> Result<Vec<u8>, Error> {
    let place = |offset: u64| i64::try_from(offset).unwrap_or(i64::MAX);
    let data: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT substring(data FROM ($2 - start)::integer + 1 FOR ($3 - $2)::integer) FROM report_export_pieces
         WHERE export_id = $1 AND start <= $2 ORDER BY start DESC LIMIT 1",
    )
    .bind(id)
    .bind(place(at))
    .bind(place(end.min(at + super::worker::PIECE as u64)))
    .fetch_optional(query.pool())
    .await?;
    Ok(data.unwrap_or_default())
}
