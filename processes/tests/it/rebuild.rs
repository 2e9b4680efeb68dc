//! Processes that are folded from the start.

use chrono::{DateTime, Utc};
use eventstore::Recorded;
use processes::{Done, Out, Process};
use sqlx::PgPool;

use crate::support::{
    Parcel, Parcels, Post, complete, engine, ledger, note, now, open, quick, started, under_way, until,
};

/// The same, by newer code.
struct Newer;

impl Process for Newer {
    const NAME: &'static str = Parcels::NAME;
    const VERSION: i32 = 2;
    const EVENTS: &'static [&'static str] = Parcels::EVENTS;
    type State = Parcel;
    type Fact = ();

    fn facts(&self, event: &Recorded) -> Vec<(String, ())> {
        Parcels.facts(event)
    }

    fn event(&self, parcel: &mut Parcel, (): (), event: &Recorded, out: &mut Out<'_>) {
        Parcels.event(parcel, (), event, out);
    }

    fn timer(&self, parcel: &mut Parcel, name: &str, now: DateTime<Utc>, out: &mut Out<'_>) {
        Parcels.timer(parcel, name, now, out);
    }

    fn outcome(&self, parcel: &mut Parcel, done: &Done, out: &mut Out<'_>) {
        Parcels.outcome(parcel, done, out);
    }
}

async fn version(pool: &PgPool) -> i32 {
    sqlx::query_scalar("SELECT version FROM process")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn nothing_fires_from_a_rebuild(pool: PgPool) {
    let store = open(&pool).await;
    started(&pool, &store).await;
    let post = Post::new(&store);
    let worker = || engine(&pool, &store, quick()).effect(post.clone());
    let done = || async { under_way(&pool).await == 0 };
    for order in 0..3 {
        note(&store, format!("order-{order}"), None).await;
    }
    until(worker().process(Parcels), done).await;
    assert_eq!(ledger(&pool).await, complete(3));
    let effects = || async {
        let effects: Vec<(uuid::Uuid, i32)> = sqlx::query_as("SELECT id, attempts FROM process_effect ORDER BY id")
            .fetch_all(&pool)
            .await
            .unwrap();
        effects
    };
    let before = effects().await;

    assert!(processes::rebuild(Parcels::NAME, now(), &pool).await.unwrap());
    assert!(!processes::rebuild("nobody", now(), &pool).await.unwrap());
    until(worker().process(Parcels), done).await;
    assert_eq!(effects().await, before, "no effect was said or delivered anew");

    // Newer code folds from the start by itself, as silently, and the older one stands aside.
    until(worker().process(Newer), || async {
        version(&pool).await == 2 && under_way(&pool).await == 0
    })
    .await;
    assert_eq!(effects().await, before);
    note(&store, "order-3".to_owned(), None).await;
    until(worker().process(Parcels).process(Newer), done).await;
    assert_eq!((version(&pool).await, ledger(&pool).await), (2, complete(4)));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_new_process_says_nothing_of_what_was_there_before(pool: PgPool) {
    let store = open(&pool).await;
    let post = Post::new(&store);
    post.later.lock().unwrap().insert("remind");
    note(&store, "order-0".to_owned(), None).await;
    let read = || async {
        let read: Option<i64> = sqlx::query_scalar("SELECT sum(position)::bigint FROM process_position")
            .fetch_one(&pool)
            .await
            .unwrap();
        read == Some(1)
    };
    until(engine(&pool, &store, quick()).process(Parcels).effect(post), read).await;
    let said: Vec<String> = sqlx::query_scalar("SELECT step FROM process_effect")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert!(!said.contains(&"send".to_owned()), "{said:?}");
}
