//! The read models, for those who run the system.

pub(crate) mod list;
pub(crate) mod parked;
pub(crate) mod retry;
pub(crate) mod skip;
mod view;

use http::StatusCode;

use crate::problem::Problem;

/// Longest name of a parked event, in bytes.
const MAX_ID: usize = 100;

/// The id of a parked event in an address. What cannot be one names nothing: 404.
fn id(path: Result<axum::extract::Path<String>, axum::extract::rejection::PathRejection>) -> Result<String, Problem> {
    match path {
        Ok(axum::extract::Path(id)) if id.len() <= MAX_ID && !id.contains('\0') => Ok(id),
        _ => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "parked_event_not_found",
            "no such event is parked",
        )),
    }
}

use crate::endpoint::Described;

/// The endpoints of the read models.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        list::endpoint(),
        parked::endpoint(),
        retry::endpoint(),
        skip::endpoint(),
    ]
}
