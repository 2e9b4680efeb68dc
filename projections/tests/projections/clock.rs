//! The past of a log whose clock was set back.

use chrono::{DateTime, Duration, Utc};
use projections::{At, History, HistoryError};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::shop::{Kind, append};
use crate::support::{Running, open, quick, settle};

const STOCK: &str = "prod_clock";

/// Records one event each at these times, given in seconds, whatever came before. Only the tests can do that to a log.
async fn record(pool: &PgPool, seconds: &[i64]) -> DateTime<Utc> {
    let start = "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap();
    let store = open(pool).await;
    for _ in seconds {
        append(
            &store,
            None,
            vec![(
                Kind::Stock,
                STOCK.to_owned(),
                vec![json!({"StockReceived": {"quantity": 1}})],
            )],
        )
        .await;
    }
    sqlx::query(
        "UPDATE events SET recorded_at = $1::timestamptz + seconds * interval '1 second', occurred_at = $1::timestamptz + seconds * interval '1 second'
         FROM unnest($2::bigint[]) WITH ORDINALITY AS t (seconds, nth) WHERE aggregate_id = $3 AND sequence = nth",
    )
    .bind(start)
    .bind(seconds)
    .bind(STOCK)
    .execute(pool)
    .await
    .unwrap();
    start
}

