//! `GET /v1/users`

use axum::response::Response;
use proto::v1;

use crate::{
    auth::me::UserView,
    call::{CALL, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    identity::token::Role,
    page::{List, Page},
    params::params,
    problem::Problem,
};

params! {
    /// Which users, and in which order.
    pub(crate) struct UserFilters {
        #[param(value_type = Option<Role>)]
        role: Option<v1::Role> = one_of(&[("admin", v1::Role::Admin), ("customer", v1::Role::Customer)]),
        /// The whole address, whatever its case.
        #[param(required = false)]
        email: String = |values| values.identifier("email").unwrap_or_default(),
        /// Part of the name or of the address.
        #[param(required = false)]
        q: String = |values| values.text("q").unwrap_or_default(),
        #[param(ignore)]
        created: Option<v1::TimeRange> = |values| values.time_range(),
        /// `created_at`, `email` or `name`; a leading `-` reverses. `-created_at`, unless said otherwise.
        #[param(required = false)]
        sort: String = sort(&["created_at", "email", "name"]),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::UsersRead).handler(routes!(list_users))
}

/// Lists users
#[utoipa::path(get, path = "/v1/users", tag = "users",
    params(UserFilters,
        ("from" = Option<String>, Query, description = "Created at or after this RFC 3339 time, or the start of this date in UTC."),
        ("to" = Option<String>, Query, description = "Created before this RFC 3339 time, or the start of this date in UTC.")),
    responses((status = 200, description = "A page of users", body = Page<UserView>)))]
pub(crate) async fn list_users(
    List {
        filters,
        context: Freshly(context),
        pages,
    }: List<UserFilters>,
) -> Result<Response, Problem> {
    let request = v1::ListUsersRequest {
        context: Some(context),
        page: Some(filters.page),
        role: filters.role.unwrap_or_default().into(),
        email: filters.email,
        search: filters.q,
        created: filters.created,
        sort: filters.sort,
    };
    pages
        .answer(pages.app.user_query().list_users(timed(CALL, request)), UserView::from)
        .await
}
