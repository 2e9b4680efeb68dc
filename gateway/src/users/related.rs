//! Users in the place of their ids.

use proto::v1;

use crate::{
    auth::me::UserView,
    call::{CALL, ask, timed},
    edge::Edge,
    problem::Problem,
    representation::{Related, Things, json},
};

/// Users that others name.
pub(crate) const USER: &Related = &Related {
    schema: "User",
    read: |edge, context, _, ids| Box::pin(read(edge, context, ids)),
};

async fn read(edge: &Edge, context: &v1::ReadContext, ids: &[String]) -> Result<Things, Problem> {
    let request = v1::GetUsersRequest {
        context: Some(context.clone()),
        ids: ids.to_vec(),
    };
    let reply = ask(CALL, edge.user_query().get_users(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let things = reply.users.into_iter();
    things
        .map(|user| Ok((user.id.clone(), json(&UserView::from(user))?)))
        .collect()
}
