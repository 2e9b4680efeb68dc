//! What the sealer remembers outside of the database: who has the database alone gets nothing sealed that contradicts it.

use std::path::Path;

use eventstore::sealing::{Kind, SealConfig, SealError, Sealer, VerifyOptions, Witness, rebuild_tiles};
use seal::{Checkpoint, SigningKey};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Log, check, check_with, config, exported, key, public, run, seal};
use crate::support::{add, open};

fn sealer(pool: &PgPool, witness: &Witness) -> Sealer {
    let settings = SealConfig {
        witness: Some(witness.clone()),
        ..config(key())
    };
    Sealer::new(pool.clone(), settings)
}

fn remembered(witness: &Witness) -> Option<u64> {
    witness.newest().unwrap().map(|signed| signed.checkpoint.number)
}

/// A log of three checkpoints that `older` remembers and a fourth one that only `witness` does, and an event that waits.
async fn sealed(pool: PgPool, folder: &Path) -> (Log, Witness, Witness) {
    let log = Log::sealed(pool).await; // which has saved itself
    let [older, witness] = ["older", "newest"].map(|name| Witness::new(folder.join("keys").join(name)));
    assert_eq!(sealer(&log.pool, &older).seal_all().await.unwrap().0, 0);
    add(&open(&log.pool).await, "tly_main", 1).await.unwrap();
    assert_eq!(sealer(&log.pool, &witness).seal_all().await.unwrap().0, 1);
    assert_eq!((remembered(&older), remembered(&witness)), (Some(3), Some(4)));
    add(&open(&log.pool).await, "tly_main", 1).await.unwrap();
    (log, older, witness)
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nothing_is_sealed_over_history_that_was_rewritten(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let (log, _, witness) = sealed(pool, folder.path()).await;
    log.save_again().await;
    let alter = format!(
        "UPDATE events SET actor = 'usr_evil' WHERE lane = {} AND position = 250;",
        log.lane
    );
    let cut = format!(
        "DELETE FROM events WHERE lane = {0} AND position > 340; UPDATE lanes SET head = 340 WHERE lane = {0};",
        log.lane
    );
    let trimmed = format!(
        "UPDATE seal_tiles SET hashes = substr(hashes, 1, 84 * 32) WHERE lane = {} AND level = 0 AND tile = 1;
         DELETE FROM seal_checkpoints WHERE number = 4;",
        log.lane
    );
    let all = "TRUNCATE seal_tiles, seal_checkpoints;";
    for (sql, words) in [
        (
            format!("{alter} DELETE FROM seal_checkpoints WHERE number >= 3"),
            "2 is the newest one",
        ),
        (format!("{alter} {trimmed}"), "3 is the newest one"),
        (format!("{cut} {trimmed}"), "3 is the newest one"),
        (format!("{alter} {all}"), "the checkpoints are gone"),
        (
            format!("{alter} {all} UPDATE seal_log SET id = gen_random_uuid()"),
            "the checkpoints are gone",
        ),
    ] {
        run(&log.pool, &sql).await;
        let error = sealer(&log.pool, &witness).seal_all().await.unwrap_err();
        assert!(
            matches!(&error, SealError::Broken(what) if what.contains("checkpoint 4 of 2026") && what.contains(words)),
            "{sql}: {error}"
        );
        let options = VerifyOptions {
            keys: public(),
            remembered: witness.newest().unwrap(),
            ..VerifyOptions::default()
        };
        let report = check_with(&log.pool, options).await;
        assert!(
            report
                .findings
                .iter()
                .any(|found| (found.kind, found.checkpoint) == (Kind::Checkpoint, Some(4))
                    && found.message.contains("remembered by the sealer")),
            "{sql}: {report:?}"
        );
        let hidden = rebuild_tiles(&log.pool, &public(), Uuid::from_u128(1), &witness).await;
        assert!(!matches!(hidden, Ok(1..)), "{sql}: {hidden:?}");
        log.restore().await;
    }
    assert_eq!(remembered(&witness), Some(4));
    assert_eq!(sealer(&log.pool, &witness).seal_all().await.unwrap().0, 1);
    assert_eq!(remembered(&witness), Some(5));
}

/// Without a memory, what is left in the database still tells.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nothing_is_sealed_while_hashes_of_removed_checkpoints_are_there(pool: PgPool) {
    let log = Log::sealed(pool).await;
    run(&log.pool, "DELETE FROM seal_checkpoints WHERE number = 3").await;
    let error = Sealer::new(log.pool.clone(), config(key()))
        .seal_all()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no checkpoint is there"), "{error}");
}

