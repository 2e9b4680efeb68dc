//! What is on the shelf.

pub(crate) mod adjust;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod receive;
pub(crate) mod set;

use axum::response::Response;
use http::StatusCode;
use proto::{failure::Failure, v1};
use serde::Serialize;

use crate::expansion::Expansion;
use crate::products::related::PRODUCT;
use crate::{endpoint::Described, problem::Problem, reply::Reply, times::rfc3339};

/// What can be put in the place of ids.
pub(crate) const EXPANSIONS: &[Expansion] = &[Expansion {
    name: "product",
    id: "product_id",
    target: PRODUCT,
}];

/// The endpoints of the stock.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        list::endpoint(),
        get::endpoint(),
        receive::endpoint(),
        adjust::endpoint(),
        set::endpoint(),
    ]
}

/// The stock of a product.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Stock)]
pub(crate) struct StockView {
    #[schema(example = "prod_0198c0de-0000-7000-8000-000000000001")]
    product_id: String,
    /// Units in the house.
    on_hand: i64,
    /// Of those, units that orders hold.
    reserved: i64,
    /// Units that can be ordered: on hand - reserved.
    available: i64,
    /// Also the `ETag`.
    version: u64,
    /// Only in reads, and only once something has happened to the stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

impl StockView {
    pub(crate) fn new(product_id: String, level: Option<v1::StockLevel>, updated_at_micros: Option<i64>) -> Self {
        let level = level.unwrap_or_default();
        Self {
            product_id,
            on_hand: level.on_hand,
            reserved: level.reserved,
            available: level.available,
            version: level.version,
            updated_at: updated_at_micros.map(rfc3339),
        }
    }
}

/// The answer of every command that changes stock.
fn changed(reply: Result<v1::StockReply, Failure>) -> Result<Response, Problem> {
    let reply = reply?;
    let view = StockView::new(reply.product_id, reply.level, None);
    let version = view.version;
    Ok(Reply::json(StatusCode::OK, &view)
        .version(version)
        .committed(&reply.committed.unwrap_or_default())
        .into())
}
