//! Pages for people: `/errors/{code}`, where the `type` of a problem leads, and `/guides/{name}`, the rest of `docs`.
//!
//! Browsers get HTML. A client that asks for `text/markdown` gets the source, with links that lead to this server.

mod render;

use std::{collections::HashMap, fmt::Write, sync::LazyLock};

use axum::{
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, Method, Uri,
    header::{CONTENT_TYPE, VARY},
};

use crate::{
    endpoint::{Described, Endpoint},
    headers,
    problem::Problem,
};
use render::Page;

/// The files of `docs/errors` by code, in the order of the codes.
pub(crate) const ERRORS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));
/// The files of `docs` by name, in the order of the names.
const GUIDES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/guides.rs"));

#[derive(Clone, Copy)]
enum Form {
    Html,
    Markdown,
}

/// A client that takes anything gets the first.
const FORMS: &[(&str, Form)] = &[
    ("text/html", Form::Html),
    ("text/markdown", Form::Markdown),
    ("text/plain", Form::Markdown),
];

/// The pages by their paths.
static PAGES: LazyLock<HashMap<String, Page>> = LazyLock::new(|| {
    let mut pages = HashMap::new();
    let folders = [
        ("/errors", "docs/errors", "Error codes", ERRORS),
        ("/guides", "docs", "Guides", GUIDES),
    ];
    for (address, folder, title, files) in folders {
        let mut index = format!("# {title}\n\n");
        for (name, markdown) in files {
            let page = Page::new(folder, markdown);
            let path = format!("{address}/{name}");
            let _ = writeln!(index, "- [{}]({path})", page.title);
            pages.insert(path, page);
        }
        pages.insert(address.to_owned(), Page::new(folder, &index));
    }
    pages
});

/// The endpoints of all pages.
pub(crate) fn endpoints() -> Vec<Described> {
    ["/errors", "/errors/{code}", "/guides", "/guides/{name}"]
        .map(|path| {
            Endpoint::page()
                .refuses(&["not_found"])
                .at(Method::GET, path, get(page))
        })
        .into()
}

async fn page(uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let page = PAGES
        .get(uri.path())
        .ok_or_else(|| Problem::not_found("there is no such page"))?;
    let (kind, text) = match headers::preferred(&headers, FORMS) {
        Some(Form::Markdown) => ("text/markdown; charset=utf-8", &page.markdown),
        Some(Form::Html) | None => ("text/html; charset=utf-8", &page.html),
    };
    Ok(([(CONTENT_TYPE, kind), (VARY, "accept")], text.as_str()).into_response())
}
