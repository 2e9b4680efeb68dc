//! Processes and databases that die under load.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventstore::{Config, Error, Store, TransactError};
use futures::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};

use crate::cluster::Cluster;
use crate::support::{
    Outcome, Tally, add, add_by, assert_dense, config, eventually, from_the_start, key, noted, open, plan, read_on,
};

const WRITERS: usize = 16;

/// The process that is killed: told a database on its standard input, it writes there for ever and says what was acknowledged.
#[test]
#[ignore = "started by the test below"]
fn writer_process() {
    let mut url = String::new();
    std::io::stdin().read_line(&mut url).unwrap();
    let Ok(options) = url.trim().parse::<PgConnectOptions>() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = open(&PgPool::connect_with(options).await.unwrap()).await;
        let write = |writer: usize| {
            let store = &store;
            async move {
                for n in 0_u64.. {
                    let id = format!("tly_{}", writer % 4);
                    let note = format!("{writer}-{n}");
                    crate::support::append(store, &id, vec![noted(&note)]).await.unwrap();
                    println!("acknowledged {note}");
                }
            }
        };
        join_all((0..WRITERS).map(write)).await;
    });
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_a_killed_process_acknowledged_is_there_once(pool: PgPool) {
    let url = pool.connect_options().to_url_lossy().to_string();
    let acknowledged = tokio::task::spawn_blocking(move || write_and_kill(&url, 300))
        .await
        .unwrap();
    assert!(acknowledged.len() >= 300);

    let store = open(&pool).await;
    let mut cursor = from_the_start(&store);
    let events = read_on(&store.log(), &mut cursor, 1_000).await;
    assert_dense(&events);
    let mut notes: Vec<String> = events.iter().map(|event| event.decode().unwrap()).map(note).collect();
    notes.sort_unstable();
    let stored = notes.len();
    notes.dedup();
    assert_eq!(notes.len(), stored, "an event is there twice");
    for note in acknowledged {
        assert!(
            notes.binary_search(&note).is_ok(),
            "{note} was acknowledged and is lost"
        );
    }
    // And on it goes.
    add(&store, "tly_0", 1).await.unwrap();
    assert_eq!(read_on(&store.log(), &mut cursor, 10).await.len(), 1);
}

fn note(event: crate::support::TallyEvent) -> String {
    let crate::support::TallyEvent::Added { note, .. } = event;
    note.unwrap()
}

/// Runs the writer until it has acknowledged `enough` and kills it at once.
fn write_and_kill(url: &str, enough: usize) -> Vec<String> {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::writer_process", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(writer.stdin.take().unwrap(), "{url}").unwrap();
    let mut acknowledged = Vec::new();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        // The harness may have begun the first line.
        acknowledged.extend(line.split_once("acknowledged ").map(|(_, note)| note.to_owned()));
        if acknowledged.len() == enough {
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    acknowledged
}

/// What the writers of the test below know about their commands.
#[derive(Default)]
struct Tallied {
    done: u64,
    unknown: u64,
}

#[tokio::test]
async fn the_service_recovers_by_itself_when_postgresql_restarts_under_load() {
    let cluster = Cluster::start().await;
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect(&cluster.url())
        .await
        .unwrap();
    migrations::MIGRATOR.run(&pool).await.unwrap();
    let impatient = Config {
        connect_timeout: Duration::from_secs(2),
        ..config()
    };
    let store = Store::open(pool.clone(), impatient).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(keep_adding(store.clone(), writer, Arc::clone(&stop))))
        .collect();
    for _ in 0..2 {
        advances(&pool).await;
        cluster.stop_immediately().await;
        cluster.start_again().await;
        advances(&pool).await;
    }
    stop.store(true, Ordering::Relaxed);

    for (writer, tallied) in join_all(writers).await.into_iter().enumerate() {
        let Tallied { done, unknown } = tallied.unwrap();
        let version = store.load::<Tally>(&id(writer)).await.unwrap().version;
        // A key makes it exact; without, only what was answered is certain.
        let certain = if writer % 2 == 0 {
            done..=done
        } else {
            done..=done + unknown
        };
        assert!(
            certain.contains(&version),
            "writer {writer} has {version} events, not {certain:?}"
        );
    }
    let events = read_on(&store.log(), &mut from_the_start(&store), 1_000).await;
    assert_dense(&events);
}

