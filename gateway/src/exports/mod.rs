//! Files of reports that are made in the background.

pub(crate) mod cancel;
pub(crate) mod file;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod start;
mod view;

/// Prefix of an export's id.
const EXPORT: &str = "exp";

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use crate::{edge::Edge, endpoint::Described, id, problem::Problem};

/// The endpoints of exports.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        list::endpoint(),
        start::endpoint(),
        get::endpoint(),
        cancel::endpoint(),
        file::endpoint(),
    ]
}

/// The `{id}` of an export's address. What cannot be an id names no export: 404.
pub(crate) struct ExportId(String);

impl FromRequestParts<Edge> for ExportId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, edge)
            .await
            .map_err(|_| missing())?;
        if id::is(EXPORT, &text) {
            Ok(Self(text))
        } else {
            Err(missing())
        }
    }
}

fn missing() -> Problem {
    Problem::not_found("there is no such export")
}
