//! The checkpoints: altered, removed, signed by others, and kept by an auditor.

use eventstore::sealing::{Kind, Report, Sealer, VerifyOptions};
use seal::{PublicKey, SignedCheckpoint, SigningKey};
use sqlx::PgPool;

use super::{Log, check, check_with, config, exported, key, public, run, seal};
use crate::support::{add, open};

fn kinds(report: &Report) -> Vec<(Kind, Option<u64>)> {
    report
        .findings
        .iter()
        .map(|found| (found.kind, found.checkpoint))
        .collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_changed_chain_is_noticed(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let found = log
        .found("UPDATE seal_checkpoints SET note = replace(note, 'time 2026', 'time 2027') WHERE number = 3")
        .await;
    assert_eq!((found.kind, found.checkpoint), (Kind::Signature, Some(3)));
    let report = log
        .broken_by("UPDATE seal_checkpoints SET note = replace(note, 'time 2026', 'time 2027') WHERE number = 2")
        .await;
    assert_eq!(
        kinds(&report),
        [(Kind::Checkpoint, Some(3)), (Kind::Signature, Some(2))]
    );
    let report = log
        .broken_by("UPDATE seal_checkpoints SET note = 'x' WHERE number = 2")
        .await;
    assert_eq!(kinds(&report), [(Kind::Checkpoint, Some(2))]);
    let report = log.broken_by("DELETE FROM seal_checkpoints WHERE number = 2").await;
    assert_eq!(kinds(&report), [(Kind::Checkpoint, Some(2))]);
    let report = log.broken_by("DELETE FROM seal_checkpoints WHERE number = 1").await;
    assert_eq!(kinds(&report), [(Kind::Checkpoint, Some(1))]);
    let report = log.broken_by("DELETE FROM seal_checkpoints WHERE number = 3").await;
    assert_eq!(kinds(&report), [(Kind::Tiles, None)]);
    assert!(
        report.findings[0]
            .message
            .contains("newest checkpoints have been removed")
    );
    let report = log.broken_by("DELETE FROM seal_checkpoints").await;
    assert_eq!(report.findings[0].kind, Kind::Checkpoint);
    assert!(
        report.findings[0].message.contains("there is no checkpoint"),
        "{report:?}"
    );
    let report = log
        .broken_by("UPDATE seal_checkpoints SET number = 4 WHERE number = 3")
        .await;
    assert_eq!(
        kinds(&report),
        [(Kind::Checkpoint, Some(3)), (Kind::Checkpoint, Some(4))]
    );
    let report = log.broken_by("UPDATE seal_log SET id = gen_random_uuid()").await;
    assert_eq!(report.findings.len(), 3);
    assert!(
        log.broken_by("DELETE FROM seal_log").await.findings[0]
            .message
            .contains("is of the log")
    );
    // A key that the database names is worth nothing to who brings one along.
    let other = SigningKey::from_seed([9; 32]).public();
    run(&log.pool, &format!("UPDATE seal_keys SET public_key = '{other}'")).await;
    assert!(check(&log.pool).await.intact);
    let report = check_with(&log.pool, VerifyOptions::default()).await;
    assert_eq!(kinds(&report), [(Kind::Signature, Some(1))]);
    assert!(report.keys_from_database && report.findings[0].message.contains("up to 3"));
}

/// The same checkpoint over other events.
fn resigned(signed: &SignedCheckpoint) -> SignedCheckpoint {
    let mut checkpoint = signed.checkpoint.clone();
    for head in checkpoint.lanes.iter_mut().filter(|head| head.size == 300) {
        head.root = seal::Hash::empty();
    }
    SignedCheckpoint::sign(checkpoint, &key())
}

async fn against(pool: &PgPool, keys: Vec<PublicKey>, exported: &[SignedCheckpoint]) -> Report {
    let options = VerifyOptions {
        keys,
        exported: exported.to_vec(),
        ..VerifyOptions::default()
    };
    check_with(pool, options).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn history_set_back_to_a_backup_is_noticed_with_an_exported_checkpoint(pool: PgPool) {
    let log = Log::sealed(pool).await; // which has saved itself
    let store = open(&log.pool).await;
    add(&store, "tly_main", 1).await.unwrap();
    seal(&log.pool).await;
    let kept = exported(&log.pool).await;
    assert_eq!(kept.len(), 4);
    assert!(against(&log.pool, public(), &kept).await.intact);
    log.restore().await;
    assert!(check(&log.pool).await.intact, "the backup by itself is in order");
    let report = against(&log.pool, public(), &kept[3..]).await;
    assert_eq!(kinds(&report), [(Kind::Checkpoint, Some(4)), (Kind::Removed, Some(4))]);
    assert!(report.findings[0].message.contains("set back to an older state"));
    // And when it goes on from there.
    add(&open(&log.pool).await, "tly_main", 5).await.unwrap();
    seal(&log.pool).await;
    assert!(check(&log.pool).await.intact);
    let report = against(&log.pool, public(), &kept[3..]).await;
    assert_eq!(kinds(&report), [(Kind::Checkpoint, Some(4)), (Kind::Range, Some(4))]);
    assert!(report.findings[0].message.contains("written anew"));
    assert_eq!(
        (report.findings[1].position, report.findings[1].last_position),
        (Some(341), None)
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn history_written_anew_and_sealed_again_is_noticed_with_an_exported_checkpoint(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let kept = exported(&log.pool).await;
    let rewrite = format!(
        "UPDATE events SET actor = 'usr_innocent' WHERE lane = {} AND position = 120;
         TRUNCATE seal_tiles, seal_checkpoints, seal_keys;",
        log.lane
    );
    // With the same key: the database's owner runs the server, too.
    run(&log.pool, &rewrite).await;
    assert_eq!(seal(&log.pool).await, 360);
    assert!(check(&log.pool).await.intact, "nothing in the database tells");
    let report = against(&log.pool, public(), &kept[1..2]).await;
    assert_eq!(
        kinds(&report),
        [(Kind::Checkpoint, Some(2)), (Kind::Range, Some(2))],
        "{report:?}"
    );
    let range = &report.findings[1];
    assert_eq!(
        (range.lane, range.position, range.last_position),
        (Some(log.lane), Some(1), Some(300))
    );
    // With every kept checkpoint the range is smaller.
    let report = against(&log.pool, public(), &kept).await;
    let range = report.findings.iter().find(|found| found.kind == Kind::Range).unwrap();
    assert_eq!((range.position, range.last_position), (Some(101), Some(300)));

    // With another key.
    log.restore().await;
    run(&log.pool, &rewrite).await;
    let other = SigningKey::from_seed([9; 32]);
    Sealer::new(log.pool.clone(), config(other.clone()))
        .seal_all()
        .await
        .unwrap();
    assert_eq!(kinds(&check(&log.pool).await), [(Kind::Signature, Some(1))]);
    assert!(
        check_with(&log.pool, VerifyOptions::default()).await.intact,
        "with the key that the database names"
    );
    assert!(
        !against(&log.pool, vec![other.public(), key().public()], &kept)
            .await
            .intact
    );
    // A forged file proves nothing.
    let forged = exported(&log.pool).await;
    log.restore().await;
    let report = against(&log.pool, public(), &forged).await;
    assert_eq!(kinds(&report), [(Kind::Signature, Some(1))]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn keys_may_change_when_both_are_trusted(pool: PgPool) {
    let log = Log::sealed(pool).await;
    add(&open(&log.pool).await, "tly_main", 1).await.unwrap();
    let next = SigningKey::from_seed([8; 32]);
    Sealer::new(log.pool.clone(), config(next.clone()))
        .seal_all()
        .await
        .unwrap();
    assert_eq!(kinds(&check(&log.pool).await), [(Kind::Signature, Some(4))]);
    let both = vec![key().public(), next.public()];
    let report = against(&log.pool, both.clone(), &[]).await;
    assert!(report.intact);
    assert_eq!(report.keys, both.iter().map(PublicKey::id).collect::<Vec<_>>());
    assert!(check_with(&log.pool, VerifyOptions::default()).await.intact);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn verification_can_go_on_from_a_checkpoint(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let from = |number| VerifyOptions {
        keys: public(),
        from_checkpoint: Some(number),
        ..VerifyOptions::default()
    };
    let report = check_with(&log.pool, from(2)).await;
    assert!(report.intact, "{report:?}");
    assert_eq!((report.events, report.checkpoints), (40, 2));
    run(
        &log.pool,
        &format!(
            "UPDATE events SET actor = 'x' WHERE lane = {} AND position IN (5, 320)",
            log.lane
        ),
    )
    .await;
    let report = check_with(&log.pool, from(2)).await;
    assert_eq!(report.findings.len(), 1);
    assert_eq!(
        (report.findings[0].kind, report.findings[0].position),
        (Kind::Altered, Some(320))
    );
    assert!(check_with(&log.pool, from(3)).await.intact);
    // The hashes to go on from must lead to the signed root.
    let forged = "UPDATE seal_tiles SET hashes = overlay(hashes PLACING sha256('forged') FROM 1 FOR 32) WHERE level = 0 AND tile = 1";
    run(&log.pool, forged).await;
    assert_eq!(kinds(&check_with(&log.pool, from(2)).await), [(Kind::Tiles, Some(2))]);
    log.restore().await;
    // And so must a checkpoint that was kept.
    let other = VerifyOptions {
        exported: vec![resigned(&exported(&log.pool).await[1])],
        ..from(2)
    };
    let report = check_with(&log.pool, other).await;
    let wrong = report.findings.iter().find(|found| found.kind == Kind::Range).unwrap();
    assert_eq!((wrong.position, wrong.last_position), (Some(1), Some(300)));
    assert_eq!(
        kinds(&check_with(&log.pool, from(9)).await),
        [(Kind::Checkpoint, Some(9))]
    );
}
