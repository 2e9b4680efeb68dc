//! Read your writes: waiting until a read model shows what a consistency token stands for.

use std::time::Duration;

use proto::v1::{Freshness, ReadContext};
use sqlx::PgPool;
use tokio::time::{Instant, sleep_until};

use crate::Reads;
use crate::error::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
const MAX_LANES: usize = 4096;

/// True when the active version of every named read model has passed all the positions. A model without an active version,
/// or a lane without a cursor, has passed nothing.
const REACHED: &str = "\
SELECT NOT EXISTS (
    SELECT FROM unnest($1::text[]) AS model (name)
    CROSS JOIN unnest($2::integer[], $3::bigint[]) AS wanted (lane, position)
    LEFT JOIN projections p ON p.name = model.name AND p.state = 'active'
    LEFT JOIN projection_cursor c ON c.name = p.name AND c.version = p.version AND c.lane = wanted.lane
    WHERE coalesce(c.position, 0) < wanted.position
)";

/// True when the log has not come so far: no write has answered with such a token.
const BEYOND: &str = "\
SELECT EXISTS (
    SELECT FROM unnest($1::integer[], $2::bigint[]) AS wanted (lane, position)
    LEFT JOIN lanes l ON l.lane = wanted.lane
    WHERE coalesce(l.head, -1) < wanted.position
)";

/// How long a replica may take to show the write, before the primary is asked.
const REPLICA_WAIT: Duration = Duration::from_millis(30);

/// A position for each of some lanes.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    /// Ascending.
    pub lanes: Vec<i32>,
    /// As many.
    pub positions: Vec<i64>,
}

impl Token {
    /// Reads `17.345-3.88`'s form: `lane.position`, ascending lanes, no leading zeros. Anything else is refused, so that a
    /// damaged token cannot pass for a lesser one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut token = Self {
            lanes: Vec::new(),
            positions: Vec::new(),
        };
        for part in text.split('-') {
            let (lane, position) = part.split_once('.')?;
            let lane: i32 = decimal(lane)?.try_into().ok()?;
            if token.lanes.last().is_some_and(|last| *last >= lane) || token.lanes.len() == MAX_LANES {
                return None;
            }
            token.lanes.push(lane);
            token.positions.push(decimal(position)?);
        }
        Some(token)
    }

    /// Lanes, ascending, with their positions.
    pub fn pairs(&self) -> impl Iterator<Item = (i32, i64)> {
        self.lanes.iter().copied().zip(self.positions.iter().copied())
    }
}

fn decimal(text: &str) -> Option<i64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

impl Reads {
    /// Waits until `models` show the write that the request's token stands for. Without a token there is nothing to wait for
    /// and nothing is asked.
    pub async fn fresh(&self, context: Option<&ReadContext>, models: &[&str]) -> Result<Freshness, Error> {
        let Some((context, token)) = self.token(context).await? else {
            return Ok(Freshness { stale: false });
        };
        let started = Instant::now();
        if reached(self.pool(), &token, models).await? {
            return Ok(waited("reached", started));
        }
        // What is reached is in the log; the rest may be nowhere, and is not worth waiting for.
        self.exists(&token).await?;
        let deadline = started + self.wait(context);
        let mut pause = FIRST_PAUSE;
        loop {
            let now = Instant::now();
            if now >= deadline {
                return if context.allow_stale {
                    Ok(waited("stale", started))
                } else {
                    waited("behind", started);
                    Err(Error::Behind)
                };
            }
            sleep_until(deadline.min(now + pause)).await;
            pause = LONGEST_PAUSE.min(pause * 2);
            if reached(self.pool(), &token, models).await? {
                return Ok(waited("reached", started));
            }
        }
    }

    /// Refuses a token that no write answered with, in reads that need not wait for it.
    pub async fn check_token(&self, context: Option<&ReadContext>) -> Result<(), Error> {
        match self.token(context).await? {
            Some((_, token)) => self.exists(&token).await,
            None => Ok(()),
        }
    }

    /// The request's token, of lanes that there are.
    async fn token<'c>(&self, context: Option<&'c ReadContext>) -> Result<Option<(&'c ReadContext, Token)>, Error> {
        let Some(context) = context.filter(|context| !context.consistency_token.is_empty()) else {
            return Ok(None);
        };
        let token = Token::parse(&context.consistency_token).ok_or_else(|| {
            Error::invalid(
                "consistency_token",
                "malformed",
                "must be a token that a write answered with",
            )
        })?;
        let lanes = self.lanes().await?;
        if token.lanes.last().is_some_and(|last| i64::from(*last) >= lanes) {
            return Err(no_such_position());
        }
        Ok(Some((context, token)))
    }

    async fn exists(&self, token: &Token) -> Result<(), Error> {
        let beyond: bool = sqlx::query_scalar(BEYOND)
            .bind(&token.lanes)
            .bind(&token.positions)
            .fetch_one(self.pool())
            .await?;
        if beyond { Err(no_such_position()) } else { Ok(()) }
    }

    /// How long the request may wait.
    #[must_use]
    pub fn wait(&self, context: &ReadContext) -> Duration {
        let asked = match context.wait_ms {
            0 => self.default_wait,
            millis => Duration::from_millis(millis.into()),
        };
        asked.min(self.max_wait)
    }

    /// Whether a replica shows the write that the request's token stands for, now or in a moment.
    pub async fn shows(&self, replica: &PgPool, context: Option<&ReadContext>, models: &[&str]) -> Result<bool, Error> {
        let Some((_, token)) = self.token(context).await? else {
            return Ok(true);
        };
        let deadline = Instant::now() + REPLICA_WAIT;
        let mut pause = FIRST_PAUSE;
        while !reached(replica, &token, models).await? {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep_until(Instant::now() + pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        Ok(true)
    }
}

fn no_such_position() -> Error {
    Error::invalid(
        "consistency_token",
        "out_of_range",
        "the log has no such position, or not yet",
    )
}

/// Notes how a wait ended.
fn waited(outcome: &'static str, started: Instant) -> Freshness {
    metrics::histogram!("tillroll_query_wait_seconds", "outcome" => outcome).record(started.elapsed().as_secs_f64());
    Freshness {
        stale: outcome == "stale",
    }
}

async fn reached(pool: &PgPool, token: &Token, models: &[&str]) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(REACHED)
        .bind(models)
        .bind(&token.lanes)
        .bind(&token.positions)
        .fetch_one(pool)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_strictly() {
        assert_eq!(
            Token::parse("3.88-17.345"),
            Some(Token {
                lanes: vec![3, 17],
                positions: vec![88, 345]
            })
        );
        assert_eq!(Token::parse("0.0").map(|token| token.positions), Some(vec![0]));
        let wrong = [
            "-",
            "1",
            "1.",
            ".1",
            "1.2-",
            "-1.2",
            "1.2--3.4",
            "01.2",
            "1.02",
            "+1.2",
            "1.2 ",
            "1.2.3",
            "3.1-3.2",
            "17.1-3.2",
            "2147483648.1",
            "1.9223372036854775808",
            "1.x",
            "1,2",
            "١.٢",
            "1.2\0",
        ];
        for text in wrong {
            assert_eq!(Token::parse(text), None, "{text:?}");
        }
    }
}
