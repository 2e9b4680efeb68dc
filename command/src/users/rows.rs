//! The tables `account` and `session`. Whoever appends an event of a user or a session has changed them in the same transaction; what no
//! event tells, refresh tokens above all, is changed here.

use chrono::{DateTime, TimeDelta, Utc};
use domain::SessionId;
use eventstore::Positions;
use proto::v1;
use sqlx::{PgPool, Row as _, postgres::PgRow};

/// For how long a refresh token that was replaced is answered with the same successor.
const GRACE: TimeDelta = TimeDelta::seconds(30);
/// A session that was not refreshed for so long is over.
const IDLE: TimeDelta = TimeDelta::days(30);
/// After more changes than these at once it is cheaper to forget everything.
const MAX_CHANGES: usize = 1_000;

/// Accounts and sessions as they stand.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pool: PgPool,
}

/// A refresh that can be answered.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) user_id: String,
    pub(super) counter: i32,
}

/// A session whose present refresh token was not the one presented.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) user_id: String,
    pub(super) counter: i32,
    pub(super) hash: Option<Vec<u8>>,
    /// The one presented was replaced just now.
    pub(super) in_grace: bool,
    /// It has not ended, and its user may log in.
    pub(super) alive: bool,
}

/// What has to be forgotten.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) sessions: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) too_many: bool,
}

