//! Single events from 64 callers: on fresh streams, and all on one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{AggregateError, CqrsFramework};
use eventstore::{Metadata, Plan, Store};
use postgres_es::PostgresEventRepository;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::time::Instant;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::counter::{Counter, CounterEvent, Never};
use crate::effort::{CALLERS, rounds, seconds};
use crate::pgbench;
use crate::report::{self, Report, median};

/// H1: fresh streams.
pub(crate) async fn fresh(cluster: &Cluster, report: &mut Report) -> Result<()> {
    let (mut peer, mut stock, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds() {
        let database = cluster.database(&format!("append_{round}")).await?;
        pgbench::prepare(&database.pool).await?;
        peer.push(pgbench::run(&database.url, pgbench::ONE_INSERT, CALLERS, seconds()).await?);
        stock.push(stock_fresh(&database.url).await?);
        ours.push(store_fresh(&database.pool).await?);
    }
    report::section("Append: 64 callers, one event each, fresh streams");
    report::rate("pgbench, one INSERT a transaction, 64 clients", &peer);
    report::rate("postgres-es, stock repository, 64 callers", &stock);
    report::rate("tillroll, 64 callers", &ours);
    report.ratio("tillroll / pgbench", median(&ours) / median(&peer), Some(4.0));
    report.ratio("tillroll / postgres-es", median(&ours) / median(&stock), Some(10.0));
    Ok(())
}

/// H2: one hot stream.
pub(crate) async fn hot(cluster: &Cluster, report: &mut Report) -> Result<()> {
    let (mut stock, mut ours) = (Vec::new(), Vec::new());
    for round in 0..rounds() {
        let database = cluster.database(&format!("hot_{round}")).await?;
        pgbench::prepare(&database.pool).await?;
        stock.push(stock_hot(&database.url).await?);
        ours.push(store_hot(&database.pool).await?);
    }
    report::section("One hot stream: 64 callers, every command decided on the state it follows");
    report::rate("postgres-es with retries on conflict, 64 callers", &stock);
    report::rate("tillroll, 64 callers", &ours);
    report.ratio("tillroll / postgres-es", median(&ours) / median(&stock), Some(200.0));
    Ok(())
}

/// Runs `work` from all callers until the time is up; the work done per second.
async fn per_second<F, Fut>(work: F) -> Result<f64>
where
    F: Fn(u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u64>> + Send,
{
    let work = Arc::new(work);
    let done = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let end = start + Duration::from_secs(u64::from(seconds()));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (work, done) = (work.clone(), done.clone());
            tokio::spawn(async move {
                while Instant::now() < end {
                    done.fetch_add(work(caller).await?, Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}

fn metadata() -> Metadata {
    Metadata {
        actor: "bench".to_owned(),
        correlation_id: Uuid::nil(),
        causation_id: None,
        request_id: "bench".to_owned(),
    }
}

pub(crate) async fn store_fresh(pool: &PgPool) -> Result<f64> {
    let store = Store::open(pool.clone(), eventstore::Config::new(app::world::ids())).await?;
    let next = Arc::new(AtomicU64::new(0));
    let rate = per_second({
        let store = store.clone();
        move |_| {
            let (store, id) = (store.clone(), format!("bench_{}", next.fetch_add(1, Ordering::Relaxed)));
            async move {
                store
                    .transact(
                        Plan::new(metadata()).create::<Counter>(id.clone()),
                        move |transaction| {
                            transaction.append::<Counter>(&id, vec![CounterEvent::after(0)]);
                            Ok::<_, Never>(())
                        },
                    )
                    .await?;
                Ok(1)
            }
        }
    })
    .await?;
    store.close().await;
    Ok(rate)
}

async fn store_hot(pool: &PgPool) -> Result<f64> {
    let store = Store::open(pool.clone(), eventstore::Config::new(app::world::ids())).await?;
    let rate = per_second({
        let store = store.clone();
        move |_| {
            let store = store.clone();
            async move {
                store
                    .transact(Plan::new(metadata()).write::<Counter>("hot"), |transaction| {
                        let count = transaction.state::<Counter>("hot").count;
                        transaction.append::<Counter>("hot", vec![CounterEvent::after(count)]);
                        Ok::<_, Never>(count)
                    })
                    .await?;
                Ok(1)
            }
        }
    })
    .await?;
    store.close().await;
    // Each event says what state it was decided on: it must be the one right before it.
    let wrong: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM events WHERE aggregate_id = 'hot' AND (payload->'Happened'->>'after')::bigint <> sequence - 1",
    )
    .fetch_one(pool)
    .await?;
    ensure!(
        wrong == 0,
        "{wrong} commands were decided on a state that they do not follow"
    );
    Ok(rate)
}

type Stock = CqrsFramework<Counter, PersistedEventStore<PostgresEventRepository, Counter>>;

async fn stock_framework(url: &str) -> Result<Arc<Stock>> {
    let pool = PgPoolOptions::new().max_connections(CALLERS).connect(url).await?;
    let repository = PostgresEventRepository::new(pool).with_tables("peer.events", "peer.snapshots");
    Ok(Arc::new(CqrsFramework::new(
        PersistedEventStore::new_event_store(repository),
        vec![],
        (),
    )))
}

async fn stock_fresh(url: &str) -> Result<f64> {
    let framework = stock_framework(url).await?;
    let next = Arc::new(AtomicU64::new(0));
    per_second(move |_| {
        let (framework, id) = (
            framework.clone(),
            format!("bench_{}", next.fetch_add(1, Ordering::Relaxed)),
        );
        async move {
            framework.execute(&id, ()).await?;
            Ok(1)
        }
    })
    .await
}

async fn stock_hot(url: &str) -> Result<f64> {
    let framework = stock_framework(url).await?;
    per_second(move |_| {
        let framework = framework.clone();
        async move {
            match framework.execute("hot", ()).await {
                Ok(()) => Ok(1),
                Err(AggregateError::AggregateConflict) => Ok(0),
                Err(error) => Err(error.into()),
            }
        }
    })
    .await
}
