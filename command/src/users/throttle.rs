//! Guesses at passwords are slowed down, the more the more there were, in all processes together.
//!
//! They are counted by account and address together, by account, and by address. Nobody is locked out by strangers: what they do counts
//! against their own addresses, and against the account only for addresses that its user has not logged in from.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proto::failure::{Failure, FailureKind};
use sqlx::{PgPool, Postgres, Transaction};

use super::refresh_token::RefreshKey;

/// Guesses that are free, and the longest wait in seconds after those that are not. The first wait is a second, each next one twice as long.
struct Pace {
    free: i32,
    longest: i32,
}

const OF_BOTH: Pace = Pace { free: 5, longest: 900 };
const OF_ACCOUNT: Pace = Pace { free: 20, longest: 30 };
const OF_ADDRESS: Pace = Pace { free: 50, longest: 900 };
/// After so long without any, guesses are forgotten.
const FORGOTTEN: TimeDelta = TimeDelta::hours(1);

/// Slows guesses down.
#[derive(Clone, Debug)]
pub(super) struct Throttle {
    pool: PgPool,
    key: RefreshKey,
}

/// An attempt that may be judged, and has been counted as a guess.
#[derive(Debug)]
pub(super) struct Attempt {
    keys: Vec<Vec<u8>>,
}

impl Throttle {
    pub(super) fn new(pool: PgPool, key: RefreshKey) -> Self {
        Self { pool, key }
    }

    /// Counts an attempt as a guess before it is judged, so that many at once are no way around. The other way: how long to wait.
    ///
    /// `account` is any text that is the same for one account; `user_id` is empty without one, and `address` where it is not known.
    pub(super) async fn admit(
        &self,
        account: &str,
        user_id: &str,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Result<Attempt, Duration>, sqlx::Error> {
        let is_known: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM session WHERE user_id = $1 AND client_ip = $2 AND $2 <> '')",
        )
        .bind(user_id)
        .bind(address)
        .fetch_one(&self.pool)
        .await?;
        let mut keys = vec![(self.key.digest(&["both", account, address]), OF_BOTH)];
        if !is_known {
            keys.push((self.key.digest(&["account", account]), OF_ACCOUNT));
        }
        if !address.is_empty() {
            keys.push((self.key.digest(&["address", address]), OF_ADDRESS));
        }
        // In one order everywhere: two attempts wait for each other, never in a circle.
        keys.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut transaction = self.pool.begin().await?;
        for (key, pace) in &keys {
            if let Some(wait) = count(&mut transaction, key, pace, now).await? {
                return Ok(Err(wait));
            }
        }
        transaction.commit().await?;
        Ok(Ok(Attempt {
            keys: keys.into_iter().map(|(key, _)| key).collect(),
        }))
    }

    /// Takes back that an attempt was counted: the password was right.
    pub(super) async fn was_right(&self, attempt: Attempt) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE login_guess SET guesses = greatest(guesses - 1, 0)
             WHERE key IN (SELECT key FROM login_guess WHERE key = ANY($1) ORDER BY key FOR UPDATE)",
        )
        .bind(attempt.keys)
        .execute(&self.pool)
        .await
        .map(drop)
    }
}

/// Counts a guess; how long to wait instead, if it came too soon.
async fn count(
    transaction: &mut Transaction<'_, Postgres>,
    key: &[u8],
    pace: &Pace,
    now: DateTime<Utc>,
) -> Result<Option<Duration>, sqlx::Error> {
    // The time that the guesses so far have cost is over, or they are forgotten.
    let counted = sqlx::query(
        "INSERT INTO login_guess AS g (key, guesses, last_at) VALUES ($1, 1, $2)
         ON CONFLICT (key) DO UPDATE SET guesses = CASE WHEN g.last_at < $2 - $3 THEN 1 ELSE g.guesses + 1 END, last_at = $2
         WHERE g.guesses < $4 OR g.last_at < $2 - $3
            OR g.last_at + make_interval(secs => least(power(2, least(g.guesses - $4, 20)), $5)) <= $2",
    )
    .bind(key)
    .bind(now)
    .bind(FORGOTTEN)
    .bind(pace.free)
    .bind(pace.longest)
    .execute(&mut **transaction)
    .await?;
    if counted.rows_affected() > 0 {
        return Ok(None);
    }
    let (guesses, last_at): (i32, DateTime<Utc>) =
        sqlx::query_as("SELECT guesses, last_at FROM login_guess WHERE key = $1")
            .bind(key)
            .fetch_one(&mut **transaction)
            .await?;
    let doublings = u32::try_from(guesses.saturating_sub(pace.free))
        .unwrap_or_default()
        .min(20);
    let seconds = 2_i64.pow(doublings).min(pace.longest.into());
    let left = last_at + TimeDelta::seconds(seconds) - now;
    Ok(Some(left.to_std().unwrap_or_default().max(Duration::from_secs(1))))
}

/// The refusal of an attempt that came too soon.
pub(super) fn too_soon(wait: Duration) -> Failure {
    Failure::new(
        FailureKind::Overloaded,
        "log_in_delayed",
        "there were too many attempts; `Retry-After` says when the next one is judged",
    )
    .with_retry_after(wait)
}