impl Rows {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Keeps the hash of a session's first refresh token.
    pub(super) async fn begin(&self, session: SessionId, hash: &[u8]) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE session SET refresh_hash = $2 WHERE id = $1 AND refresh_hash IS NULL")
            .bind(session.to_string())
            .bind(hash)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Replaces the present refresh token, if that is the one presented; whoever comes second of two finds another one.
    pub(super) async fn rotate(
        &self,
        session: SessionId,
        presented: &[u8],
        successor: (i32, &[u8]),
        now: DateTime<Utc>,
        client_ip: &str,
    ) -> Result<Option<Present>, sqlx::Error> {
        let row = sqlx::query(
            "UPDATE session s
             SET counter = $3, refresh_hash = $4, previous_hash = s.refresh_hash, previous_until = $5 + $6, last_seen_at = $5, client_ip = $7
             FROM account a
             WHERE s.id = $1 AND s.refresh_hash = $2 AND s.ended_at IS NULL AND s.last_seen_at > $5 - $8
                AND a.user_id = s.user_id AND a.status = 'active'
             RETURNING s.user_id, s.counter",
        )
        .bind(session.to_string())
        .bind(presented)
        .bind(successor.0)
        .bind(successor.1)
        .bind(now)
        .bind(GRACE)
        .bind(client_ip)
        .bind(IDLE)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Present {
                user_id: row.try_get(0)?,
                counter: row.try_get(1)?,
            })
        })
        .transpose()
    }

    /// What a session has instead of the token presented; `None`: there is no such session.
    pub(super) async fn other(
        &self,
        session: SessionId,
        presented: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<Other>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT s.user_id, s.counter, s.refresh_hash, coalesce(s.previous_hash = $2 AND s.previous_until >= $3, false),
                    s.ended_at IS NULL AND s.last_seen_at > $3 - $4 AND a.status = 'active'
             FROM session s JOIN account a USING (user_id) WHERE s.id = $1",
        )
        .bind(session.to_string())
        .bind(presented)
        .bind(now)
        .bind(IDLE)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Other {
                user_id: row.try_get(0)?,
                counter: row.try_get(1)?,
                hash: row.try_get(2)?,
                in_grace: row.try_get(3)?,
                alive: row.try_get(4)?,
            })
        })
        .transpose()
    }

    /// Whether the session is open and its user may log in, and if so who that is and in which role.
    pub(super) async fn check(&self, session: &str) -> Result<v1::CheckSessionReply, sqlx::Error> {
        let row = sqlx::query(
            "SELECT a.user_id, a.role FROM session s JOIN account a USING (user_id)
             WHERE s.id = $1 AND s.ended_at IS NULL AND a.status = 'active'",
        )
        .bind(session)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(v1::CheckSessionReply::default());
        };
        let role = match row.try_get(1)? {
            "admin" => v1::Role::Admin,
            "customer" => v1::Role::Customer,
            _ => v1::Role::Unspecified,
        };
        Ok(v1::CheckSessionReply {
            alive: role != v1::Role::Unspecified,
            user_id: row.try_get(0)?,
            role: role.into(),
        })
    }

    /// The sessions of a user that have not ended, the newest first.
    pub(super) async fn of_user(&self, user_id: &str, now: DateTime<Utc>) -> Result<Vec<v1::Session>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT id, user_agent, client_ip, opened_at, last_seen_at FROM session
             WHERE user_id = $1 AND ended_at IS NULL AND last_seen_at > $2 - $3 ORDER BY opened_at DESC, id DESC LIMIT 500",
        )
        .bind(user_id)
        .bind(now)
        .bind(IDLE)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(session).collect()
    }

    /// Some of the sessions of a user that have not ended, but for one.
    pub(super) async fn alive(&self, user_id: &str, except: &str, most: i64) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT id FROM session WHERE user_id = $1 AND ended_at IS NULL AND id <> $2 ORDER BY id LIMIT $3",
        )
        .bind(user_id)
        .bind(except)
        .bind(most)
        .fetch_all(&self.pool)
        .await
    }

    /// An administrator who may log in, other than the user; `None`: there is none.
    pub(super) async fn another_administrator(&self, user_id: &str) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT user_id FROM account WHERE role = 'admin' AND status = 'active' AND user_id <> $1 ORDER BY user_id LIMIT 1",
        )
        .bind(user_id)
        .fetch_optional(&self.pool)
        .await
    }

    /// How far the log is.
    pub(super) async fn heads(&self) -> Result<Positions, sqlx::Error> {
        let rows: Vec<(i32, i64)> = sqlx::query_as("SELECT lane, head FROM lanes")
            .fetch_all(&self.pool)
            .await?;
        let heads = rows.into_iter();
        Ok(heads
            .map(|(lane, head)| (lane.cast_unsigned(), head.cast_unsigned()))
            .collect())
    }

    /// What changed after these positions.
    pub(super) async fn changes(&self, after: &Positions) -> Result<Changes, sqlx::Error> {
        let (lanes, positions): (Vec<i32>, Vec<i64>) = after
            .iter()
            .map(|(lane, position)| (lane.cast_signed(), position.cast_signed()))
            .unzip();
        let rows: Vec<(bool, String)> = sqlx::query_as(
            "SELECT c.is_session, c.id
             FROM unnest($1::integer[], $2::bigint[]) AS a (lane, position)
             CROSS JOIN LATERAL (
                SELECT true AS is_session, s.id FROM session s WHERE s.lane = a.lane AND s.position > a.position
                UNION ALL
                SELECT false, u.user_id FROM account u WHERE u.lane = a.lane AND u.position > a.position) c
             LIMIT $3",
        )
        .bind(lanes)
        .bind(positions)
        .bind(i64::try_from(MAX_CHANGES + 1).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        let mut changes = Changes {
            too_many: rows.len() > MAX_CHANGES,
            ..Changes::default()
        };
        for (is_session, id) in rows {
            let list = if is_session {
                &mut changes.sessions
            } else {
                &mut changes.users
            };
            list.push(id);
        }
        Ok(changes)
    }
}

fn session(row: &PgRow) -> Result<v1::Session, sqlx::Error> {
    Ok(v1::Session {
        id: row.try_get(0)?,
        user_agent: row.try_get(1)?,
        client_ip: row.try_get(2)?,
        opened_at_micros: row.try_get::<DateTime<Utc>, _>(3)?.timestamp_micros(),
        last_seen_at_micros: row.try_get::<DateTime<Utc>, _>(4)?.timestamp_micros(),
    })
}
