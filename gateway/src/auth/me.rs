//! `GET /v1/me`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;
use serde::Serialize;

use super::{Caller, token::Role};
use crate::{
    app_state::AppState,
    as_of::{self, AsOfParam},
    call::{CALL, ask, itself, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    params::Params,
    problem::Problem,
    reply::Reply,
    times::rfc3339,
};

/// A user.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    #[schema(example = "usr_0198c0de-0000-7000-8000-000000000001")]
    id: String,
    email: String,
    name: String,
    #[schema(value_type = Role)]
    role: &'static str,
    created_at: String,
}

impl From<v1::User> for UserView {
    fn from(user: v1::User) -> Self {
        let role = match user.role() {
            v1::Role::Admin => "admin",
            v1::Role::Customer => "customer",
            v1::Role::Unspecified => "unknown",
        };
        let created_at = rfc3339(user.created_at_micros);
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            role,
            created_at,
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ProfileRead)
        .with_as_of()
        .refuses(&["not_created_yet", "user_not_found"])
        .handler(routes!(read_me))
}

/// Says who is logged in
#[utoipa::path(get, path = "/v1/me", tag = "auth",
    responses((status = 200, description = "The user of the token", body = UserView),
        (status = 404, description = "There is no such user any more, or there was none yet")))]
pub(crate) async fn read_me(
    State(app): State<AppState>,
    Caller(caller): Caller,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    if let Some(as_of) = as_of {
        return itself()
            .scope(past_user(&app, context, as_of, caller.user_id.to_string()))
            .await;
    }
    let request = v1::GetUserRequest {
        context: Some(context),
        id: caller.user_id.to_string(),
    };
    // Nobody else's user is asked for, so no permission of the caller is needed.
    let reply = itself()
        .scope(ask(CALL, app.user_query().get_user(timed(CALL, request))))
        .await
        .map_err(|failure| Problem::of_read(failure).missing("user_not_found"))?;
    let user = reply
        .user
        .ok_or_else(|| Problem::not_found("there is no such user any more").missing("user_not_found"))?;
    Ok(Reply::json(StatusCode::OK, &UserView::from(user))
        .freshness(reply.freshness)
        .into())
}

/// A user as they stood.
pub(crate) async fn past_user(
    app: &AppState,
    context: v1::ReadContext,
    as_of: v1::AsOf,
    id: String,
) -> Result<Response, Problem> {
    let request = v1::UserAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
        id,
    };
    let reply = ask(CALL, app.history_query().user_as_of(timed(CALL, request)))
        .await
        .map_err(|failure| as_of::refused(failure, "user_not_found"))?;
    let user = reply.user.ok_or_else(Problem::internal)?;
    Ok(as_of::reply(reply.moment, &UserView::from(user)).into())
}
