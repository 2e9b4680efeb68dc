//! Every column of a sealed event, altered.

use eventstore::sealing::Kind;
use sqlx::PgPool;
use uuid::Uuid;

use super::Log;

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_change_to_any_column_is_named(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let id: Uuid = sqlx::query_scalar("SELECT event_id FROM events WHERE aggregate_id = 'tly_main' AND sequence = 10")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    let same_event = [
        "payload = replace(payload::text, ':', ': ')::json",
        "payload = replace(payload::text, 'note 9', 'note 8')::json",
        r#"payload = (payload::jsonb || '{"x":1}')::json"#,
        r#"metadata = '{"request_id":"another"}'"#,
        "metadata = (metadata::text || ' ')::json",
        "event_type = 'Subtracted'",
        "event_version = '1.1'",
        "actor = 'usr_nobody'",
        "actor = ''",
        "correlation_id = gen_random_uuid()",
        "causation_id = NULL",
        "causation_id = correlation_id",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "recorded_at = 'infinity'",
        "occurred_at = occurred_at - interval '1 year'",
        "occurred_at = '-infinity'",
        "aggregate_type = 'tallies'",
        "aggregate_id = '$OTHER'",
        "sequence = 1000",
    ];
    for change in same_event {
        let sql = format!("UPDATE events SET {change} WHERE lane = $LANE AND position = 10");
        let found = log.finds(&sql, Kind::Altered, (10, 10), "not what was sealed").await;
        assert_eq!(found.event_id, Some(id));
        assert_eq!(found.checkpoint, Some(1));
    }
    for column in ["actor", "payload", "recorded_at", "event_type"] {
        let sql = format!(
            "ALTER TABLE events ALTER {column} DROP NOT NULL;
             UPDATE events SET {column} = NULL WHERE lane = $LANE AND position = 10"
        );
        let found = log
            .finds(&sql, Kind::Altered, (10, 10), "one of its columns is NULL")
            .await;
        assert_eq!(found.event_id, Some(id));
    }
    let sql = "UPDATE events SET event_id = gen_random_uuid() WHERE lane = $LANE AND position = 330";
    let found = log.finds(sql, Kind::Altered, (330, 330), "not what was sealed").await;
    assert_eq!(found.checkpoint, Some(3));
    // Of several changes the first one is named.
    let sql = "UPDATE events SET actor = 'x' WHERE lane = $LANE AND position IN (120, 77, 331)";
    log.finds(sql, Kind::Altered, (77, 77), "not what was sealed").await;
    // A stream of another lane: where it belongs is told, too.
    let sql = "UPDATE events SET aggregate_id = 'elsewhere_9' || aggregate_id WHERE lane = $LANE AND position = 10";
    log.finds(sql, Kind::Altered, (10, 10), "belongs in lane").await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_lane_has_its_own_first_finding(pool: PgPool) {
    let log = Log::sealed(pool).await;
    let report = log.broken_by("UPDATE events SET actor = 'x' WHERE position = 1").await;
    let lanes: i64 = sqlx::query_scalar("SELECT count(DISTINCT lane) FROM events")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    assert_eq!(report.findings.len(), usize::try_from(lanes).unwrap());
    assert!(
        report
            .findings
            .iter()
            .all(|found| found.kind == Kind::Altered && found.position == Some(1))
    );
}

/// What is sealed is what is stored. An event that holds ciphertext stays as it is when the key to it is destroyed, so the seal holds.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn destroying_the_key_to_a_ciphertext_breaks_no_seal(pool: PgPool) {
    let store = crate::support::open(&pool).await;
    super::run(&pool, "CREATE TABLE person_keys (person text PRIMARY KEY, key bytea NOT NULL); INSERT INTO person_keys VALUES ('ann', '\\xAA')").await;
    let ciphertext = crate::support::noted("ann:v1:9fKx0m+RrN0aQyq5cG9s1A==");
    crate::support::append(&store, "tly_ann", vec![ciphertext.clone()])
        .await
        .unwrap();
    super::seal(&pool).await;
    super::run(&pool, "DELETE FROM person_keys WHERE person = 'ann'").await;
    crate::support::append(&store, "tly_ann", vec![crate::support::noted("erased")])
        .await
        .unwrap();
    super::seal(&pool).await;
    assert!(super::check(&pool).await.intact);
    let events = store.log().stream("tally", "tly_ann").await.unwrap();
    assert_eq!(events[0].decode::<crate::support::TallyEvent>().unwrap(), ciphertext);
    // Erasing by writing over the event would be seen.
    super::run(
        &pool,
        "UPDATE events SET payload = '{}' WHERE aggregate_id = 'tly_ann' AND sequence = 1",
    )
    .await;
    assert!(!super::check(&pool).await.intact);
}
