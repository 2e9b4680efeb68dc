//! Orders.

pub(crate) mod cancel;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod place;
pub(crate) mod view;

use http::StatusCode;
use proto::v1;

use crate::{endpoint::Described, identity::token::Principal, problem::Problem, reply::Reply};
use view::OrderView;

/// The endpoints of orders.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![list::endpoint(), place::endpoint(), get::endpoint(), cancel::endpoint()]
}

/// Whose orders alone the caller may see and change; empty: everybody's.
fn only_customer(caller: &Principal) -> String {
    if caller.is_admin() {
        String::new()
    } else {
        caller.user_id.to_string()
    }
}

/// The answer of every command on an order.
fn answered(reply: v1::OrderReply, status: StatusCode) -> Result<Reply, Problem> {
    let order = reply.order.ok_or_else(Problem::internal)?;
    let version = order.version;
    Ok(Reply::json(status, &OrderView::from(order))
        .version(version)
        .committed(&reply.committed.unwrap_or_default()))
}
