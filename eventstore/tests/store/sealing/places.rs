//! Events removed, inserted and moved.

use eventstore::lane_of;
use eventstore::sealing::Kind;
use sqlx::PgPool;

use super::{END, Log, check, run, seal};
use crate::support::{add, open};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn removed_events_are_named(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let one = "DELETE FROM events WHERE lane = $LANE AND position = 10";
    let found = log.finds(one, Kind::Removed, (10, 10), "the event is gone").await;
    assert_eq!(found.checkpoint, Some(1));
    let several = "DELETE FROM events WHERE lane = $LANE AND position BETWEEN 101 AND 105";
    log.finds(several, Kind::Removed, (101, 105), "these 5 events are gone")
        .await;
    let first = "DELETE FROM events WHERE lane = $LANE AND position = 1";
    log.finds(first, Kind::Removed, (1, 1), "gone").await;
    let tail = format!("DELETE FROM events WHERE lane = $LANE AND position > {}", END - 3);
    log.finds(&tail, Kind::Removed, (END - 2, END), "the end of the lane")
        .await;
    let tail = format!("{tail}; UPDATE lanes SET head = {} WHERE lane = $LANE", END - 3);
    log.finds(&tail, Kind::Removed, (END - 2, END), "the end of the lane")
        .await;
    let whole = "DELETE FROM events WHERE lane = $LANE; UPDATE lanes SET head = 0 WHERE lane = $LANE";
    log.finds(whole, Kind::Removed, (1, END), "gone").await;
    let lane = "DELETE FROM events WHERE lane = $LANE; DELETE FROM lanes WHERE lane = $LANE";
    let report = log.broken_by(lane).await;
    assert!(
        report
            .findings
            .iter()
            .any(|found| found.kind == Kind::Removed && found.lane == Some(log.lane)),
        "{report:?}"
    );
    // Something before what is gone was altered, too: the first thing is named.
    let both = "DELETE FROM events WHERE lane = $LANE AND position = 50; UPDATE events SET actor = 'x' WHERE lane = $LANE AND position = 7";
    log.finds(both, Kind::Altered, (7, 7), "not what was sealed").await;
}

/// The rest of the lane moved up or down by `by` from `from` on.
fn shift(from: i64, by: i64) -> String {
    format!(
        "UPDATE events SET position = position + 1000000 WHERE lane = $LANE AND position >= {from};
         UPDATE events SET position = position - 1000000 + {by} WHERE lane = $LANE AND position > 1000000;
         UPDATE lanes SET head = head + {by} WHERE lane = $LANE;"
    )
}

