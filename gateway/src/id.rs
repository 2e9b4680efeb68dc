//! Ids of the shape `prod_<uuid>`, in paths and bodies.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use uuid::Uuid;

use crate::{app_state::AppState, problem::Problem};

/// Prefix of a product's id.
pub(crate) const PRODUCT: &str = "prod";
/// Prefix of an order's id.
pub(crate) const ORDER: &str = "ord";
/// Prefix of a user's id.
pub(crate) const USER: &str = "usr";
/// Prefix of the id of a rule for a query.
pub(crate) const SEARCH_RULE: &str = "rule";

/// True for `<prefix>_<uuid>` with a hyphenated lower-case UUID: the only spelling that a stream has.
pub(crate) fn is(prefix: &str, text: &str) -> bool {
    let Some(uuid) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else {
        return false;
    };
    uuid.len() == 36 && !uuid.bytes().any(|byte| byte.is_ascii_uppercase()) && Uuid::try_parse(uuid).is_ok()
}

/// The `{id}` of a product's address. What cannot be an id names no product: 404.
pub(crate) struct ProductId(pub(crate) String);

/// The `{id}` of an order's address. What cannot be an id names no order: 404.
pub(crate) struct OrderId(pub(crate) String);

/// The `{id}` of a user's address. What cannot be an id names no user: 404.
pub(crate) struct UserId(pub(crate) String);

impl FromRequestParts<AppState> for UserId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        id_of(parts, app, USER, "user_not_found", "there is no such user")
            .await
            .map(Self)
    }
}

/// The `{id}` of the address of a rule for a query. What cannot be an id names no rule: 404.
pub(crate) struct SearchRuleId(pub(crate) String);

impl FromRequestParts<AppState> for ProductId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        id_of(parts, app, PRODUCT, "product_not_found", "there is no such product")
            .await
            .map(Self)
    }
}

impl FromRequestParts<AppState> for OrderId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        id_of(parts, app, ORDER, "order_not_found", "there is no such order")
            .await
            .map(Self)
    }
}

impl FromRequestParts<AppState> for SearchRuleId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        id_of(
            parts,
            app,
            SEARCH_RULE,
            "search_rule_not_found",
            "there is no such rule",
        )
        .await
        .map(Self)
    }
}

async fn id_of(
    parts: &mut Parts,
    app: &AppState,
    prefix: &str,
    code: &'static str,
    detail: &'static str,
) -> Result<String, Problem> {
    match Path::<String>::from_request_parts(parts, app).await {
        Ok(Path(id)) if is(prefix, &id) => Ok(id),
        _ => Err(Problem::new(http::StatusCode::NOT_FOUND, code, detail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_spelling_of_streams_is_an_id() {
        assert!(is(PRODUCT, "prod_0198c0de-0000-7000-8000-000000000001"));
        for wrong in [
            "",
            "prod_",
            "ord_0198c0de-0000-7000-8000-000000000001",
            "prod_0198C0DE-0000-7000-8000-000000000001",
            "prod_0198c0de00007000800000000000000100000",
            "prod_0198c0de-0000-7000-8000-00000000000g",
            "prod-0198c0de-0000-7000-8000-000000000001",
            "prod_0198c0de-0000-7000-8000-000000000001 ",
        ] {
            assert!(!is(PRODUCT, wrong), "{wrong}");
        }
    }
}
