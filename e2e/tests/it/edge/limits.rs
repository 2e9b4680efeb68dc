//! Rate limits.

use e2e::{Answer, Client, System};
use serde_json::json;

fn number(answer: &Answer, name: &str) -> u64 {
    answer
        .header(name)
        .unwrap_or_else(|| panic!("{name} is missing: {answer:?}"))
        .parse()
        .unwrap()
}

/// Sends cheap requests until one is refused; returns how many were not, and the refusal.
async fn exhaust(mut send: impl AsyncFnMut() -> Answer) -> (u64, Answer) {
    for count in 0..5_000 {
        let answer = send().await;
        if answer.status() == 429 {
            return (count, answer.refused(429, "rate_limited"));
        }
        assert!(
            number(&answer, "ratelimit-remaining") < number(&answer, "ratelimit-limit"),
            "{answer:?}"
        );
        assert!(number(&answer, "ratelimit-reset") > 0);
    }
    panic!("nothing was ever refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_too_often_has_to_wait() {
    let system = System::options().with("rate-limit", "on").start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let public = system.anonymous();
    // Answered before a password is hashed, and counted all the same.
    let (count, refused) = exhaust(async || public.post("/v1/auth/login").json(json!({})).await).await;
    let limit = number(&refused, "ratelimit-limit");
    assert!(
        count + 2 >= limit,
        "{count} of {limit} were let through, and two logins before"
    );
    assert_eq!(number(&refused, "ratelimit-remaining"), 0);
    assert!(number(&refused, "retry-after") >= 1);
    let with_token = ann.post("/v1/auth/login").json(json!({})).await;
    assert_eq!(with_token.status(), 429, "a token buys no more guesses");

    let nobody = "/v1/products/prod_0198c0de-0000-7000-8000-000000000001";
    let write = |who: &Client| who.delete(nobody);
    let (_, refused) = exhaust(async || write(&ann).await).await;
    assert!(number(&refused, "retry-after") >= 1);
    let others = write(&admin).await;
    assert_eq!(
        others.status(),
        404,
        "another user has a quota of their own: {others:?}"
    );
    let read = ann.get("/v1/me").await;
    assert_eq!(read.status(), 200, "reading has a quota of its own: {read:?}");
    let anonymous = public.get("/v1/products?limit=0").await;
    assert_eq!(
        anonymous.status(),
        400,
        "so has somebody who is not known: {anonymous:?}"
    );
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"] {
        let answer = public.get(path).await.ok(200);
        assert_eq!(answer.header("ratelimit-limit"), None, "{path} is not limited");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_limits_nobody_is_counted() {
    let system = System::start().await;
    let public = system.anonymous();
    for _ in 0..60 {
        let answer = public.post("/v1/auth/login").json(json!({})).await.ok(422);
        assert_eq!(answer.header("ratelimit-limit"), None);
    }
}