async fn position(history: &History, time: DateTime<Utc>) -> u64 {
    history.moment(STOCK, &At::Time(time)).await.unwrap().position
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_old_log_with_one_event_an_hour_ahead_is_found_at_every_moment(pool: PgPool) {
    let start = record(&pool, &[0, 3_601, 2, 3]).await;
    let history = History::new(pool);
    for (seconds, expected) in [
        (-1, 0),
        (0, 1),
        (1, 1),
        (2, 3),
        (3, 4),
        (60, 4),
        (3_600, 4),
        (3_601, 4),
        (9_000, 4),
    ] {
        assert_eq!(
            position(&history, start + Duration::seconds(seconds)).await,
            expected,
            "{seconds} s"
        );
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_old_log_with_a_long_time_ahead_is_found_too(pool: PgPool) {
    let seconds: Vec<i64> = (0..100).chain(3_700..3_800).chain(200..500).collect();
    let start = record(&pool, &seconds).await;
    let history = History::new(pool);
    for (seconds, expected) in [(50, 51), (99, 100), (150, 100), (350, 351), (499, 500), (3_750, 500)] {
        assert_eq!(
            position(&history, start + Duration::seconds(seconds)).await,
            expected,
            "{seconds} s"
        );
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_written_since_the_clock_was_set_back_is_seen_at_once(pool: PgPool) {
    sqlx::raw_sql(
        "CREATE SCHEMA jumping;
         CREATE TABLE jumping.clock (off interval NOT NULL);
         INSERT INTO jumping.clock VALUES ('0');
         CREATE FUNCTION jumping.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
         AS 'SELECT pg_catalog.clock_timestamp() + off FROM jumping.clock';",
    )
    .execute(&pool)
    .await
    .unwrap();
    let options = (*pool.connect_options())
        .clone()
        .options([("search_path", "jumping,pg_catalog,public")]);
    let jumping = PgPoolOptions::new()
        .max_connections(4)
        .connect_with(options)
        .await
        .unwrap();
    let store = open(&jumping).await;
    let history = History::new(jumping.clone());
    let mut seen = Vec::new();
    for off in ["0", "1 hour", "0", "0"] {
        sqlx::query("UPDATE jumping.clock SET off = $1::text::interval")
            .bind(off)
            .execute(&pool)
            .await
            .unwrap();
        append(
            &store,
            None,
            vec![(
                Kind::Stock,
                STOCK.to_owned(),
                vec![json!({"StockReceived": {"quantity": 1}})],
            )],
        )
        .await;
        let now: DateTime<Utc> = sqlx::query_scalar("SELECT clock_timestamp()")
            .fetch_one(&jumping)
            .await
            .unwrap();
        seen.push(now);
    }
    let moments = [(seen[0], 1), (seen[2], 3), (seen[3], 4)];
    for (time, expected) in moments {
        assert_eq!(position(&history, time).await, expected);
    }
    // The times that the events are shown with may be asked for, and no later ones.
    let times: Vec<DateTime<Utc>> = sqlx::query_scalar("SELECT recorded_at FROM events ORDER BY position")
        .fetch_all(&jumping)
        .await
        .unwrap();
    assert!(times.is_sorted() && times[3] > seen[3], "{times:?}");
    for time in &times[1..] {
        assert_eq!(position(&history, *time).await, 4);
    }
    let future = history.moment(STOCK, &At::Time(times[3] + Duration::seconds(1))).await;
    assert!(matches!(future, Err(HistoryError::Future)), "{future:?}");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_lease_of_a_dead_projector_from_before_the_clock_was_set_back_holds_nobody_up(pool: PgPool) {
    let store = open(&pool).await;
    sqlx::raw_sql(
        "UPDATE projection_lease SET owner = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 hour';
         INSERT INTO projection_worker (owner, seen_until)
         SELECT DISTINCT owner, clock_timestamp() + interval '1 hour' FROM projection_lease",
    )
    .execute(&pool)
    .await
    .unwrap();
    append(
        &store,
        None,
        vec![(
            Kind::Stock,
            STOCK.to_owned(),
            vec![json!({"StockReceived": {"quantity": 1}})],
        )],
    )
    .await;
    let running = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn sales_are_followed_again_at_once_when_the_clock_is_set_back(pool: PgPool) {
    let _ = open(&pool).await;
    sqlx::raw_sql(
        "UPDATE search_sales SET looked_at = clock_timestamp() + interval '1 hour';
         INSERT INTO product_sales (product_id, sold, taken_back) VALUES ('prod_sold', 3, 0);",
    )
    .execute(&pool)
    .await
    .unwrap();
    let follow = async |age: f64| {
        sqlx::query("SELECT follow_sales($1)")
            .bind(age)
            .execute(&pool)
            .await
            .unwrap();
        let known: Option<i64> = sqlx::query_scalar("SELECT units FROM search_sold WHERE product_id = 'prod_sold'")
            .fetch_optional(&pool)
            .await
            .unwrap();
        known
    };
    assert_eq!(follow(60.0).await, Some(3));
    // A look that is not long ago still counts.
    sqlx::query("UPDATE product_sales SET sold = 4")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("UPDATE search_sales SET positions = -1")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(follow(3_600.0).await, Some(3));
    assert_eq!(follow(0.0).await, Some(4));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nobody_is_at_work_on_a_lease_from_before_the_clock_was_set_back(pool: PgPool) {
    let _ = open(&pool).await;
    sqlx::raw_sql(
        "INSERT INTO search_index (name, engine, owner, lease_until)
         VALUES ('index', 'tantivy', gen_random_uuid(), clock_timestamp() + interval '1 hour');
         UPDATE projections SET builder = gen_random_uuid(),
             state = CASE name WHEN 'audit' THEN 'building' ELSE state END, phase = CASE name WHEN 'audit' THEN 'copy' ELSE phase END;
         INSERT INTO projection_rebuild (name, owner, lease_until)
         SELECT name, builder, clock_timestamp() + interval '1 hour' FROM projections;
         UPDATE projection_lease SET owner = gen_random_uuid(), rate = 7, lease_until = clock_timestamp() + interval '1 hour'",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert!(!projections::index_status(&pool).await.unwrap()[0].kept);
    for status in projections::status(&pool).await.unwrap() {
        assert!(status.rate.abs() < f64::EPSILON, "{status:?}");
        assert!(status.build.is_none_or(|build| !build.running));
    }
}
