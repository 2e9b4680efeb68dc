//! Plans that were made on empty tables, at work on full ones.

use sqlx::{PgConnection, PgPool};

const ROWS: i64 = 3_000;
const ASKED: i64 = 20;

/// Rows of the table that the open transaction has looked at.
async fn touched(table: &str, connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables WHERE relname = $1",
    )
    .bind(table)
    .fetch_one(connection)
    .await
    .unwrap()
}

async fn load(connection: &mut PgConnection) -> usize {
    let rows = sqlx::query(
        "SELECT * FROM load_streams(
             array_fill('tally'::text, ARRAY[$1::integer]), (SELECT array_agg('tly_' || n) FROM generate_series(1, $1) n),
             (SELECT array_agg((n % 64)::integer) FROM generate_series(1, $1) n), array_fill(7::bigint, ARRAY[$1::integer]))",
    )
    .bind(ASKED)
    .fetch_all(connection)
    .await;
    rows.unwrap().len()
}

/// The events after the first of every stream that is asked for.
async fn catch_up(connection: &mut PgConnection) -> usize {
    let rows = sqlx::query(
        "SELECT * FROM load_events_after(
             array_fill('tally'::text, ARRAY[$1::integer]), (SELECT array_agg('tly_' || n) FROM generate_series(1, $1) n),
             (SELECT array_agg((n % 64)::integer) FROM generate_series(1, $1) n), array_fill(1::bigint, ARRAY[$1::integer]))",
    )
    .bind(ASKED)
    .fetch_all(connection)
    .await;
    rows.unwrap().len()
}

async fn outcomes(connection: &mut PgConnection) -> usize {
    let rows = sqlx::query(
        "SELECT * FROM stored_outcomes(
             (SELECT array_agg((n % 64)::integer) FROM generate_series(1, $1) n), array_fill('test'::text, ARRAY[$1::integer]),
             (SELECT array_agg('key_' || n) FROM generate_series(1, $1) n))",
    )
    .bind(ASKED)
    .fetch_all(connection)
    .await;
    rows.unwrap().len()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn loading_looks_at_what_it_asks_for_alone(pool: PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    // Statistics say that there is nothing, and the plans stay with this connection.
    for table in ["events", "stream_snapshots", "idempotency"] {
        sqlx::query(&format!("VACUUM ANALYZE {table}"))
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    assert_eq!(
        (
            load(&mut connection).await,
            catch_up(&mut connection).await,
            outcomes(&mut connection).await
        ),
        (0, 0, 0)
    );
    sqlx::query(
        "INSERT INTO events SELECT 'tally', 'tly_' || n, s, 'Added', '1.0', '{}', '{}', n % 64, n * 2 + s, gen_random_uuid(),
                now(), now(), 'usr_test', gen_random_uuid(), NULL
         FROM generate_series(1, $1) n CROSS JOIN generate_series(1, 2) s",
    )
    .bind(ROWS)
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO stream_snapshots SELECT 'tally', 'tly_' || n, n % 64, 1, 7, '{}' FROM generate_series(1, $1) n",
    )
    .bind(ROWS)
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO idempotency SELECT n % 64, 'test', 'key_' || n, '', '{}', json_build_array(json_build_array('tally', 'tly_' || n, n % 64, 2)),
                now() FROM generate_series(1, $1) n",
    )
    .bind(ROWS)
    .execute(&pool)
    .await
    .unwrap();

    sqlx::query("BEGIN").execute(&mut *connection).await.unwrap();
    // A snapshot and one event after it, each.
    assert_eq!(i64::try_from(load(&mut connection).await), Ok(2 * ASKED));
    assert_eq!(i64::try_from(catch_up(&mut connection).await), Ok(ASKED));
    assert_eq!(i64::try_from(outcomes(&mut connection).await), Ok(ASKED));
    for table in ["events", "stream_snapshots", "idempotency"] {
        let touched = touched(table, &mut connection).await;
        assert!(touched > 0 && touched <= 8 * ASKED, "{table}: {touched}");
    }
}
