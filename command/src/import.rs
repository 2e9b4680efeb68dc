//! What all imports have in common: rows stand alone, many are under way at once so that they share commits, and each is
//! answered in its place.

use eventstore::Positions;
use std::{collections::HashMap, hash::Hash};

use futures::StreamExt;
use proto::{
    failure::{Failure, FailureKind},
    v1::{ImportOutcome, ImportReply, import_outcome::Kind},
};

/// Rows under way at once. They share commits; more would only wait in the store's queue.
const IN_FLIGHT: usize = 128;
/// Rows of one request.
const MAX_ROWS: usize = 10_000;

/// A row that went in, or did not need to.
pub(crate) struct Imported {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) positions: Positions,
}

/// The answers so far, each with the place of its row in the request.
#[derive(Default)]
pub(crate) struct Outcomes {
    outcomes: Vec<(usize, ImportOutcome)>,
    positions: Positions,
}

impl Outcomes {
    /// Runs `import` on every row: at once, but those with the same `key` one after the other, in their order. A failure that is not
    /// the row's own fails the request, which can be sent again as a whole.
    pub(crate) async fn import<R, K: Eq + Hash, F>(
        &mut self,
        rows: impl IntoIterator<Item = (usize, R)>,
        key: impl Fn(&R) -> K,
        import: impl Fn(R) -> F,
    ) -> Result<(), Failure>
    where
        F: Future<Output = Result<Imported, Failure>>,
    {
        let mut places = HashMap::new();
        let mut groups: Vec<Vec<(usize, R)>> = Vec::new();
        for (index, row) in rows {
            let place = *places.entry(key(&row)).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push((index, row)),
                None => groups.push(vec![(index, row)]),
            }
        }
        let import = &import;
        let mut results = futures::stream::iter(groups)
            .map(|group| async move {
                let mut results = Vec::with_capacity(group.len());
                for (index, row) in group {
                    results.push((index, import(row).await));
                }
                results
            })
            .buffer_unordered(IN_FLIGHT);
        while let Some(group) = results.next().await {
            for (index, result) in group {
                let outcome = match result {
                    Ok(imported) => {
                        self.positions.merge(&imported.positions);
                        ImportOutcome {
                            kind: imported.kind.into(),
                            id: imported.id,
                            ..ImportOutcome::default()
                        }
                    }
                    Err(failure) => rejected(failure)?,
                };
                self.outcomes.push((index, outcome));
            }
        }
        Ok(())
    }

    /// The answer, in the order of the request.
    pub(crate) fn into_reply(mut self) -> ImportReply {
        self.outcomes.sort_unstable_by_key(|(index, _)| *index);
        ImportReply {
            outcomes: self.outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
            consistency_token: self.positions.to_string(),
        }
    }
}

/// Refuses a request of too many rows.
pub(crate) fn check_row_count(count: usize) -> Result<(), Failure> {
    if count > MAX_ROWS {
        return Err(Failure::invalid(
            "rows",
            "too_many",
            format!("at most {MAX_ROWS} rows at once"),
        ));
    }
    Ok(())
}

fn rejected(failure: Failure) -> Result<ImportOutcome, Failure> {
    match failure.kind() {
        FailureKind::Invalid | FailureKind::NotFound | FailureKind::Conflict => {}
        FailureKind::Unspecified
        | FailureKind::Unauthenticated
        | FailureKind::Forbidden
        | FailureKind::StaleVersion
        | FailureKind::KeyReused
        | FailureKind::Overloaded
        | FailureKind::Timeout
        | FailureKind::Unavailable
        | FailureKind::Internal => return Err(failure),
    }
    let Failure {
        code, message, fields, ..
    } = failure;
    let field = fields.first().cloned().unwrap_or_default();
    Ok(ImportOutcome {
        kind: Kind::Rejected.into(),
        id: String::new(),
        // A wrong value is known by what is wrong with it; everything else by the code of the failure.
        code: if code == "validation_failed" && !field.code.is_empty() {
            field.code
        } else {
            code
        },
        field: field.field,
        message: if field.message.is_empty() {
            message
        } else {
            field.message
        },
        mistakes: fields,
    })
}
