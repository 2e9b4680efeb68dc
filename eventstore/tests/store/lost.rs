//! Commits whose answers get lost on the way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eventstore::{Config, Error, Store, TransactError};
use futures::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::proxy::{Loss, Proxy};
use crate::support::{
    Outcome, Tally, add, add_by, assert_dense, config, eventually, from_the_start, key, open, plan, read_on,
};

const APPENDS: &[&str] = &["append_events"];

/// A store whose way to the database may lose answers.
async fn open_through(pool: &PgPool) -> (Store, Proxy) {
    let server = pool.connect_options();
    let address = tokio::net::lookup_host((server.get_host(), server.get_port()))
        .await
        .unwrap()
        .next();
    let proxy = Proxy::to(address.unwrap()).await.unwrap();
    let through = through(&server, proxy.address());
    let pool = PgPoolOptions::new().max_connections(4).connect_with(through).await;
    let impatient = Config {
        answer_timeout: Duration::from_millis(500),
        ..config()
    };
    let store = Store::open(pool.unwrap(), impatient).await.unwrap();
    (store, proxy)
}

fn through(server: &PgConnectOptions, proxy: SocketAddr) -> PgConnectOptions {
    let options = server.clone().disable_statement_logging();
    options
        .host(&proxy.ip().to_string())
        .port(proxy.port())
        .ssl_mode(PgSslMode::Disable)
}

async fn add_once(store: &Store, name: &str) -> Outcome {
    let plan = plan().write::<Tally>("tly_1").idempotency(key(name, 1));
    add_by(store, plan, "tly_1", 1).await
}