fn id(writer: usize) -> String {
    format!("tly_{writer}")
}

/// Adds one after another, each until it is known to have been carried out. Every second writer has no keys and goes on when the outcome
/// is unknown.
async fn keep_adding(store: Store, writer: usize, stop: Arc<AtomicBool>) -> Tallied {
    let mut tallied = Tallied::default();
    let keyed = writer.is_multiple_of(2);
    for n in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        loop {
            let plan = plan().write::<Tally>(id(writer));
            let plan = if keyed {
                plan.idempotency(key(&format!("{writer}-{n}"), 1))
            } else {
                plan
            };
            let outcome: Outcome = add_by(&store, plan, &id(writer), 1).await;
            match outcome {
                Ok(_) => {
                    tallied.done += 1;
                    break;
                }
                Err(TransactError::Unavailable(Error::OutcomeUnknown(_))) if !keyed => {
                    tallied.unknown += 1;
                    break;
                }
                Err(TransactError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    tallied
}

/// Waits until the log has grown.
async fn advances(pool: &PgPool) {
    let count = || async {
        let heads: Result<i64, _> = sqlx::query_scalar("SELECT sum(head)::bigint FROM lanes")
            .fetch_one(pool)
            .await;
        heads.unwrap_or_default()
    };
    let before = count().await;
    eventually("commands go through", || async { count().await > before + 50 }).await;
}

#[tokio::test]
async fn what_a_restored_database_does_not_have_is_not_decided_on() {
    let cluster = Cluster::start().await;
    let server: PgConnectOptions = cluster.url().parse().unwrap();
    let maintenance = PgPool::connect_with(server.clone()).await.unwrap();
    let run = async |statement: &'static str| sqlx::query(statement).execute(&maintenance).await.is_ok();
    // Neither copying nor renaming works while somebody is connected.
    let alone = async |statement: &'static str| {
        eventually(statement, || async {
            run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'").await
                && run(statement).await
        })
        .await;
    };
    assert!(run("CREATE DATABASE shop").await);
    let shop = || PgPoolOptions::new().connect_lazy_with(server.clone().database("shop"));
    let pool = shop();
    migrations::MIGRATOR.run(&pool).await.unwrap();
    let store = open(&pool).await;
    add(&store, "tly_0", 5).await.unwrap();
    alone("CREATE DATABASE backup TEMPLATE shop").await;
    add(&store, "tly_0", 100).await.unwrap();
    let rests_since = tokio::time::Instant::now();

    alone("ALTER DATABASE shop RENAME TO lost").await;
    alone("ALTER DATABASE backup RENAME TO shop").await;
    // Another process gives the stream another second event.
    let other = open(&shop()).await;
    add(&other, "tly_0", -5).await.unwrap();
    // Only then is the connection asked whether it lives, instead of breaking under a commit.
    eventually("the connection has rested", || async {
        rests_since.elapsed() > Duration::from_secs(1)
    })
    .await;
    let outcome = add(&store, "tly_0", -50).await;
    assert!(matches!(outcome, Err(TransactError::Rejected(_))), "{outcome:?}");
    assert_eq!(store.load::<Tally>("tly_0").await.unwrap().aggregate.total, 0);

    // And the process can know that it has seen another log.
    let seen = store.continuity();
    let mut connection = shop().acquire().await.unwrap();
    let Err(Error::MissingEvent(lost)) = seen.check(&mut connection).await else {
        panic!("the second event is another one");
    };
    assert_eq!(lost.position, 2);
    assert_eq!(seen.broken().await, lost);
    assert!(matches!(
        store.log().read(&from_the_start(&store), 10).await,
        Err(Error::MissingEvent(_))
    ));
    assert!(other.continuity().check(&mut connection).await.is_ok());
}
