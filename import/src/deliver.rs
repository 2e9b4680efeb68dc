//! One request, tried until each of its rows has an outcome.

use std::ops::Range;
use std::time::Duration;

use proto::failure::{Failure, FailureKind, FieldFailure};
use proto::v1::ImportOutcome;
use proto::v1::import_outcome::Kind;

use super::error::Error;
use super::service::Service;

/// How often a request is tried while the service is away or busy: about a minute in all.
const TRIES: u32 = 16;
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What became of a row that was sent.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// What the service says of it.
    pub outcome: ImportOutcome,
    /// It was sent before without an answer: what is there already may have come from here.
    pub again: bool,
}

/// Sends rows until each has an outcome. A request that is refused as a whole is halved until the row that
/// it was refused for stands alone.
pub async fn deliver<S: Service>(service: &S, rows: &[S::Row]) -> Result<Vec<Delivered>, Error> {
    let mut outcomes = Vec::with_capacity(rows.len());
    let mut parts = Vec::new();
    let mut unanswered = 0..0;
    parts.push(0..rows.len());
    let mut tries = 0;
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let failure = match service.import(rows[part.clone()].to_vec()).await {
            Ok(reply) if reply.outcomes.len() == part.len() => {
                for (index, outcome) in part.zip(reply.outcomes) {
                    let again = unanswered.contains(&index);
                    outcomes.push(Delivered { outcome, again });
                }
                tries = 0;
                continue;
            }
            Ok(reply) => {
                return Err(Error::Protocol {
                    sent: part.len(),
                    answered: reply.outcomes.len(),
                });
            }
            Err(status) => Failure::from(&status),
        };
        if matches!(failure.kind(), FailureKind::Timeout | FailureKind::Unavailable) {
            // Parts are taken in their order, so that nothing before this one is sent any more.
            unanswered = unanswered.start.max(part.start)..unanswered.end.max(part.end);
        }
        let many = part.len() > 1;
        match failure.kind() {
            FailureKind::Timeout if many => halve(&mut parts, &part),
            FailureKind::Overloaded | FailureKind::Unavailable | FailureKind::Timeout if tries < TRIES => {
                tokio::time::sleep(pause(tries, &failure)).await;
                tries += 1;
                parts.push(part);
            }
            FailureKind::Invalid
            | FailureKind::Conflict
            | FailureKind::NotFound
            | FailureKind::StaleVersion
            | FailureKind::KeyReused => {
                if many {
                    halve(&mut parts, &part);
                } else {
                    outcomes.push(Delivered {
                        outcome: rejected(failure),
                        again: false,
                    });
                }
            }
            FailureKind::Overloaded
            | FailureKind::Unavailable
            | FailureKind::Timeout
            | FailureKind::Unauthenticated
            | FailureKind::Forbidden
            | FailureKind::Internal
            | FailureKind::Unspecified => return Err(Error::Service(failure)),
        }
    }
    Ok(outcomes)
}

fn halve(parts: &mut Vec<Range<usize>>, part: &Range<usize>) {
    let middle = part.start + part.len() / 2;
    parts.push(middle..part.end);
    parts.push(part.start..middle);
}

fn pause(tries: u32, failure: &Failure) -> Duration {
    let doubled = Duration::from_millis(50 << tries.min(7));
    let asked = Duration::from_millis(failure.retry_after_ms.into());
    doubled.max(asked).min(LONGEST_PAUSE)
}

fn rejected(failure: Failure) -> ImportOutcome {
    let mut outcome = ImportOutcome {
        kind: Kind::Rejected.into(),
        ..ImportOutcome::default()
    };
    // A request of one row: `rows[0].lines[2].sku` is about the row's `lines[2].sku`.
    outcome.mistakes = failure.fields;
    for mistake in &mut outcome.mistakes {
        let path = mistake.field.strip_prefix("rows[0]").unwrap_or(&mistake.field);
        mistake.field = path.trim_start_matches('.').to_owned();
    }
    let first = outcome.mistakes.first().cloned();
    let first = first.unwrap_or(FieldFailure {
        field: String::new(),
        code: failure.code,
        message: failure.message,
    });
    FieldFailure {
        field: outcome.field,
        code: outcome.code,
        message: outcome.message,
    } = first;
    outcome
}
