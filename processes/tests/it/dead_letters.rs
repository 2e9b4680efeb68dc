//! Effects that cannot be delivered.

use processes::{
    Config, DeadLetter, DeadLetterFilter, dead_letter, dead_letters, drop_dead_letter, dropped_dead_letter,
    retry_dead_letter,
};
use sqlx::PgPool;

use crate::support::{Parcels, Post, complete, engine, ledger, note, open, quick, started, under_way, until};

async fn all(pool: &PgPool) -> Vec<DeadLetter> {
    let which = DeadLetterFilter {
        limit: 10,
        ..DeadLetterFilter::default()
    };
    dead_letters(&which, pool).await.unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_dead_letter_waits_and_is_delivered_when_it_is_retried(pool: PgPool) {
    let store = open(&pool).await;
    started(&pool, &store).await;
    let post = Post::new(&store);
    post.never.lock().unwrap().insert("send");
    post.later.lock().unwrap().insert("remind");
    let config = Config { attempts: 3, ..quick() };
    let worker = || engine(&pool, &store, config).process(Parcels).effect(post.clone());
    note(&store, "order-0".to_owned(), None).await;
    until(worker(), || async { all(&pool).await.len() == 2 }).await;
    let mut letters = all(&pool).await;
    letters.sort_by(|one, other| one.step.cmp(&other.step));
    let told: Vec<_> = letters
        .iter()
        .map(|letter| (&*letter.step, letter.attempts, &*letter.error))
        .collect();
    assert_eq!(
        told,
        [("remind", 3, "the ledger is closed"), ("send", 1, "no such ledger")]
    );
    assert_eq!((&*letters[1].name, &*letters[1].key), ("parcels", "order-0"));
    assert_eq!(ledger(&pool).await.len(), 0);

    post.never.lock().unwrap().clear();
    post.later.lock().unwrap().clear();
    for letter in &letters {
        assert_eq!(dead_letter(letter.id, &pool).await.unwrap().as_ref(), Some(letter));
        assert!(retry_dead_letter(letter.id, &pool).await.unwrap());
        assert!(
            !retry_dead_letter(letter.id, &pool).await.unwrap(),
            "it is no dead letter any more"
        );
    }
    until(worker(), || async { under_way(&pool).await == 0 }).await;
    assert_eq!(ledger(&pool).await, complete(1));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn one_that_is_dropped_is_never_delivered_and_its_process_goes_on(pool: PgPool) {
    let store = open(&pool).await;
    started(&pool, &store).await;
    let post = Post::new(&store);
    post.never.lock().unwrap().insert("send");
    let worker = || engine(&pool, &store, quick()).process(Parcels).effect(post.clone());
    note(&store, "order-0".to_owned(), None).await;
    until(worker(), || async { all(&pool).await.len() == 1 }).await;
    post.never.lock().unwrap().clear();
    let letter = all(&pool).await.remove(0);
    for (actor, reason) in [("usr_1", "lost in the post"), ("usr_2", "again")] {
        drop_dead_letter(letter.id, actor, reason, &pool).await.unwrap();
        let dropped = dropped_dead_letter(letter.id, &pool).await.unwrap().unwrap();
        assert_eq!(
            (&*dropped.dropped_by, &*dropped.error),
            ("usr_1", "lost in the post"),
            "once"
        );
    }
    assert_eq!(dead_letter(letter.id, &pool).await.unwrap(), None);
    until(worker(), || async { under_way(&pool).await == 0 }).await;
    let entries: Vec<String> = ledger(&pool).await.into_keys().collect();
    assert_eq!(entries, ["ledger-order-0-bill", "ledger-order-0-remind"]);
    assert_eq!(dropped_dead_letter(uuid::Uuid::nil(), &pool).await.unwrap(), None);
}
