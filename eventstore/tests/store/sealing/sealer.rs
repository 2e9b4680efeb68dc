//! The sealer beside writers: killed, doubled, interrupted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eventstore::Store;
use eventstore::sealing::{SealError, Sealer, VerifyOptions, status};
use futures::future::join_all;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use super::{check, check_with, config, exported, key, public, seal};
use crate::support::{add, append, eventually, noted, open};

const WRITERS: usize = 6;

/// Writes to many lanes until told to stop.
async fn write(store: Store, writer: usize, stop: Arc<AtomicBool>) {
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let id = format!("tly_{}", (writer * 31 + n * 7) % 90);
        append(&store, &id, vec![noted(format!("{writer}-{n}")); 1 + n % 3])
            .await
            .unwrap();
    }
}

struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    async fn begin(pool: &PgPool) -> Self {
        let (store, stop) = (open(pool).await, Arc::new(AtomicBool::new(false)));
        let tasks = (0..WRITERS).map(|writer| tokio::spawn(write(store.clone(), writer, Arc::clone(&stop))));
        Self {
            tasks: tasks.collect(),
            stop,
        }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        join_all(self.tasks).await.into_iter().for_each(Result::unwrap);
    }
}

async fn newest(pool: &PgPool) -> u64 {
    status(pool).await.unwrap().newest.map_or(0, |newest| newest.number)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_written_is_sealed_and_the_end_of_it_when_the_sealer_stops(pool: PgPool) {
    assert!(check(&pool).await.intact, "an empty log");
    let load = Load::begin(&pool).await;
    let stop = CancellationToken::new();
    let sealer = tokio::spawn(Sealer::new(pool.clone(), config(key())).run(stop.clone().cancelled_owned()));
    eventually("checkpoints are made", || async { newest(&pool).await >= 5 }).await;
    // Verified while it is written.
    let during = check(&pool).await;
    assert!(during.intact, "{during:?}");
    load.end().await;
    stop.cancel();
    sealer.await.unwrap();
    let status = status(&pool).await.unwrap();
    assert_eq!(status.waiting, 0, "the last look sealed the rest");
    assert_eq!(status.keys, public());
    let report = check(&pool).await;
    assert!(report.intact, "{report:?}");
    assert_eq!((report.events, report.not_sealed), (status.events, 0));
    assert_eq!(report.newest_checkpoint, status.newest.map(|newest| newest.number));
    // Nothing new, no checkpoint.
    assert_eq!(seal(&pool).await, 0);
    assert_eq!(newest(&pool).await, report.newest_checkpoint.unwrap());
}

/// Sealers whose tasks and connections are cut off at any moment, one after another, beside writers.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_sealer_that_is_killed_anywhere_leaves_one_unbroken_chain(pool: PgPool) {
    let load = Load::begin(&pool).await;
    let options = pool
        .connect_options()
        .as_ref()
        .clone()
        .application_name("sealer under test");
    for round in 0..12_u64 {
        let own = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(options.clone())
            .await
            .unwrap();
        let settings = eventstore::sealing::SealConfig {
            batch: 40,
            lease: std::time::Duration::from_millis(300),
            ..config(key())
        };
        let (before, sealer) = (newest(&pool).await, Sealer::new(own, settings));
        let sealer = tokio::spawn(sealer.run(std::future::pending()));
        eventually("it takes over", || async { newest(&pool).await > before }).await;
        if round % 2 == 0 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE application_name = 'sealer under test' AND datname = current_database()";
            sqlx::query(cut).execute(&pool).await.unwrap();
            let before = newest(&pool).await;
            eventually("it goes on by itself", || async { newest(&pool).await > before }).await;
        }
        sealer.abort();
        let _ = sealer.await;
    }
    load.end().await;
    let settings = eventstore::sealing::SealConfig { ..config(key()) };
    eventually("the last lease runs out", || async {
        !matches!(
            Sealer::new(pool.clone(), settings.clone()).seal_all().await,
            Err(SealError::LeaseLost)
        )
    })
    .await;
    let report = check(&pool).await;
    assert!(report.intact, "{report:?}");
    assert_eq!(report.not_sealed, 0);
    assert!(report.checkpoints >= 12);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_two_sealers_one_works_and_there_is_no_fork(pool: PgPool) {
    let load = Load::begin(&pool).await;
    let stop = CancellationToken::new();
    let both: Vec<_> = (1..=2)
        .map(|seed| {
            // Each with a key of its own, so that it shows who signed.
            let settings = eventstore::sealing::SealConfig {
                lease: std::time::Duration::from_millis(30),
                ..config(seal::SigningKey::from_seed([seed; 32]))
            };
            tokio::spawn(Sealer::new(pool.clone(), settings).run(stop.clone().cancelled_owned()))
        })
        .collect();
    eventually("checkpoints are made", || async { newest(&pool).await >= 10 }).await;
    let third = Sealer::new(pool.clone(), config(key())).seal_all().await;
    assert!(third.is_ok() || matches!(third, Err(SealError::LeaseLost)), "{third:?}");
    load.end().await;
    stop.cancel();
    join_all(both).await.into_iter().for_each(Result::unwrap);
    seal(&pool).await;
    let report = check_with(&pool, VerifyOptions::default()).await;
    assert!(report.intact, "{report:?}");
    let numbers: Vec<u64> = exported(&pool)
        .await
        .iter()
        .map(|signed| signed.checkpoint.number)
        .collect();
    assert!(numbers.iter().copied().eq(1..=report.newest_checkpoint.unwrap()));
    let unique: BTreeSet<_> = numbers.iter().collect();
    assert_eq!(unique.len(), numbers.len());
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_sealer_signs_nothing_on_top_of_what_contradicts_it(pool: PgPool) {
    let store = open(&pool).await;
    add(&store, "tly_1", 1).await.unwrap();
    seal(&pool).await;
    let refuse = async |sql: &str, undo: &str, words: &str| {
        super::run(&pool, sql).await;
        let error = Sealer::new(pool.clone(), config(key())).seal_all().await.unwrap_err();
        assert!(error.to_string().contains(words), "{sql}: {error}");
        super::run(&pool, undo).await;
    };
    add(&store, "tly_1", 1).await.unwrap();
    super::run(&pool, "CREATE TABLE saved AS TABLE seal_checkpoints").await;
    let undo = "TRUNCATE seal_checkpoints; INSERT INTO seal_checkpoints TABLE saved";
    refuse("DELETE FROM seal_checkpoints", undo, "no checkpoint").await;
    refuse("UPDATE seal_checkpoints SET note = 'x'", undo, "not a").await;
    refuse(
        "UPDATE seal_checkpoints SET note = replace(note, ' 2026', ' 2027')",
        undo,
        "not what was signed",
    )
    .await;
    refuse("UPDATE seal_checkpoints SET number = 5", undo, "not what was signed").await;
    refuse(
        "UPDATE lanes SET head = head - 2 WHERE head > 0",
        "UPDATE lanes SET head = 2 WHERE lane IN (SELECT lane FROM events)",
        "shorter",
    )
    .await;
    refuse(
        "UPDATE lanes SET head = 9 WHERE head > 0",
        "UPDATE lanes SET head = 2 WHERE head > 0",
        "is missing",
    )
    .await;
    assert_eq!(seal(&pool).await, 1);
    assert!(check(&pool).await.intact);
}

/// Big payloads come in pieces over the wire, and characters of several bytes may be cut in two.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn big_and_odd_texts_are_sealed_as_they_are(pool: PgPool) {
    let store = open(&pool).await;
    append(
        &store,
        "tly_big",
        vec![noted("€".repeat(400_000)), noted("\u{0}\u{202e}שלום"), noted("")],
    )
    .await
    .unwrap();
    append(&store, "tly_ünïcode ' \" \\ \n", vec![noted("x")])
        .await
        .unwrap();
    assert_eq!(seal(&pool).await, 4);
    let report = check(&pool).await;
    assert!(report.intact, "{report:?}");
    assert_eq!(report.events, 4);
}

