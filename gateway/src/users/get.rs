//! `GET /v1/users/{id}`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;

use crate::{
    app_state::AppState,
    as_of::AsOfParam,
    auth::me::{UserView, past_user},
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    id::UserId,
    params::Params,
    problem::Problem,
    reply::Reply,
};

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::UsersRead)
        .with_as_of()
        .refuses(&["not_created_yet", "user_not_found"])
        .handler(routes!(read_user))
}

/// Reads a user
#[utoipa::path(get, path = "/v1/users/{id}", tag = "users",
    params(("id" = String, Path, description = "Id of the user")),
    responses((status = 200, description = "The user", body = UserView)))]
pub(crate) async fn read_user(
    State(app): State<AppState>,
    UserId(id): UserId,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    if let Some(as_of) = as_of {
        return past_user(&app, context, as_of, id).await;
    }
    let request = v1::GetUserRequest {
        context: Some(context),
        id,
    };
    let reply = ask(CALL, app.user_query().get_user(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("user_not_found"))?;
    let user = reply.user.ok_or_else(Problem::internal)?;
    let version = user.version;
    Ok(Reply::json(StatusCode::OK, &UserView::from(user))
        .version(version)
        .freshness(reply.freshness)
        .into())
}