async fn events(pool: &PgPool) -> i64 {
    let events = sqlx::query_scalar("SELECT count(*) FROM events");
    events.fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_was_stored_is_the_answer_with_a_key_and_without(pool: PgPool) {
    let (store, proxy) = open_through(&pool).await;
    let mut total = 0;
    for loss in [Loss::Closed, Loss::Silent] {
        for keyed in [true, false] {
            // The first is decided on memory; the second, after what another process wrote, under lock.
            for contended in [false, true] {
                add(&store, "tly_1", 1).await.unwrap();
                total += 1;
                if contended {
                    add(&open(&pool).await, "tly_1", 1).await.unwrap();
                    total += 1;
                }
                proxy.lose(APPENDS, usize::from(contended), loss);
                let committed = if keyed {
                    add_once(&store, &format!("{loss:?}{contended}")).await
                } else {
                    add(&store, "tly_1", 1).await
                };
                let committed = committed.unwrap_or_else(|error| panic!("{loss:?} {keyed} {contended}: {error:?}"));
                assert!(proxy.lost(), "{loss:?} {keyed} {contended}");
                total += 1;
                assert_eq!(
                    (committed.value, committed.replayed),
                    (total, false),
                    "{loss:?} {keyed} {contended}: its own commit is nobody else's"
                );
                assert_ne!(committed.command_id, Uuid::nil());
                assert_eq!(committed.version_of("tally", "tly_1"), Some(total.unsigned_abs()));
                assert_eq!(
                    committed.positions,
                    [(store.lane_of("tly_1"), total.unsigned_abs())],
                    "the position is where it is stored"
                );
                assert_eq!(events(&pool).await, total, "{loss:?} {keyed} {contended}");
            }
        }
    }
    assert_dense(&read_on(&store.log(), &mut from_the_start(&store), 1_000).await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_answer_to_the_commit_of_a_transaction_may_be_lost_too(pool: PgPool) {
    let (store, proxy) = open_through(&pool).await;
    for keyed in [true, false] {
        add(&store, "tly_1", 1).await.unwrap();
        add(&open(&pool).await, "tly_1", 1).await.unwrap();
        let before = events(&pool).await;
        proxy.lose(&["COMMIT"], 0, Loss::Closed);
        let committed = if keyed {
            add_once(&store, "k").await
        } else {
            add(&store, "tly_1", 1).await
        };
        let committed = committed.unwrap();
        assert!(proxy.lost());
        assert_eq!((committed.value, committed.replayed), (before + 1, false));
        assert_eq!(events(&pool).await, before + 1);
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_statement_that_comes_late_finds_that_it_is_too_late(pool: PgPool) {
    let (store, proxy) = open_through(&pool).await;
    for (keyed, total) in [(true, 2), (false, 4)] {
        add(&store, "tly_1", 1).await.unwrap();
        proxy.lose(APPENDS, 0, Loss::Late);
        let committed = if keyed {
            add_once(&store, "k").await
        } else {
            add(&store, "tly_1", 1).await
        };
        let committed = committed.unwrap();
        assert_eq!((committed.value, committed.replayed), (total, false));
        proxy.deliver().await;
        assert_eq!(events(&pool).await, total, "stored once");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_another_run_stored_under_the_key_is_told_as_such(pool: PgPool) {
    let (store, proxy) = open_through(&pool).await;
    let other = open(&pool).await;
    add(&store, "tly_1", 1).await.unwrap();
    let mut gate = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT FROM lanes FOR UPDATE")
        .execute(&mut gate)
        .await
        .unwrap();
    let first = tokio::spawn(async move { add_once(&other, "k").await });
    waiting(&pool, 1).await;
    // This run's statement never reaches the database in time; when it looks, the other run has stored its own.
    proxy.lose(APPENDS, 0, Loss::Late);
    let second = tokio::spawn({
        let store = store.clone();
        async move { add_once(&store, "k").await }
    });
    waiting(&pool, 2).await;
    sqlx::raw_sql("COMMIT").execute(&mut gate).await.unwrap();
    let (first, second) = (first.await.unwrap().unwrap(), second.await.unwrap().unwrap());
    assert_eq!(
        (first.replayed, second.replayed, second.command_id),
        (false, true, Uuid::nil())
    );
    assert_eq!((first.value, &first.versions), (second.value, &second.versions));
    proxy.deliver().await;
    assert_eq!(events(&pool).await, 2);
}

/// Waits until so many sessions wait for a lock.
async fn waiting(pool: &PgPool, sessions: i64) {
    eventually("sessions wait", || async {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        waiting == sessions
    })
    .await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn many_commands_share_a_lost_answer_and_each_is_done_once(pool: PgPool) {
    let (store, proxy) = open_through(&pool).await;
    let beside = open(&pool).await;
    let done = AtomicU64::new(0);
    for round in 0..8 {
        let loss = if round % 2 == 0 { Loss::Closed } else { Loss::Late };
        proxy.lose(APPENDS, round / 4, loss);
        let adds = (0..40).map(|n| {
            let (store, beside, done) = (&store, &beside, &done);
            async move {
                let id = format!("tly_{}", n % 3);
                let plan = plan().write::<Tally>(&id);
                let outcome = match n % 4 {
                    0 => add(beside, &id, 1).await,
                    1 => add_by(store, plan.idempotency(key(&format!("{round}-{n}"), 1)), &id, 1).await,
                    _ => add(store, &id, 1).await,
                };
                assert!(!outcome.unwrap().replayed);
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
        join_all(adds).await;
        let lost = proxy.lost();
        if loss == Loss::Late && lost {
            proxy.deliver().await;
        }
        let done = i64::try_from(done.load(Ordering::SeqCst)).unwrap();
        assert_eq!(events(&pool).await, done, "round {round}, {loss:?}, lost: {lost}");
    }
    assert_dense(&read_on(&store.log(), &mut from_the_start(&store), 1_000).await);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_cannot_be_found_out_is_said_to_be_unknown(pool: PgPool) {
    let (store, proxy) = open_through(&pool).await;
    let proxy = Arc::new(proxy);
    add(&store, "tly_1", 1).await.unwrap();
    for keyed in [true, false] {
        // Whatever is tried from here on is not answered.
        let losing = Arc::clone(&proxy);
        let losing = tokio::spawn(async move {
            loop {
                losing.lose(&["append_events", "BEGIN", "FROM lanes"], 0, Loss::Closed);
                tokio::task::yield_now().await;
            }
        });
        let outcome = if keyed {
            add_once(&store, "k").await
        } else {
            add(&store, "tly_1", 1).await
        };
        losing.abort();
        let _ = losing.await;
        let _ = proxy.lost();
        assert!(
            matches!(outcome, Err(TransactError::Unavailable(Error::OutcomeUnknown(_)))),
            "{outcome:?}"
        );
    }
    let replayed = add_once(&store, "k").await.unwrap();
    assert_eq!((replayed.value, replayed.replayed), (2, true), "it was stored");
    assert_eq!(
        add(&store, "tly_1", 1).await.unwrap().value,
        4,
        "and so was the other one"
    );
}
