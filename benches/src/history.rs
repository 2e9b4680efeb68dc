//! Looking back: a stock of 100,000 events as of anywhere, cold and warm.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use projections::{At, History, Past, Place};
use sqlx::PgPool;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::report;

const ID: &str = "prod_00000000-0000-7000-8000-000000000001";
const LENGTH: u32 = 100_000;
/// Looks of each kind.
const LOOKS: u32 = 1_000;
/// A step through the stream that comes by everywhere.
const STRIDE: u32 = 61_803;

/// The first look, and then others all over the stream.
pub(crate) async fn long_stream(cluster: &Cluster) -> Result<()> {
    let database = cluster.database("history").await?;
    fill(&database.pool).await?;
    let history = History::new(database.pool.clone());
    report::section("Looking back into one stock of 100,000 events");
    let started = Instant::now();
    look(&history, LENGTH).await?;
    let folded = history.events_folded();
    report::figure(
        "the first look, which folds all",
        &format!("{:.0} ms, {folded} events", millis(started.elapsed())),
    );
    let mut times = Histogram::<u64>::new(3)?;
    for index in 0..LOOKS {
        let started = Instant::now();
        look(&history, index * STRIDE % LENGTH + 1).await?;
        times.record(micros(started.elapsed()))?;
    }
    let each = (history.events_folded() - folded) / u64::from(LOOKS);
    report::figure(
        "as of a time, anywhere",
        &format!("{}, {each} events each", shown(&times)),
    );
    times.reset();
    for index in 0..LOOKS {
        let place = Place {
            aggregate_type: "stock".to_owned(),
            aggregate_id: ID.to_owned(),
            sequence: u64::from(index * STRIDE % LENGTH + 1),
        };
        let started = Instant::now();
        let changes = history.changes(&[place]).await?;
        times.record(micros(started.elapsed()))?;
        ensure!(
            changes.first().is_some_and(|changes| changes.len() == 2),
            "a change is missing"
        );
    }
    report::figure("what an event changed, anywhere", &shown(&times));
    Ok(())
}

/// The stock after its event `sequence`: the events are a second apart.
async fn look(history: &History, sequence: u32) -> Result<()> {
    let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse()?;
    let at = At::Time(start + Duration::from_secs(sequence.into()));
    let moment = history.moment(ID, &at).await?;
    let Past::Row(row) = history.row("stock", ID, &moment).await? else {
        anyhow::bail!("the stock was not there");
    };
    let row: serde_json::Value = serde_json::from_str(&row)?;
    ensure!(row["on_hand"] == sequence, "{row} after {sequence}");
    Ok(())
}

async fn fill(pool: &PgPool) -> Result<()> {
    let lane = i32::try_from(eventstore::lane_of(ID, 64)).context("the lane")?;
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, lane, position,
                             event_id, recorded_at, occurred_at, actor, correlation_id)
         SELECT 'stock', $1, n, 'StockReceived', '1.0', '{\"StockReceived\":{\"quantity\":1}}', '{}', $2, n, gen_random_uuid(),
                '2026-01-01Z'::timestamptz + n * interval '1 second', '2026-01-01Z'::timestamptz + n * interval '1 second',
                'usr_1', gen_random_uuid()
         FROM generate_series(1, $3) n",
    )
    .bind(ID)
    .bind(lane)
    .bind(i64::from(LENGTH))
    .execute(pool)
    .await?;
    sqlx::query("UPDATE lanes SET head = $2 WHERE lane = $1")
        .bind(lane)
        .bind(i64::from(LENGTH))
        .execute(pool)
        .await?;
    sqlx::query("ANALYZE events").execute(pool).await?;
    Ok(())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a benchmark")]
fn shown(times: &Histogram<u64>) -> String {
    let millis = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, {} looks",
        millis(0.5),
        millis(0.99),
        times.len()
    )
}
