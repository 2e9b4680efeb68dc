//! `GET /v1/streams/{aggregate}/{id}`

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{StatusCode, Uri};
use proto::v1;

use super::view::EventView;
use crate::{
    auth::Admin,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

/// Longest name of an aggregate or id of a stream, in bytes.
const MAX_NAME: usize = 500;

/// Which page of the stream.
pub(crate) struct StreamPage(v1::PageRequest);

impl ReadParams for StreamPage {
    fn read(values: &mut Values) -> Self {
        Self(values.page())
    }
}

/// Reads the events of one aggregate
///
/// Oldest first. What the aggregate is now is the sum of them.
#[utoipa::path(get, path = "/v1/streams/{aggregate}/{id}", tag = "audit", security(("bearer" = [])),
    params(("aggregate" = String, Path, description = "`product`, `stock`, `order`, `credit`, `sku`, `user`, `email`, `search_settings` or `projection`"),
        ("id" = String, Path, description = "Id of the aggregate; a product's stock has the product's id")),
    responses((status = 200, description = "A page of events", body = Page<EventView>)))]
pub(crate) async fn read_stream(
    State(edge): State<Edge>,
    uri: Uri,
    _: Admin,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    Params(StreamPage(page)): Params<StreamPage>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let Path((aggregate_type, aggregate_id)) = path.map_err(|_| no_stream())?;
    if [&aggregate_type, &aggregate_id]
        .iter()
        .any(|name| name.len() > MAX_NAME || name.contains('\0'))
    {
        return Err(no_stream());
    }
    let first = page.cursor.is_empty();
    let request = v1::ReadStreamRequest {
        context: Some(context),
        aggregate_type,
        aggregate_id,
        page: Some(page),
    };
    let reply = ask(CALL, edge.audit_query().read_stream(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let page = Page::new(reply.events.into_iter().map(EventView::from).collect(), reply.page);
    if first && page.is_empty() {
        return Err(no_stream());
    }
    Ok(page.reply(&edge, &uri, None))
}

fn no_stream() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "stream_not_found",
        "nothing has ever happened to such an aggregate",
    )
}
