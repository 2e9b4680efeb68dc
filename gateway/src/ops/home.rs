//! `GET /`: where to go from here.

use axum::response::Html;

const PAGE: &str = include_str!("home.html");

/// The start page.
pub(crate) async fn home() -> Html<&'static str> {
    Html(PAGE)
}
