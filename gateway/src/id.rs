//! Ids of the shape `prod_<uuid>`, in paths and bodies.

use uuid::Uuid;

/// Prefix of a product's id.
pub(crate) const PRODUCT: &str = "prod";
/// Prefix of an order's id.
pub(crate) const ORDER: &str = "ord";
/// Prefix of a user's id.
pub(crate) const USER: &str = "usr";
/// Prefix of a session's id.
pub(crate) const SESSION: &str = "ses";
/// Prefix of the id of a rule for a query.
pub(crate) const SEARCH_RULE: &str = "rule";

/// True for `<prefix>_<uuid>` with a hyphenated lower-case UUID: the only spelling that a stream has.
pub(crate) fn is(prefix: &str, text: &str) -> bool {
    let Some(uuid) = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) else {
        return false;
    };
    uuid.len() == 36 && !uuid.bytes().any(|byte| byte.is_ascii_uppercase()) && Uuid::try_parse(uuid).is_ok()
}

/// Makes the extractor of the `{id}` of an address. What cannot be an id names nothing: 404.
macro_rules! path_id {
    ($(#[$docs:meta])* $name:ident, $prefix:expr, $code:literal, $detail:literal) => {
        $(#[$docs])*
        pub(crate) struct $name(pub(crate) String);

        impl<S: Send + Sync> axum::extract::FromRequestParts<S> for $name {
            type Rejection = $crate::problem::Problem;

            async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
                match axum::extract::Path::<String>::from_request_parts(parts, state).await {
                    Ok(axum::extract::Path(id)) if $crate::id::is($prefix, &id) => Ok(Self(id)),
                    _ => Err($crate::problem::Problem::new(http::StatusCode::NOT_FOUND, $code, $detail)),
                }
            }
        }
    };
}
pub(crate) use path_id;

path_id! {
    /// The id of a product in an address.
    ProductId, PRODUCT, "product_not_found", "there is no such product"
}
path_id! {
    /// The id of an order in an address.
    OrderId, ORDER, "order_not_found", "there is no such order"
}
path_id! {
    /// The id of a user in an address.
    UserId, USER, "user_not_found", "there is no such user"
}
path_id! {
    /// The id of a session in an address.
    SessionId, SESSION, "session_not_found", "there is no such session"
}
path_id! {
    /// The id of a rule of the search in an address.
    SearchRuleId, SEARCH_RULE, "search_rule_not_found", "there is no such rule"
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
