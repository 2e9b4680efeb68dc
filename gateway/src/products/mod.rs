//! The catalogue.

pub(crate) mod archive;
mod attributes;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod found;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod patch;
pub(crate) mod publish;
pub(crate) mod related;
pub(crate) mod restore;
mod same;
pub(crate) mod suggest;
pub(crate) mod view;

use axum::response::Response;
use http::StatusCode;
use proto::{failure::Failure, v1};

use crate::{
    body::Command,
    call::{CALL, ask, timed},
    endpoint::Described,
    etag,
    json::Nothing,
    problem::Problem,
    reply::Reply,
};
use view::ProductView;

/// The endpoints of the catalogue.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        list::endpoint(),
        create::endpoint(),
        suggest::endpoint(),
        get::endpoint(),
        patch::endpoint(),
        delete::endpoint(),
        publish::endpoint(),
        archive::endpoint(),
        restore::endpoint(),
    ]
}

/// Carries out a command that needs only the product's id.
async fn without_body<F>(
    id: String,
    command: Command<Nothing>,
    call: impl Fn(tonic::Request<v1::ProductRequest>) -> F,
) -> Result<v1::ProductReply, Failure>
where
    F: Future<Output = Result<tonic::Response<v1::ProductReply>, tonic::Status>>,
{
    let Command { context, expected, .. } = command;
    let write = |expected_version| {
        let request = v1::ProductRequest {
            context: Some(context.clone()),
            id: id.clone(),
            expected_version,
        };
        ask(CALL, call(timed(CALL, request)))
    };
    expected.attempt(write).await
}

/// The answer of every command that changes a product.
fn changed(reply: Result<v1::ProductReply, Failure>) -> Result<Reply, Problem> {
    answered(reply?, StatusCode::OK)
}

fn answered(reply: v1::ProductReply, status: StatusCode) -> Result<Reply, Problem> {
    let product = reply.product.ok_or_else(Problem::internal)?;
    let committed = reply.committed.unwrap_or_default();
    let stock_version = product.stock.as_ref().map_or(0, |stock| stock.version);
    let tag = etag::of_product(product.version, stock_version);
    Ok(Reply::json(status, &ProductView::from(product))
        .tag(&tag)
        .committed(&committed))
}

/// The answer of a command after which there is nothing to show.
fn gone(reply: Result<v1::ProductReply, Failure>) -> Result<Response, Problem> {
    let committed = reply?.committed.unwrap_or_default();
    Ok(Reply::empty(StatusCode::NO_CONTENT)
        .version(committed.version)
        .committed(&committed)
        .into())
}