fn fake(position: i64) -> String {
    format!(
        "INSERT INTO events SELECT aggregate_type, '$OTHER', 1, event_type, event_version, payload, metadata, lane, {position},
         gen_random_uuid(), recorded_at, occurred_at, actor, correlation_id, causation_id FROM events WHERE lane = $LANE AND position = 1;"
    )
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn removed_events_are_named_even_when_the_rest_was_renumbered(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let one = format!(
        "DELETE FROM events WHERE lane = $LANE AND position = 10; {}",
        shift(11, -1)
    );
    log.finds(&one, Kind::Removed, (10, 10), "was sealed at position 11")
        .await;
    let several = format!(
        "DELETE FROM events WHERE lane = $LANE AND position BETWEEN 10 AND 14; {}",
        shift(15, -5)
    );
    log.finds(&several, Kind::Removed, (10, 14), "was sealed at position 15")
        .await;
    let replaced = format!("DELETE FROM events WHERE lane = $LANE AND position = 10; {}", fake(10));
    log.finds(&replaced, Kind::Altered, (10, 10), "not what was sealed")
        .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn inserted_events_are_named(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let middle = format!("{}{}", shift(10, 1), fake(10));
    let found = log
        .finds(&middle, Kind::Inserted, (10, 10), "stands at position 11 now")
        .await;
    assert_eq!(found.stream, Some(format!("tally/{}", log.other)));
    let beyond = fake(END + 1);
    log.finds(
        &beyond,
        Kind::Inserted,
        (END + 1, END + 1),
        "the lane's head does not reach it",
    )
    .await;
    log.finds(&fake(0), Kind::Inserted, (0, 0), "no event was ever appended here")
        .await;
    log.finds(&fake(-5), Kind::Inserted, (-5, -5), "no event was ever appended here")
        .await;
    let found = log.found(&fake(1).replace("lane, 1,", "4711, 1,")).await;
    assert_eq!((found.kind, found.lane), (Kind::Inserted, Some(4711)));
    // A copy of a sealed event.
    let copy = format!(
        "{} INSERT INTO events SELECT aggregate_type, aggregate_id, 999, event_type, event_version, payload, metadata, lane, 200,
         event_id, recorded_at, occurred_at, actor, correlation_id, causation_id FROM events WHERE lane = $LANE AND position = 5;",
        shift(200, 1)
    );
    log.finds(&copy, Kind::Inserted, (200, 200), "stands at position 201 now")
        .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn moved_events_are_named(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let place =
        |from: &str, to: &str| format!("UPDATE events SET position = {to} WHERE lane = $LANE AND position = {from};");
    let swap = [place("10", "-10"), place("20", "10"), place("-10", "20")].concat();
    log.finds(&swap, Kind::Reordered, (10, 10), "the two have changed places")
        .await;
    let cycle = [
        place("10", "-10"),
        place("30", "10"),
        place("20", "30"),
        place("-10", "20"),
    ]
    .concat();
    log.finds(
        &cycle,
        Kind::Reordered,
        (10, 10),
        "was sealed at position 30, and what was sealed here stands at 20",
    )
    .await;
    let beyond = place("10", "100000");
    let report = log.broken_by(&beyond).await;
    let moved = report
        .findings
        .iter()
        .find(|found| found.kind == Kind::Reordered)
        .unwrap();
    assert_eq!((moved.lane, moved.position), (Some(log.lane), Some(10)));
    assert!(
        moved
            .message
            .contains(&format!("stands at lane {} position 100000", log.lane)),
        "{moved}"
    );
    // Contents swapped, rows left where they are: the same thing.
    let contents = "CREATE TEMP TABLE two AS SELECT * FROM events WHERE lane = $LANE AND position IN (10, 11);
         DELETE FROM events WHERE lane = $LANE AND position IN (10, 11);
         UPDATE two SET position = 21 - position; INSERT INTO events TABLE two; DROP TABLE two";
    log.finds(contents, Kind::Reordered, (10, 10), "changed places").await;
    // Into another lane.
    let other = (0..64)
        .find(|lane| *lane != log.lane && lane_of("elsewhere_1", 64) != *lane)
        .unwrap();
    let lane = format!("UPDATE events SET lane = {other}, position = 5000 WHERE lane = $LANE AND position = 10");
    let report = log.broken_by(&lane).await;
    let moved = report
        .findings
        .iter()
        .find(|found| found.kind == Kind::Reordered)
        .unwrap();
    assert_eq!((moved.lane, moved.position), (Some(log.lane), Some(10)));
    assert!(
        moved.message.contains(&format!("stands at lane {other} position 5000")),
        "{moved}"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn events_that_changed_places_between_lanes_are_named_once(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let elsewhere = (0..20)
        .map(|n| lane_of(&format!("elsewhere_{n}"), 64))
        .find(|lane| *lane != log.lane)
        .unwrap();
    let place = |from: (&str, i64), to: (&str, i64)| {
        format!(
            "UPDATE events SET lane = {}, position = {} WHERE lane = {} AND position = {};",
            to.0, to.1, from.0, from.1
        )
    };
    let (here, there, aside) = (("$LANE", 10), (&*elsewhere.to_string(), 1), ("$LANE", -10));
    let swap = [place(here, aside), place(there, here), place(aside, there)].concat();
    let report = log.broken_by(&swap).await;
    let [found] = report.findings.as_slice() else {
        panic!("{:#?}", report.findings)
    };
    assert_eq!(found.kind, Kind::Reordered, "{found}");
    assert!(found.message.ends_with("the two have changed places"), "{found}");
    let (first, other) = if log.lane < elsewhere {
        ((log.lane, 10), format!("lane {elsewhere} position 1"))
    } else {
        ((elsewhere, 1), format!("lane {} position 10", log.lane))
    };
    assert_eq!((found.lane, found.position), (Some(first.0), Some(first.1)), "{found}");
    assert!(found.message.contains(&other), "{found}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_second_event_at_a_position_is_named(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let copy =
        "ALTER TABLE events DROP CONSTRAINT IF EXISTS events_lane_position_key, DROP CONSTRAINT IF EXISTS events_pkey;
                INSERT INTO events TABLE events_of_10;";
    let kept = "CREATE TABLE events_of_10 AS SELECT * FROM events WHERE lane = $LANE AND position = 10;";
    log.finds(&format!("{kept}{copy}"), Kind::Inserted, (10, 10), "several events")
        .await;
    let other = "UPDATE events_of_10 SET event_id = '00000000-0000-0000-0000-000000000007', actor = 'usr_evil';";
    let found = log
        .finds(&format!("{other}{copy}"), Kind::Inserted, (10, 10), "several events")
        .await;
    assert_eq!(found.event_id, Some(uuid::Uuid::from_u128(7)));
    assert_eq!(found.checkpoint, Some(1));
}

/// What no checkpoint covers yet can only be checked against the rules of the log.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn events_that_are_not_sealed_yet_keep_the_rules(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let store = open(&log.pool).await;
    for _ in 0..5 {
        add(&store, "tly_main", 1).await.unwrap();
    }
    let report = check(&log.pool).await;
    assert!(report.intact, "{report:?}");
    assert_eq!((report.events, report.sealed, report.not_sealed), (365, 360, 5));
    run(
        &log.pool,
        &format!(
            "DELETE FROM events WHERE lane = {} AND position = {}",
            log.lane,
            END + 2
        ),
    )
    .await;
    let report = check(&log.pool).await;
    assert_eq!(report.findings.len(), 1);
    let found = &report.findings[0];
    assert_eq!(
        (found.kind, found.position, found.checkpoint),
        (Kind::Removed, Some(END + 2), None)
    );
    // And nothing is sealed on top of it.
    let sealer = eventstore::sealing::Sealer::new(log.pool.clone(), super::config(super::key()));
    let error = sealer.seal_all().await.unwrap_err();
    assert!(error.to_string().contains("is missing"), "{error}");
    log.restore().await;

    let sequence = format!(
        "UPDATE lanes SET head = head + 1 WHERE lane = $LANE; {}",
        fake(END + 1).replace("'$OTHER', 1,", "'$OTHER', 3,")
    );
    log.finds(&sequence, Kind::Structure, (END + 1, END + 1), "from sequence 0 to 3")
        .await;
    let lane = format!(
        "UPDATE lanes SET head = head + 1 WHERE lane = $LANE; {}",
        fake(END + 1).replace("'$OTHER'", "'elsewhere_99'")
    );
    log.finds(&lane, Kind::Structure, (END + 1, END + 1), "belongs in lane")
        .await;
    let head = log.found("UPDATE lanes SET head = head - 1 WHERE lane = $LANE").await;
    assert_eq!(head.kind, Kind::Lanes);
    assert_eq!(seal(&log.pool).await, 0);
}
