//! Effects of processes that could not be delivered: listed, tried again or dropped, on record.

use chrono::DateTime;
use domain::Reason;
use domain::process::{DeadEffect, DroppedEffect, ProcessCommand};
use processes::{
    DeadLetter, DeadLetterFilter, dead_letter, dead_letters, drop_dead_letter, dropped_dead_letter, retry_dead_letter,
};
use proto::failure::{Failure, FailureKind};
use proto::v1;
use proto::v1::process_operations_server::ProcessOperations;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::record::record_effect;
use super::{Operations, invalid, micros, of_database};

/// Effects of a page, when nobody says.
const PAGE: u32 = 24;
const LONGEST_PAGE: u32 = 200;

#[tonic::async_trait]
impl ProcessOperations for Operations {
    async fn list_dead_letters(
        &self,
        request: Request<v1::ListDeadLettersRequest>,
    ) -> Result<Response<v1::ListDeadLettersReply>, Status> {
        Ok(Response::new(list(self, request.into_inner()).await?))
    }

    async fn retry_dead_letter(
        &self,
        request: Request<v1::RetryDeadLetterRequest>,
    ) -> Result<Response<v1::RetryDeadLetterReply>, Status> {
        Ok(Response::new(retry(self, request.into_inner()).await?))
    }

    async fn drop_dead_letter(
        &self,
        request: Request<v1::DropDeadLetterRequest>,
    ) -> Result<Response<v1::DropDeadLetterReply>, Status> {
        Ok(Response::new(give_up(self, request.into_inner()).await?))
    }
}

async fn list(
    operations: &Operations,
    request: v1::ListDeadLettersRequest,
) -> Result<v1::ListDeadLettersReply, Failure> {
    let page = request.page.unwrap_or_default();
    let limit = match page.limit {
        0 => PAGE,
        limit @ 1..=LONGEST_PAGE => limit,
        _ => {
            let message = format!("a page has 1 to {LONGEST_PAGE} items");
            return Err(Failure::invalid("page.limit", "out_of_range", message));
        }
    };
    let after = if page.cursor.is_empty() {
        None
    } else {
        Some(place(&page.cursor)?)
    };
    let which = DeadLetterFilter {
        process: Some(request.process).filter(|name| !name.is_empty()),
        after,
        // One more than the page has tells whether there is another one.
        limit: limit + 1,
    };
    let mut letters = dead_letters(&which, &operations.pool)
        .await
        .map_err(|error| of_database(&error))?;
    let more = letters.len() > limit as usize;
    letters.truncate(limit as usize);
    let next = letters.last().filter(|_| more);
    let next_cursor = next.map(|letter| format!("{}.{}", micros(letter.finished_at), letter.id));
    Ok(v1::ListDeadLettersReply {
        dead_letters: letters.into_iter().map(message).collect(),
        page: Some(v1::PageInfo {
            next_cursor: next_cursor.unwrap_or_default(),
            prev_cursor: String::new(),
        }),
    })
}

/// A cursor is when an effect was given up, and which.
fn place(cursor: &str) -> Result<(DateTime<chrono::Utc>, Uuid), Failure> {
    let read = || {
        let (micros, id) = cursor.split_once('.')?;
        // PostgreSQL has no time outside of these years.
        let micros = micros
            .parse()
            .ok()
            .filter(|micros| (0..=253_402_300_799_999_999_i64).contains(micros))?;
        Some((DateTime::from_timestamp_micros(micros)?, id.parse().ok()?))
    };
    read().ok_or_else(|| {
        let message = "the cursor must be one that a page of this list answered with";
        Failure::new(FailureKind::Invalid, "invalid_cursor", message).with_field("cursor", "invalid_cursor", message)
    })
}

async fn retry(
    operations: &Operations,
    request: v1::RetryDeadLetterRequest,
) -> Result<v1::RetryDeadLetterReply, Failure> {
    let (_, plan) = operations.plan("retry_dead_letter", request.context)?;
    let letter = find(operations, &request.id).await?.ok_or_else(not_found)?;
    let command = ProcessCommand::RecordRetry(effect(&letter));
    let consistency_token = record_effect(&operations.store, plan, &letter.name, command).await?;
    retry_dead_letter(letter.id, &operations.pool)
        .await
        .map_err(|error| of_database(&error))?;
    Ok(v1::RetryDeadLetterReply {
        dead_letter: Some(message(letter)),
        consistency_token,
    })
}

async fn give_up(
    operations: &Operations,
    request: v1::DropDeadLetterRequest,
) -> Result<v1::DropDeadLetterReply, Failure> {
    let (actor, plan) = operations.plan("drop_dead_letter", request.context)?;
    let reason = Reason::new(&request.reason).map_err(|error| invalid("reason", &error))?;
    let mut consistency_token = String::new();
    if let Some(letter) = find(operations, &request.id).await? {
        // On record once, also when an earlier try got no further.
        let command = ProcessCommand::RecordDrop(DroppedEffect {
            effect: effect(&letter),
            reason: reason.as_str().to_owned(),
        });
        consistency_token = record_effect(&operations.store, plan, &letter.name, command).await?;
        drop_dead_letter(letter.id, &actor, reason.as_str(), &operations.pool)
            .await
            .map_err(|error| of_database(&error))?;
    }
    let id = request.id.parse().map_err(|_| not_found())?;
    let dropped = dropped_dead_letter(id, &operations.pool)
        .await
        .map_err(|error| of_database(&error))?
        .ok_or_else(not_found)?;
    Ok(v1::DropDeadLetterReply {
        id: dropped.id.to_string(),
        actor: dropped.dropped_by,
        reason: dropped.error,
        dropped_at_micros: micros(dropped.finished_at),
        consistency_token,
    })
}

async fn find(operations: &Operations, id: &str) -> Result<Option<DeadLetter>, Failure> {
    let id = id.parse().map_err(|_| not_found())?;
    dead_letter(id, &operations.pool)
        .await
        .map_err(|error| of_database(&error))
}

fn not_found() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "dead_letter_not_found",
        "no effect with this id waits for an operator",
    )
}

fn effect(letter: &DeadLetter) -> DeadEffect {
    DeadEffect {
        effect_id: letter.id.to_string(),
        kind: letter.kind.clone(),
        key: letter.key.clone(),
        step: letter.step.clone(),
        error: letter.error.clone(),
    }
}

fn message(letter: DeadLetter) -> v1::DeadLetter {
    v1::DeadLetter {
        id: letter.id.to_string(),
        process: letter.name,
        key: letter.key,
        step: letter.step,
        kind: letter.kind,
        body: letter.body.to_string(),
        attempts: letter.attempts.unsigned_abs(),
        error: letter.error,
        created_at_micros: micros(letter.created_at),
        given_up_at_micros: micros(letter.finished_at),
    }
}
