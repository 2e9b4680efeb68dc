//! What the seal costs the writers, and how fast a log is sealed and verified.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use eventstore::lane_of;
use eventstore::sealing::{SealConfig, Sealer, VerifyOptions};
use seal::SigningKey;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::append::store_fresh;
use crate::cluster::Cluster;
use crate::effort::rounds;
use crate::report::{self, Report, median};

/// Events of the log that is verified.
const EVENTS: u32 = 1_000_000;
/// Events inserted by one statement while the log is made.
const PIECE: u32 = 20_000;
/// The payload of an order with four lines is about as long.
const PAYLOAD: usize = 600;

fn config() -> SealConfig {
    SealConfig::new(SigningKey::from_seed([1; 32]), app::world::clock(), app::world::ids()())
}

/// Appends beside a sealer and without one, in turn.
pub(crate) async fn append(cluster: &Cluster, report: &mut Report) -> Result<()> {
    let (mut alone, mut beside, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds() {
        let database = cluster.database(&format!("unsealed_{round}")).await?;
        alone.push(store_fresh(&database.pool).await?);
        let database = cluster.database(&format!("sealed_{round}")).await?;
        let stop = CancellationToken::new();
        let settings = SealConfig {
            every: Duration::from_secs(1),
            ..config()
        };
        let sealer = Sealer::new(database.pool.clone(), settings);
        let sealing = tokio::spawn(sealer.run(stop.clone().cancelled_owned()));
        beside.push(store_fresh(&database.pool).await?);
        let status = eventstore::sealing::status(&database.pool).await?;
        left.push(format!("{} of {}", status.waiting, status.events));
        stop.cancel();
        sealing.await?;
        ensure!(
            eventstore::sealing::status(&database.pool).await?.waiting == 0,
            "the end is not sealed"
        );
    }
    report::section("Append beside a sealer: 64 callers, one event each, fresh streams");
    report::rate("without a sealer", &alone);
    report::rate("with a sealer, a checkpoint a second or every 20,000 events", &beside);
    report::figure("events not sealed when the writers stopped", &left.join(", "));
    report.ratio("with / without", median(&beside) / median(&alone), Some(0.95));
    Ok(())
}

/// Seals a log from its beginning and verifies it.
pub(crate) async fn verify(cluster: &Cluster, report: &mut Report) -> Result<()> {
    let database = cluster.database("verified").await?;
    fill(&database.pool).await?;
    let started = Instant::now();
    let (sealed, _) = Sealer::new(database.pool.clone(), config()).seal_all().await?;
    let sealing = f64::from(EVENTS) / started.elapsed().as_secs_f64();
    ensure!(sealed == u64::from(EVENTS), "{sealed} events were sealed");
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let options = VerifyOptions {
        keys: vec![SigningKey::from_seed([1; 32]).public()],
        workers: cores,
        ..VerifyOptions::default()
    };
    let mut rates = Vec::new();
    for _ in 0..rounds() {
        let found = eventstore::sealing::verify(&database.pool, &options, |_, _| ()).await?;
        ensure!(found.intact && found.events == u64::from(EVENTS), "{found:?}");
        rates.push(f64::from(EVENTS) / found.seconds);
    }
    report::section("Verify: a million events of about 600 bytes of payload, from PostgreSQL");
    report::rate("sealed from the beginning", &[sealing]);
    report::rate(&format!("verified, {cores} workers"), &rates);
    report.ratio("verified / 200,000 a second", median(&rates) / 200_000.0, Some(1.0));
    Ok(())
}

/// Makes a log of streams with three events each, the streams' events together, as orders leave them.
async fn fill(pool: &PgPool) -> Result<()> {
    let lanes: i64 = sqlx::query_scalar("SELECT count(*) FROM lanes").fetch_one(pool).await?;
    let lanes = u32::try_from(lanes)?;
    let mut heads: BTreeMap<u32, i64> = BTreeMap::new();
    let payload = format!(r#"{{"OrderPlaced":{{"filler":"{}"}}}}"#, "x".repeat(PAYLOAD - 29));
    for first in (0..EVENTS).step_by(PIECE as usize) {
        let (mut ids, mut sequences, mut in_lanes, mut positions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for n in first..first + PIECE {
            let id = format!("ord_{}", Uuid::new_v5(&Uuid::NAMESPACE_OID, &(n / 3).to_be_bytes()));
            let lane = lane_of(&id, lanes);
            let head = heads.entry(lane).or_default();
            *head += 1;
            positions.push(*head);
            in_lanes.push(lane.cast_signed());
            sequences.push(i64::from(n % 3 + 1));
            ids.push(id);
        }
        sqlx::query(
            r#"INSERT INTO events SELECT 'order', id, sequence, 'OrderPlaced', '1.0', $5::json, '{"request_id":"bench"}', lane, position,
                   gen_random_uuid(), now(), now(), 'usr_0198c0de-0000-7000-8000-000000000001', gen_random_uuid(), gen_random_uuid()
               FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::bigint[]) AS e (id, sequence, lane, position)"#,
        )
        .bind(ids)
        .bind(sequences)
        .bind(in_lanes)
        .bind(positions)
        .bind(&payload)
        .execute(pool)
        .await?;
    }
    for (lane, head) in heads {
        sqlx::query("UPDATE lanes SET head = $2 WHERE lane = $1")
            .bind(lane.cast_signed())
            .bind(head)
            .execute(pool)
            .await?;
    }
    for statement in ["VACUUM ANALYZE events", "CHECKPOINT"] {
        sqlx::raw_sql(statement).execute(pool).await?;
    }
    Ok(())
}
