//! `GET /v1/exports/{id}/file`

use axum::{extract::State, response::Response};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_RANGE, ETAG, IF_RANGE, RANGE},
};
use proto::v1::{self, FileChunk};
use tonic::Streaming;

use super::ExportId;
use crate::{
    call::{CALL, ask, timed},
    consistency::Checked,
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    etag,
    params::{NoParams, Params},
    problem::Problem,
    reports::attachment,
};

/// A range of bytes, asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// From this byte on, to that one, included.
    From(u64, Option<u64>),
    /// The last so many.
    Last(u64),
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ExportsRead)
        .report()
        .refuses(&[
            "export_not_ready",
            "not_found",
            "range_not_satisfiable",
            "report_too_large",
        ])
        .handler(routes!(read_file))
}

/// Fetches the file of an export
///
/// A part of it with `Range`, so that a download that broke off can go on.
#[utoipa::path(get, path = "/v1/exports/{id}/file", tag = "reports",
    params(("id" = String, Path, description = "Id of the export."),
        ("Range" = Option<String>, Header, description = "`bytes=<first>-<last>`: only these bytes."),
        ("If-Range" = Option<String>, Header, description = "The `ETag` of the part that is there already: if the file is another one, all of it is answered.")),
    responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/jsonl"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/pdf"))),
        (status = 206, description = "The part of it that was asked for", content((String = "text/csv"), (String = "application/jsonl"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/pdf"))),
        (status = 409, description = "The export is not done"),
        (status = 416, description = "The file has no such bytes")))]
pub(crate) async fn read_file(
    State(edge): State<Edge>,
    ExportId(id): ExportId,
    Params(NoParams): Params<NoParams>,
    _: Checked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A file that is done never changes.
    let tag = etag::quoted(&id).ok_or_else(Problem::internal)?;
    let mut response = answer(&edge, &id, wanted(&headers, &tag)).await?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// The part that is asked for. A header that is not understood asks for the whole, and so does one about another file.
fn wanted(headers: &HeaderMap, tag: &HeaderValue) -> Option<Asked> {
    let same = headers.get(IF_RANGE).is_none_or(|known| known == tag);
    let range = headers.get(RANGE).filter(|_| same && !etag::is_known(headers, tag))?;
    parse(range.to_str().ok()?)
}

async fn answer(edge: &Edge, id: &str, asked: Option<Asked>) -> Result<Response, Problem> {
    let Some(asked) = asked else {
        return attachment(read(edge, id, 0, 0, false).await?, None).await;
    };
    let mut head = read(edge, id, 0, 0, true).await?;
    let head = head.message().await.ok().flatten().and_then(|chunk| chunk.head);
    let size = head.and_then(|head| head.size).ok_or_else(Problem::internal)?;
    let Some((start, end)) = within(asked, size) else {
        let problem = Problem::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            format!("the file has {size} bytes"),
        );
        let all = HeaderValue::try_from(format!("bytes */{size}")).map_err(|_| Problem::internal())?;
        return Err(problem.with_header(CONTENT_RANGE, all));
    };
    attachment(read(edge, id, start, end - start, false).await?, Some((start, end))).await
}

async fn read(
    edge: &Edge,
    id: &str,
    offset: u64,
    length: u64,
    head_only: bool,
) -> Result<Streaming<FileChunk>, Problem> {
    let request = v1::ReadExportRequest {
        id: id.to_owned(),
        offset,
        length,
        head_only,
    };
    ask(CALL, edge.export_jobs().read_export(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)
}

/// One range of bytes; several, or anything else, is none.
fn parse(text: &str) -> Option<Asked> {
    let number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
    };
    let (first, last) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", last) => Some(Asked::Last(number(last)?)),
        (first, "") => Some(Asked::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::From(first, Some(last)))
        }
    }
}

/// The bytes that the file has of it: the first one, the one after the last.
fn within(asked: Asked, size: u64) -> Option<(u64, u64)> {
    let (start, end) = match asked {
        Asked::From(first, last) => (first, last.map_or(size, |last| size.min(last.saturating_add(1)))),
        Asked::Last(count) => (size.saturating_sub(count), size),
    };
    (start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_answered_of_the_file_that_it_is_a_part_of() {
        let tag = etag::quoted("exp_1").unwrap();
        let asked = |more: &[(http::HeaderName, &'static str)]| {
            let mut headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=4-"))]);
            headers.extend(
                more.iter()
                    .map(|(name, value)| (name.clone(), HeaderValue::from_static(value))),
            );
            wanted(&headers, &tag)
        };
        assert_eq!(asked(&[]), Some(Asked::From(4, None)));
        assert_eq!(asked(&[(IF_RANGE, "\"exp_1\"")]), Some(Asked::From(4, None)));
        for other in ["\"exp_2\"", "W/\"exp_1\"", "Sun, 22 Nov 2026 10:00:00 GMT"] {
            assert_eq!(asked(&[(IF_RANGE, other)]), None, "{other}");
        }
        assert_eq!(
            asked(&[(http::header::IF_NONE_MATCH, "\"exp_1\"")]),
            None,
            "it is known"
        );
    }

    #[test]
    fn ranges_are_those_of_the_file() {
        let of = |text| parse(text).map(|asked| within(asked, 10));
        assert_eq!(of("bytes=0-3"), Some(Some((0, 4))));
        assert_eq!(of("bytes=4-"), Some(Some((4, 10))));
        assert_eq!(of("bytes=4-99"), Some(Some((4, 10))));
        assert_eq!(of("bytes=-3"), Some(Some((7, 10))));
        assert_eq!(of("bytes=-99"), Some(Some((0, 10))));
        assert_eq!(of("bytes=10-"), Some(None));
        assert_eq!(of("bytes=-0"), Some(None));
        for whole in [
            "",
            "bytes=",
            "bytes=a-b",
            "bytes=3-1",
            "lines=0-1",
            "bytes=0-1,3-4",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(of(whole), None, "{whole}");
        }
    }
}