/// More than 256 tiles: three levels.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_long_lane_is_sealed_in_steps_and_verified(pool: PgPool) {
    super::run(
        &pool,
        "INSERT INTO events SELECT 'tally', 'tly_x', n, 'Added', '1.0', json_build_object('n', n), '{}', 0, n, gen_random_uuid(),
             now(), now(), 'usr', gen_random_uuid(), NULL FROM generate_series(1, 66000) n;
         UPDATE events SET lane = 1 WHERE false; UPDATE lanes SET head = 66000 WHERE lane = 0",
    )
    .await;
    let settings = eventstore::sealing::SealConfig {
        batch: 7_001,
        ..config(key())
    };
    let (sealed, newest) = Sealer::new(pool.clone(), settings).seal_all().await.unwrap();
    assert_eq!((sealed, newest.unwrap().number), (66_000, 10));
    let report = check(&pool).await;
    // The stream is not where its id says: that is all there is to say.
    assert!(
        report
            .findings
            .iter()
            .all(|found| found.kind == eventstore::sealing::Kind::Structure),
        "{report:?}"
    );
    assert_eq!(report.events, 66_000);
    super::run(&pool, "UPDATE events SET actor = 'x' WHERE position = 65900").await;
    let report = check(&pool).await;
    assert_eq!(report.findings[0].position, Some(65_900), "{report:?}");
    assert_eq!(report.findings[0].kind, eventstore::sealing::Kind::Altered);
}
