//! The stored hashes, altered alone and together with events.

use eventstore::sealing::{Kind, SealError, Witness, rebuild_tiles};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Log, check, config, key, public, run};
use crate::support::{add, open};

/// Writes over the stored hash of a position, as somebody does who covers his tracks.
fn forge(position: i64) -> String {
    let (tile, offset) = ((position - 1) / 256, (position - 1) % 256 * 32 + 1);
    format!(
        "UPDATE seal_tiles SET hashes = overlay(hashes PLACING sha256('forged') FROM {offset} FOR 32)
         WHERE lane = $LANE AND level = 0 AND tile = {tile};"
    )
}

fn alter(position: i64) -> String {
    format!("UPDATE events SET actor = 'x' WHERE lane = $LANE AND position = {position};")
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn wrong_hashes_are_told_from_wrong_events(pool: PgPool) {
    let log = Log::sealed(pool).await;
    log.finds(&forge(10), Kind::Tiles, (10, 10), "the event is what was sealed")
        .await;
    log.finds(&forge(300), Kind::Tiles, (300, 300), "rebuild-tiles").await;
    let gone = "DELETE FROM seal_tiles WHERE lane = $LANE AND level = 0 AND tile = 1";
    log.finds(gone, Kind::Tiles, (257, 257), "stored hash").await;
    let inner = "UPDATE seal_tiles SET hashes = sha256('forged') WHERE lane = $LANE AND level = 1";
    log.finds(inner, Kind::Tiles, (1, 256), "inner hash").await;
    let inner = "DELETE FROM seal_tiles WHERE level = 1";
    log.finds(inner, Kind::Tiles, (1, 256), "inner hash").await;
    let all = log.broken_by("DELETE FROM seal_tiles").await;
    assert!(all.findings.iter().all(|found| found.kind == Kind::Tiles), "{all:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn events_and_hashes_altered_together_are_caught_as_narrowly_as_can_be(pool: PgPool) {
    let log = Log::sealed(pool).await;
    // The first checkpoint covers 100 events: its root is wrong already.
    let both = alter(10) + &forge(10);
    log.finds(&both, Kind::Range, (1, 100), "have been altered, too").await;
    // A full tile's root is stored one level up, where it was not altered.
    let second = alter(120) + &forge(120);
    log.finds(&second, Kind::Range, (101, 256), "have been altered, too")
        .await;
    let third = alter(290) + &forge(290);
    // The tile under way has no root anywhere: with its hashes wrong, nothing before can be told to be right.
    log.finds(&third, Kind::Range, (101, 300), "have been altered, too")
        .await;
    // Everything that leads there, too.
    let up =
        alter(120) + &forge(120) + "UPDATE seal_tiles SET hashes = sha256('forged') WHERE lane = $LANE AND level = 1;";
    log.finds(&up, Kind::Range, (101, 300), "have been altered, too").await;
    // An event is gone, and the hashes do not help.
    let gone = "DELETE FROM events WHERE lane = $LANE AND position = 10; DELETE FROM seal_tiles;";
    let report = log.broken_by(gone).await;
    let found = report
        .findings
        .iter()
        .find(|found| found.lane == Some(log.lane))
        .unwrap();
    assert_eq!((found.kind, found.position), (Kind::Removed, Some(10)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn lost_hashes_are_built_again_but_never_from_wrong_events(pool: PgPool) {
    let log = Log::sealed(pool).await;
    run(
        &log.pool,
        "DELETE FROM seal_tiles WHERE lane % 2 = 0; UPDATE seal_tiles SET hashes = sha256('forged')",
    )
    .await;
    let store = open(&log.pool).await;
    add(&store, "tly_main", 1).await.unwrap();
    let witness = Witness::new("no such file");
    // Nothing is sealed on top of wrong hashes.
    let sealer = eventstore::sealing::Sealer::new(log.pool.clone(), config(key()));
    let refused = sealer.seal_all().await.unwrap_err();
    assert!(matches!(refused, SealError::Broken(_)), "{refused}");
    run(
        &log.pool,
        "UPDATE events SET actor = 'x' WHERE aggregate_id = 'tly_main' AND sequence = 9",
    )
    .await;
    let refused = rebuild_tiles(&log.pool, &public(), Uuid::from_u128(1), &witness)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("are not those of checkpoint 3"),
        "{refused}"
    );
    run(
        &log.pool,
        "UPDATE events SET actor = 'usr_test' WHERE aggregate_id = 'tly_main' AND sequence = 9",
    )
    .await;
    let strange = seal::SigningKey::from_seed([9; 32]).public();
    assert!(
        rebuild_tiles(&log.pool, &[strange], Uuid::from_u128(1), &witness)
            .await
            .is_err()
    );
    assert_eq!(
        rebuild_tiles(&log.pool, &public(), Uuid::from_u128(1), &witness)
            .await
            .unwrap(),
        360
    );
    assert_eq!(super::seal(&log.pool).await, 1);
    let report = check(&log.pool).await;
    assert!(report.intact, "{report:?}");
}
