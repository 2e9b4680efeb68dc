//! Times in the log while the database's clock jumps.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::support::{add, from_the_start, open, read_on};

/// Connections to the same database, whose clock is off by what [`set_clock`] says.
async fn with_own_clock(pool: &PgPool) -> PgPool {
    sqlx::raw_sql(
        "CREATE SCHEMA jumping;
         CREATE TABLE jumping.clock (off interval NOT NULL);
         INSERT INTO jumping.clock VALUES ('0');
         CREATE FUNCTION jumping.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
         AS 'SELECT pg_catalog.clock_timestamp() + off FROM jumping.clock';",
    )
    .execute(pool)
    .await
    .unwrap();
    let options = (*pool.connect_options()).clone();
    PgPoolOptions::new()
        .max_connections(4)
        .connect_with(options.options([("search_path", "jumping,pg_catalog,public")]))
        .await
        .unwrap()
}

async fn set_clock(pool: &PgPool, hours: i64) {
    let set = "UPDATE jumping.clock SET off = $1 * interval '1 hour'";
    sqlx::query(set).bind(hours).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn no_event_is_recorded_before_the_one_ahead_of_it(pool: PgPool) {
    let pool = with_own_clock(&pool).await;
    let store = open(&pool).await;
    let jumps = [0, 1, 0, -24, 2];
    for hours in jumps {
        set_clock(&pool, hours).await;
        add(&store, "tly_1", 1).await.unwrap();
    }
    set_clock(&pool, -48).await;
    add(&store, "tly_2", 1).await.unwrap();

    let told = read_on(&store.log(), &mut from_the_start(&store), 100).await;
    let stored = [
        store.log().stream("tally", "tly_1").await.unwrap(),
        store.log().stream("tally", "tly_2").await.unwrap(),
    ]
    .concat();
    for event in &stored {
        let same = told.iter().find(|same| same.event_id == event.event_id).unwrap();
        assert_eq!(
            (same.recorded_at, same.occurred_at),
            (event.recorded_at, event.occurred_at)
        );
    }
    let first: Vec<_> = stored.iter().filter(|event| &*event.aggregate_id == "tly_1").collect();
    assert!(first.is_sorted_by_key(|event| event.recorded_at));
    assert_eq!(first[2].recorded_at, first[1].recorded_at);
    assert_eq!(first[3].recorded_at, first[1].recorded_at);
    assert!(first[4].recorded_at > first[1].recorded_at);
    // What happened is dated by the clock, also when that was wrong.
    let start = first[0].recorded_at;
    for (event, hours) in first.iter().zip(jumps) {
        let off = event.occurred_at - start - TimeDelta::hours(hours);
        assert!(off.abs() < TimeDelta::minutes(30), "{event:?}");
    }
    // Lanes do not wait for each other.
    let second = stored.last().unwrap();
    assert_ne!(second.lane, first[0].lane);
    assert_eq!(second.recorded_at, second.occurred_at);

    // Processes from before call the function of before.
    let of_old: DateTime<Utc> = sqlx::query_scalar(
        "SELECT at FROM append_batch(ARRAY[$1], '{0}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
             '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
    )
    .bind(first[0].lane.cast_signed())
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(of_old, first[4].recorded_at);
}
