//! A file as the answer.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use proto::{
    failure::Failure,
    v1::{FileChunk, FileHead},
};
use tonic::Streaming;

use crate::{consistency, problem::Problem};

/// The part of a file that is answered: first byte, byte after the last one.
pub(crate) type Part = (u64, u64);

/// Answers with a file while it comes.
///
/// # Errors
/// What the service says before the first byte.
pub(crate) async fn attachment(mut chunks: Streaming<FileChunk>, part: Option<Part>) -> Result<Response, Problem> {
    let first = chunks
        .message()
        .await
        .map_err(|status| Problem::of_read(Failure::from(&status)))?
        .ok_or_else(Problem::internal)?;
    let head = first.head.ok_or_else(Problem::internal)?;
    let beginning = stream::once(futures::future::ready(Ok(Bytes::from(first.data))));
    let rest = chunks
        .map_err(|status| {
            tracing::warn!(code = ?status.code(), "a file broke off while it was sent");
            status
        })
        .map_ok(|chunk| Bytes::from(chunk.data));
    let bytes = beginning.chain(rest);
    let body = match part {
        Some((start, end)) => Body::from_stream(limited(bytes, end.saturating_sub(start))),
        None => Body::from_stream(bytes),
    };
    let mut response = Response::new(body);
    describe(&mut response, &head, part)?;
    Ok(response)
}

/// No more bytes than were announced.
fn limited<E>(
    bytes: impl stream::Stream<Item = Result<Bytes, E>>,
    length: u64,
) -> impl stream::Stream<Item = Result<Bytes, E>> {
    bytes
        .scan(length, |left, chunk| {
            let chunk = match chunk {
                _ if *left == 0 => return futures::future::ready(None),
                Ok(mut chunk) => {
                    chunk.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= chunk.len() as u64;
                    Ok(chunk)
                }
                Err(error) => {
                    *left = 0;
                    Err(error)
                }
            };
            futures::future::ready(Some(chunk))
        })
        .fuse()
}

fn describe(response: &mut Response, head: &FileHead, part: Option<Part>) -> Result<(), Problem> {
    let text = |text: String| HeaderValue::try_from(text).map_err(|_| Problem::internal());
    let headers: [(HeaderName, HeaderValue); 3] = [
        (CONTENT_TYPE, text(head.media_type.clone())?),
        (
            CONTENT_DISPOSITION,
            text(format!("attachment; filename=\"{}\"", head.name))?,
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    response.headers_mut().extend(headers);
    if let Some(size) = head.size {
        let (start, end) = part.unwrap_or((0, size));
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(end.saturating_sub(start)));
        response
            .headers_mut()
            .insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if part.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let range = format!("bytes {start}-{}/{size}", end.saturating_sub(1));
            response.headers_mut().insert(CONTENT_RANGE, text(range)?);
        }
    }
    if head.freshness.as_ref().is_some_and(|freshness| freshness.stale) {
        response
            .headers_mut()
            .insert(consistency::STALE, HeaderValue::from_static("true"));
    }
    Ok(())
}
