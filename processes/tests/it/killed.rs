//! Workers that are killed, at every point at which one can be.

use std::pin::Pin;
use std::task::{Context, Poll};

use processes::Engine;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use crate::support::{Parcels, Post, complete, engine, eventually, ledger, note, open, quick, started, under_way};

/// A future that is dropped, with all that it was at, when it would be polled for the n-th time.
struct Killed<F> {
    worker: Option<Pin<Box<F>>>,
    polls_left: usize,
}

impl<F: Future<Output = ()>> Future for Killed<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polls_left == 0 {
            self.worker = None;
            return Poll::Ready(());
        }
        self.polls_left -= 1;
        match &mut self.worker {
            Some(worker) => worker.as_mut().poll(context),
            None => Poll::Ready(()),
        }
    }
}

/// Runs a worker with connections of its own, and kills it at its n-th poll: between any two things that it waits for.
async fn killed(worker: impl Fn(&PgPool) -> Engine, options: &PgPool, polls_left: usize) {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_lazy_with((*options.connect_options()).clone());
    let engine = worker(&pool);
    let worker = Some(Box::pin(async move { engine.run(CancellationToken::new()).await }));
    Killed { worker, polls_left }.await;
}

/// The leases of those that were killed run out.
async fn time_passes(pool: &PgPool) {
    for table in ["process", "process_effect"] {
        let statement = format!("UPDATE {table} SET lease_until = clock_timestamp() - interval '1 second'");
        sqlx::query(&statement).execute(pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn of_workers_that_are_killed_at_every_step_each_effect_is_there_once(pool: PgPool) {
    let store = open(&pool).await;
    started(&pool, &store).await;
    let post = Post::new(&store);
    let worker = |pool: &PgPool| engine(pool, &store, quick()).process(Parcels).effect(post.clone());
    let (mut polls, mut orders) = (1, 0);
    loop {
        note(&store, format!("order-{orders}"), None).await;
        orders += 1;
        let first = async {
            killed(worker, &pool, polls).await;
            // The other one takes over while it is at work.
            time_passes(&pool).await;
        };
        let both = async { tokio::join!(first, killed(worker, &pool, polls)) };
        let finished = tokio::select! {
            () = eventually(|| async { under_way(&pool).await == 0 && ledger(&pool).await == complete(orders) }) => true,
            _ = both => false,
        };
        time_passes(&pool).await;
        if finished {
            // Whoever lives so long sees everything to its end: every point before was one at which both were killed.
            break;
        }
        polls += 1 + polls / 32;
    }
    assert!(orders > 30, "nobody was killed half-way");
    assert_eq!(ledger(&pool).await, complete(orders));
    let fence: i64 = sqlx::query_scalar("SELECT fence FROM process")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(fence > 10, "nobody took over");
    let tried: i64 = sqlx::query_scalar("SELECT max(attempts)::bigint FROM process_effect")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(tried > 2, "no delivery broke off");
}
