//! Users, for administrators.

mod create;
mod disable;
mod enable;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod related;
mod role;

use axum::response::Response;
use http::StatusCode;
use proto::v1::UserReply;

use crate::{auth::me::UserView, endpoint::Described, problem::Problem, reply::Reply};

/// The endpoints of users.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        list::endpoint(),
        create::endpoint(),
        get::endpoint(),
        role::endpoint(),
        disable::endpoint(),
        enable::endpoint(),
    ]
}

/// What came of a change.
fn changed(reply: UserReply) -> Result<Response, Problem> {
    let user = reply.user.ok_or_else(Problem::internal)?;
    Ok(Reply::json(StatusCode::OK, &UserView::from(user))
        .committed(&reply.committed.unwrap_or_default())
        .into())
}
