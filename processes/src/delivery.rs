//! The delivery of effects, by any worker that knows their kind.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use metrics::counter;
use serde_json::Value;
use sqlx::types::Json;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workers::{FREE, HELD, TAKE};

use crate::effect::{ErasedEffect, Refused};
use crate::shared::Shared;

/// Effects delivered at once.
const IN_FLIGHT: usize = 16;
/// How often what need not be remembered any more is looked for.
const TIDY_EVERY: Duration = Duration::from_mins(10);

/// An effect to deliver, under a lease of its own.
#[derive(sqlx::FromRow)]
struct Claim {
    id: Uuid,
    name: String,
    key: String,
    kind: String,
    body: Json<Value>,
    attempts: i32,
    fence: i64,
}

impl Shared {
    /// Delivers what is due until `stop`. A delivery under way is waited for.
    pub(crate) async fn deliver(&self, stop: &CancellationToken) {
        let mut owner = None;
        let mut tidy_at = Instant::now();
        while !stop.is_cancelled() {
            let claimed = match self.claim(&mut owner, &mut tidy_at).await {
                Ok((owner, claims)) => {
                    let found = !claims.is_empty();
                    let deliveries = claims.into_iter().map(|claim| self.attempt(owner, claim));
                    futures::stream::iter(deliveries)
                        .for_each_concurrent(IN_FLIGHT, |delivery| delivery)
                        .await;
                    found
                }
                Err(error) => {
                    tracing::warn!(%error, "effects cannot be looked for");
                    false
                }
            };
            if !claimed {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.sent.notified() => {}
                    () = tokio::time::sleep(self.config.poll) => {}
                }
            }
        }
    }

    /// Takes effects that are due, those first that wait longest. A time further off than any attempt was set before the clock was set
    /// back.
    async fn claim(&self, owner: &mut Option<Uuid>, tidy_at: &mut Instant) -> Result<(Uuid, Vec<Claim>), sqlx::Error> {
        let id = match owner {
            Some(id) => *id,
            None => *owner.insert(workers::owner(&self.pool).await?),
        };
        if Instant::now() >= *tidy_at {
            sqlx::query("DELETE FROM process_effect WHERE status = 'done' AND finished_at < clock_timestamp() - make_interval(secs => $1)")
                .bind(self.config.retention.as_secs_f64())
                .execute(&self.pool)
                .await?;
            *tidy_at = Instant::now() + TIDY_EVERY;
        }
        let statement = format!(
            "UPDATE process_effect SET {TAKE}, attempts = attempts + 1
             WHERE id = ANY (ARRAY(
                 SELECT id FROM process_effect
                 WHERE status = 'waiting' AND {FREE} AND kind = ANY ($1)
                     AND due_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 minutes'
                 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))
             RETURNING id, name, key, kind, body, attempts, fence"
        );
        let claims = sqlx::query_as(&statement)
            .bind(self.effects.keys().collect::<Vec<_>>())
            .bind(id)
            .bind(i64::try_from(IN_FLIGHT).unwrap_or(i64::MAX))
            .bind(self.config.lease.as_secs_f64())
            .fetch_all(&self.pool)
            .await?;
        Ok((id, claims))
    }

    async fn attempt(&self, owner: Uuid, claim: Claim) {
        let Json(body) = claim.body.clone();
        let result = match self.effects.get(&*claim.kind) {
            // Every worker that tried it ended, or the outcome of no attempt is known.
            _ if claim.attempts > self.config.attempts => Err(Refused::never("every attempt broke off")),
            Some(effect) => self.deliver_in_time(effect, claim.id, body).await,
            None => Err(Refused::later("nobody here delivers this kind")),
        };
        let outcome = match &result {
            Ok(_) => "delivered",
            Err(Refused::Never(_)) => "dead",
            Err(Refused::Later(_)) if claim.attempts >= self.config.attempts => "dead",
            Err(Refused::Later(_)) => "retried",
        };
        if let Err(Refused::Later(reason) | Refused::Never(reason)) = &result {
            let Claim {
                id, name, key, kind, ..
            } = &claim;
            if outcome == "dead" {
                tracing::error!(process = name, key, kind, %id, reason, "an effect is a dead letter now; see `tillroll processes dead-letters`");
            } else {
                tracing::warn!(process = name, key, kind, %id, reason, "an effect was not delivered and is tried again");
            }
        }
        match self.finish(owner, &claim, outcome, result).await {
            Ok(true) => {
                counter!("tillroll_process_effects_total", "process" => claim.name, "outcome" => outcome).increment(1);
                self.delivered.notify_waiters();
            }
            Ok(false) => tracing::debug!(id = %claim.id, "an effect was finished by somebody else"),
            // The lease runs out, and it is delivered again under the same id.
            Err(error) => tracing::warn!(id = %claim.id, %error, "the delivery of an effect was not recorded"),
        }
    }

    async fn deliver_in_time(&self, effect: &Arc<dyn ErasedEffect>, id: Uuid, body: Value) -> Result<Value, Refused> {
        match timeout(self.config.patience, effect.deliver(id, body)).await {
            Ok(result) => result,
            Err(_) => Err(Refused::later("it took too long")),
        }
    }

    /// Records what came of an attempt. False: somebody else has the effect by now.
    async fn finish(
        &self,
        owner: Uuid,
        claim: &Claim,
        outcome: &str,
        result: Result<Value, Refused>,
    ) -> Result<bool, sqlx::Error> {
        let (answer, reason) = match result {
            Ok(answer) => (Some(Json(answer)), None),
            Err(Refused::Later(reason) | Refused::Never(reason)) => (None, Some(reason)),
        };
        let statement = format!(
            "UPDATE process_effect SET owner = NULL, outcome = $4, error = $5,
                 status = CASE WHEN $6 = 'retried' THEN 'waiting' ELSE $6 END,
                 finished_at = CASE WHEN $6 <> 'retried' THEN clock_timestamp() END,
                 due_at = clock_timestamp() + make_interval(secs => least($7, $8 * power(2, least(attempts, 30) - 1)) * (0.5 + random()))
             WHERE id = $1 AND {HELD} AND status = 'waiting'"
        );
        let finished = sqlx::query(&statement)
            .bind(claim.id)
            .bind(owner)
            .bind(claim.fence)
            .bind(answer)
            .bind(reason)
            .bind(outcome)
            .bind(self.config.longest_backoff.as_secs_f64())
            .bind(self.config.backoff.as_secs_f64())
            .execute(&self.pool)
            .await?;
        Ok(finished.rows_affected() > 0)
    }
}