/// Several workers, one at a time at work, each with a file of its own.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_memory_that_lags_behind_is_brought_up_to_date(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let (log, older, witness) = sealed(pool, folder.path()).await;
    assert_eq!(sealer(&log.pool, &older).seal_all().await.unwrap().0, 1);
    assert_eq!((remembered(&older), remembered(&witness)), (Some(5), Some(4)));
    assert_eq!(sealer(&log.pool, &witness).seal_all().await.unwrap().0, 0);
    assert_eq!(remembered(&witness), Some(5));
    assert!(check(&log.pool).await.intact);
    // What cannot be remembered is not gone on from.
    let nowhere = Witness::new(folder.path().join("keys/newest/file"));
    add(&open(&log.pool).await, "tly_main", 1).await.unwrap();
    let error = sealer(&log.pool, &nowhere).seal_all().await.unwrap_err();
    assert!(matches!(error, SealError::Witness { .. }), "{error}");
    assert_eq!(check(&log.pool).await.not_sealed, 1);
}

/// A checkpoint by a key that somebody has added to the database, over events that were rewritten.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_stranger_with_a_key_of_his_own_gets_nothing_signed_on_top(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let (log, older, _) = sealed(pool, folder.path()).await;
    let stranger = SigningKey::from_seed([9; 32]);
    let alter = format!(
        "UPDATE events SET actor = 'usr_evil' WHERE lane = {} AND position = 250;
         TRUNCATE seal_tiles, seal_checkpoints",
        log.lane
    );
    let kept = exported(&log.pool).await;
    run(&log.pool, &alter).await;
    Sealer::new(log.pool.clone(), config(stranger.clone()))
        .seal_all()
        .await
        .unwrap();
    // The true checkpoints back, and on top of them one that names the last of them and has the roots of the rewritten events.
    let forged = Checkpoint {
        number: 4,
        previous: Some(kept[2].checkpoint.hash()),
        ..exported(&log.pool).await.remove(0).checkpoint
    };
    let forged = seal::SignedCheckpoint::sign(forged, &stranger);
    run(&log.pool, "TRUNCATE seal_checkpoints").await;
    for note in kept[..3].iter().chain([&forged]) {
        sqlx::query("INSERT INTO seal_checkpoints (number, note) VALUES ($1, $2)")
            .bind(note.checkpoint.number.cast_signed())
            .bind(note.to_string())
            .execute(&log.pool)
            .await
            .unwrap();
    }
    add(&open(&log.pool).await, "tly_main", 1).await.unwrap();
    let error = sealer(&log.pool, &older).seal_all().await.unwrap_err();
    let words = format!("lane {} of checkpoint 4 does not go on from it", log.lane);
    assert!(error.to_string().contains(&words), "{error}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn after_a_backup_was_restored_an_operator_starts_over(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let (log, _, witness) = sealed(pool, folder.path()).await;
    log.restore().await;
    add(&open(&log.pool).await, "tly_main", 3).await.unwrap();
    assert!(sealer(&log.pool, &witness).seal_all().await.is_err());
    let (events, newest) = sealer(&log.pool, &witness).start_over().await.unwrap();
    assert_eq!((events, newest.map(|newest| newest.number)), (1, Some(4)));
    assert!(check(&log.pool).await.intact);
    add(&open(&log.pool).await, "tly_main", 1).await.unwrap();
    assert_eq!(sealer(&log.pool, &witness).seal_all().await.unwrap().0, 1);
    assert_eq!(remembered(&witness), Some(5));
    // To before anything was sealed, or written.
    run(
        &log.pool,
        "TRUNCATE events, seal_tiles, seal_checkpoints; UPDATE lanes SET head = 0",
    )
    .await;
    assert!(sealer(&log.pool, &witness).seal_all().await.is_err());
    assert_eq!(sealer(&log.pool, &witness).start_over().await.unwrap(), (0, None));
    assert_eq!(remembered(&witness), None);
    assert_eq!(seal(&log.pool).await, 0);
}
