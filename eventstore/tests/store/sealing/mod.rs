//! The seal: made beside writers, and broken in every way.

mod chain;
mod columns;
mod hashes;
mod places;
mod sealer;
mod witness;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use eventstore::lane_of;
use eventstore::sealing::{Finding, Kind, Report, SealConfig, Sealer, VerifyOptions, verify};
use seal::{PublicKey, SignedCheckpoint, SigningKey};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{add, append, noted, open};

/// What an attacker may alter, and what is put back afterwards.
const TABLES: [&str; 6] = [
    "events",
    "lanes",
    "seal_tiles",
    "seal_checkpoints",
    "seal_log",
    "seal_keys",
];

pub(super) fn key() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

pub(super) fn public() -> Vec<PublicKey> {
    vec![key().public()]
}

#[expect(clippy::disallowed_methods, reason = "tests may mint random ids")]
pub(super) fn config(key: SigningKey) -> SealConfig {
    let began: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let tick = std::sync::atomic::AtomicI64::new(0);
    let clock = move || began + TimeDelta::microseconds(tick.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    SealConfig {
        every: Duration::ZERO,
        poll: Duration::from_millis(5),
        ..SealConfig::new(key, Arc::new(clock), Uuid::new_v4())
    }
}

pub(super) async fn seal(pool: &PgPool) -> u64 {
    let (events, _) = Sealer::new(pool.clone(), config(key())).seal_all().await.unwrap();
    events
}

pub(super) async fn check_with(pool: &PgPool, options: VerifyOptions) -> Report {
    let options = VerifyOptions { workers: 3, ..options };
    verify(pool, &options, |_, _| ()).await.unwrap()
}

pub(super) async fn check(pool: &PgPool) -> Report {
    let options = VerifyOptions {
        keys: public(),
        ..VerifyOptions::default()
    };
    check_with(pool, options).await
}

pub(super) async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

pub(super) async fn exported(pool: &PgPool) -> Vec<SignedCheckpoint> {
    let notes: Vec<String> = sqlx::query_scalar("SELECT note FROM seal_checkpoints ORDER BY number")
        .fetch_all(pool)
        .await
        .unwrap();
    SignedCheckpoint::parse_all(&notes.join("\n")).unwrap()
}

/// Events of the main stream; the last 40 of its lane's events are another stream's.
pub(super) const MAIN: i64 = 300;
pub(super) const END: i64 = MAIN + 40;

/// A sealed log: a stream that fills more than a tile, a second one in its lane, and streams in other lanes.
pub(super) struct Log {
    pub(super) pool: PgPool,
    pub(super) lane: u32,
    /// An id without a stream that belongs in the same lane.
    pub(super) other: String,
}

impl Log {
    pub(super) async fn sealed(pool: PgPool) -> Self {
        let store = open(&pool).await;
        let lane = lane_of("tly_main", store.lane_count());
        let mut neighbours = (0..)
            .map(|n| format!("tly_{n}"))
            .filter(|id| lane_of(id, store.lane_count()) == lane);
        let (side, other) = (neighbours.next().unwrap(), neighbours.next().unwrap());
        let notes = |count: i64| (0..count).map(|n| noted(format!("note {n}"))).collect();
        append(&store, "tly_main", notes(100)).await.unwrap();
        for n in 0..20 {
            add(&store, &format!("elsewhere_{n}"), 1).await.unwrap();
        }
        assert_eq!(seal(&pool).await, 120);
        append(&store, "tly_main", notes(MAIN - 100)).await.unwrap();
        assert_eq!(seal(&pool).await, 200);
        append(&store, &side, notes(END - MAIN)).await.unwrap();
        assert_eq!(seal(&pool).await, 40);
        for table in TABLES {
            run(&pool, &format!("CREATE TABLE saved_{table} AS TABLE {table}")).await;
        }
        let report = check(&pool).await;
        assert!(report.intact, "{report:?}");
        assert_eq!(
            (report.events, report.sealed, report.checkpoints, report.not_sealed),
            (360, 360, 3, 0)
        );
        Self { pool, lane, other }
    }

    /// Has everything put back from now on as it is now.
    pub(super) async fn save_again(&self) {
        for table in TABLES {
            let again = format!("DROP TABLE saved_{table}; CREATE TABLE saved_{table} AS TABLE {table}");
            run(&self.pool, &again).await;
        }
    }

    pub(super) async fn restore(&self) {
        for table in TABLES {
            run(
                &self.pool,
                &format!("TRUNCATE {table} CASCADE; INSERT INTO {table} TABLE saved_{table}"),
            )
            .await;
        }
    }

    /// Runs `sql` (`$LANE` and `$OTHER` are replaced), verifies, and puts everything back.
    pub(super) async fn broken_by(&self, sql: &str) -> Report {
        let sql = sql
            .replace("$LANE", &self.lane.to_string())
            .replace("$OTHER", &self.other);
        run(&self.pool, &sql).await;
        let report = check(&self.pool).await;
        assert!(!report.intact, "not noticed: {sql}");
        self.restore().await;
        report
    }

    /// The same, when one thing is to be found.
    pub(super) async fn found(&self, sql: &str) -> Finding {
        let mut report = self.broken_by(sql).await;
        assert_eq!(report.findings.len(), 1, "{sql}: {:#?}", report.findings);
        report.findings.remove(0)
    }

    /// The same, when it is at a place of the main lane.
    pub(super) async fn finds(&self, sql: &str, kind: Kind, (first, last): (i64, i64), words: &str) -> Finding {
        let found = self.found(sql).await;
        assert_eq!(
            (found.kind, found.lane, found.position, found.last_position),
            (kind, Some(self.lane), Some(first), (last > first).then_some(last)),
            "{sql}: {found}"
        );
        assert!(found.to_string().contains(words), "{sql}: {found}");
        found
    }
}
