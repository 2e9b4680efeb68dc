//! Effects of processes that could not be delivered, for those who run the system.

pub(crate) mod drop;
pub(crate) mod list;
pub(crate) mod retry;

use axum::extract::{Path, rejection::PathRejection};
use http::StatusCode;
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{endpoint::Described, problem::Problem, times::rfc3339};

/// The endpoints of processes.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![list::endpoint(), retry::endpoint(), drop::endpoint()]
}

/// Longest id, in bytes.
const MAX_ID: usize = 100;

/// An effect that waits for an operator.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterView {
    /// For retry and drop.
    id: String,
    #[schema(example = "reservations")]
    process: String,
    /// The instance of the process, such as an order.
    key: String,
    /// As the process calls the effect.
    #[schema(example = "reserved")]
    step: String,
    /// What delivers it.
    #[schema(example = "settle_reservation")]
    kind: String,
    /// What is to be done.
    #[schema(value_type = Object)]
    body: serde_json::Value,
    /// How often it was tried.
    attempts: u32,
    /// Why the last attempt failed.
    error: String,
    created_at: String,
    given_up_at: String,
}

impl From<v1::DeadLetter> for DeadLetterView {
    fn from(letter: v1::DeadLetter) -> Self {
        Self {
            id: letter.id,
            process: letter.process,
            key: letter.key,
            step: letter.step,
            kind: letter.kind,
            body: serde_json::from_str(&letter.body).unwrap_or_default(),
            attempts: letter.attempts,
            error: letter.error,
            created_at: rfc3339(letter.created_at_micros),
            given_up_at: rfc3339(letter.given_up_at_micros),
        }
    }
}

/// The id in an address. What cannot be one names nothing: 404.
fn id(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    match path {
        Ok(Path(id)) if id.len() <= MAX_ID && !id.contains('\0') => Ok(id),
        _ => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "dead_letter_not_found",
            "no effect with this id waits for an operator",
        )),
    }
}
