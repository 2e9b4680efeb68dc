//! Users in the place of their ids.

use proto::v1;

use crate::{
    app_state::AppState,
    auth::me::UserView,
    call::{CALL, ask, timed},
    expansion::{Related, Things, json},
    problem::Problem,
};

/// Users that others name.
pub(crate) const USER: &Related = &Related {
    schema: "User",
    read: |app, context, _, ids| Box::pin(read(app, context, ids)),
};

async fn read(app: &AppState, context: &v1::ReadContext, ids: &[String]) -> Result<Things, Problem> {
    let request = v1::GetUsersRequest {
        context: Some(context.clone()),
        ids: ids.to_vec(),
    };
    let reply = ask(CALL, app.user_query().get_users(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let things = reply.users.into_iter();
    things
        .map(|user| Ok((user.id.clone(), json(&UserView::from(user))?)))
        .collect()
}
