//! The past: as of, what changed, what caused what.

mod as_of;
mod changes;
mod trace;

use e2e::Answer;

/// Refused for the sake of one field.
#[track_caller]
fn blamed(answer: Answer, code: &str, field: &str) {
    let answer = answer.refused(400, code);
    let fields: Vec<_> = answer.fields().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, [field], "{answer:?}");
}
