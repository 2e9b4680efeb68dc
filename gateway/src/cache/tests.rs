//! A cache with a feed that the test speaks for.

use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use proto::v1::ChangedKey;
use tokio::sync::Semaphore;

use super::*;

const KEY: &str = "prod_1";

fn content(text: &'static str) -> Content {
    Content {
        body: Bytes::from_static(text.as_bytes()),
        tag: "1".to_owned(),
        audience: Audience::Everybody,
    }
}

/// A service whose answers come one by one, when the test lets them.
struct Service {
    calls: AtomicUsize,
    gate: Semaphore,
}

impl Service {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    fn closed() -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn token(text: &str) -> ReadContext {
    ReadContext {
        consistency_token: text.to_owned(),
        ..ReadContext::default()
    }
}

async fn read(cache: &Cache, service: &Arc<Service>, context: ReadContext, text: &'static str, position: u64) -> Found {
    let service = Arc::clone(service);
    let load = async move |_, _| {
        service.calls.fetch_add(1, Ordering::SeqCst);
        service.gate.acquire().await.unwrap().forget();
        Ok(Loaded {
            content: content(text),
            read_at: Some(ReadAt {
                lane: 1,
                position,
                generation: 1,
            }),
            stale: false,
        })
    };
    cache.read(KEY, context, load).await.unwrap()
}

fn news(restart: bool, positions: &str, keys: &[(&str, u64)]) -> Changes {
    let key = |(id, position): &(&str, u64)| ChangedKey {
        id: (*id).to_owned(),
        lane: 1,
        position: *position,
    };
    Changes {
        restart,
        generation: 1,
        positions: positions.to_owned(),
        keys: keys.iter().map(key).collect(),
        database: "1.1".to_owned(),
    }
}

async fn cache() -> Cache {
    let cache = Cache::new("tests", ChangeTopic::Products, 1 << 20, None);
    cache.take_in(news(true, "1.5", &[])).await;
    cache
}

#[tokio::test]
async fn an_answer_is_kept_until_the_feed_names_its_key() {
    let (cache, service) = (cache().await, Service::new());
    for _ in 0..3 {
        assert_eq!(
            read(&cache, &service, ReadContext::default(), "old", 5).await.content,
            content("old")
        );
    }
    assert_eq!(service.calls(), 1);
    cache.take_in(news(false, "1.6", &[("prod_2", 6)])).await;
    assert_eq!(
        read(&cache, &service, ReadContext::default(), "new", 6).await.content,
        content("old")
    );
    cache.take_in(news(false, "1.7", &[(KEY, 7)])).await;
    assert_eq!(
        read(&cache, &service, ReadContext::default(), "new", 7).await.content,
        content("new")
    );
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn a_token_is_served_from_here_only_if_what_is_kept_shows_it() {
    let (cache, service) = (cache().await, Service::new());
    read(&cache, &service, ReadContext::default(), "old", 5).await;
    read(&cache, &service, token("1.5"), "x", 5).await;
    assert_eq!(service.calls(), 1, "the write is shown");
    assert_eq!(
        read(&cache, &service, token("1.6"), "new", 6).await.content,
        content("new")
    );
    assert_eq!(service.calls(), 2, "the write is later than what is kept");
    assert_eq!(
        read(&cache, &service, ReadContext::default(), "x", 6).await.content,
        content("new")
    );
    read(&cache, &service, token("2.1"), "new", 6).await;
    assert_eq!(
        service.calls(),
        3,
        "another lane, of which the feed has reported nothing"
    );
    cache.take_in(news(false, "1.9-2.1", &[])).await;
    read(&cache, &service, token("1.9-2.1"), "x", 9).await;
    assert_eq!(service.calls(), 3, "whatever changed up to there was something else");
}

#[tokio::test(start_paused = true)]
async fn without_the_feed_nothing_is_served_from_here() {
    let (cache, service) = (cache().await, Service::new());
    read(&cache, &service, ReadContext::default(), "old", 5).await;
    tokio::time::advance(SILENCE + Duration::from_millis(10)).await;
    read(&cache, &service, ReadContext::default(), "old", 5).await;
    assert_eq!(service.calls(), 2, "it has fallen silent");
    cache.take_in(news(false, "1.5", &[])).await;
    read(&cache, &service, ReadContext::default(), "old", 5).await;
    assert_eq!(service.calls(), 2, "it goes on from where it was");
    cache.lost();
    read(&cache, &service, ReadContext::default(), "old", 5).await;
    assert_eq!(service.calls(), 3, "it is lost");
    cache.take_in(news(true, "1.5", &[])).await;
    read(&cache, &service, ReadContext::default(), "new", 5).await;
    assert_eq!(service.calls(), 4, "it began again, and nobody knows what came between");
}

#[tokio::test]
async fn concurrent_reads_are_one_call_which_outlives_who_asked_first() {
    let (cache, service) = (cache().await, Service::closed());
    let ask = || {
        let (cache, service) = (cache.clone(), Arc::clone(&service));
        tokio::spawn(async move { read(&cache, &service, ReadContext::default(), "once", 5).await })
    };
    let first = ask();
    while service.calls() == 0 {
        tokio::task::yield_now().await;
    }
    let others: Vec<_> = (0..50).map(|_| ask()).collect();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    service.gate.add_permits(1);
    for other in others {
        assert_eq!(other.await.unwrap().content, content("once"));
    }
    assert_eq!(service.calls(), 1);
    read(&cache, &service, ReadContext::default(), "x", 5).await;
    assert_eq!(service.calls(), 1, "and it is kept");
}

#[tokio::test]
async fn a_late_answer_is_given_but_not_kept() {
    let (cache, service) = (cache().await, Service::closed());
    let late = {
        let (cache, service) = (cache.clone(), Arc::clone(&service));
        tokio::spawn(async move { read(&cache, &service, ReadContext::default(), "old", 5).await })
    };
    while service.calls() == 0 {
        tokio::task::yield_now().await;
    }
    cache.take_in(news(false, "1.6", &[(KEY, 6)])).await;
    service.gate.add_permits(2);
    assert_eq!(late.await.unwrap().content, content("old"));
    assert_eq!(
        read(&cache, &service, ReadContext::default(), "new", 6).await.content,
        content("new")
    );
}

#[tokio::test]
async fn a_read_that_panics_or_fails_is_not_kept_and_blocks_nobody() {
    let (cache, service) = (cache().await, Service::new());
    let failed = cache
        .read(KEY, ReadContext::default(), async |_, _| Err(Problem::timeout()))
        .await;
    assert_eq!(failed.err().unwrap().status(), 504);
    let load = async |_, _| -> Result<Loaded, Problem> { panic!("a bug") };
    let failed = cache.read(KEY, ReadContext::default(), load).await;
    assert_eq!(failed.err().unwrap().status(), 500);
    read(&cache, &service, ReadContext::default(), "fine", 5).await;
}

#[tokio::test]
async fn a_cache_of_nothing_asks_every_time() {
    let (cache, service) = (Cache::new("tests", ChangeTopic::Products, 0, None), Service::new());
    cache.take_in(news(true, "1.5", &[])).await;
    read(&cache, &service, ReadContext::default(), "a", 5).await;
    read(&cache, &service, ReadContext::default(), "a", 5).await;
    assert_eq!(service.calls(), 2);
}
