//! Answers that nobody takes.

use axum::response::Response;
use http::Version;
use proto::v1;

use super::*;
use crate::Capacity;

const SHARE: usize = 512 * 1024;

fn world() -> World {
    let products = (0..200)
        .map(|_| v1::Product {
            id: PRODUCT.to_owned(),
            description: "a mug ".repeat(150),
            ..v1::Product::default()
        })
        .collect();
    let reply = v1::ListProductsReply {
        products,
        ..v1::ListProductsReply::default()
    };
    let change = |config: &mut Config| {
        config.capacity = Some(Capacity {
            unread: 2 * SHARE,
            ..Capacity::default()
        });
    };
    World::with(move |_| ok(&reply), change)
}

async fn answered(world: &World, method: &str, version: Version, token: &str, coding: &str) -> Response {
    let request = Request::builder()
        .method(method)
        .uri("/v1/products?limit=200")
        .version(version)
        .header("host", "localhost")
        .header("authorization", token)
        .header("accept-encoding", coding)
        .body(Body::empty())
        .unwrap();
    world.router.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn they_are_bounded_in_bytes_for_each_client_compressed_or_not() {
    let world = world();
    let (greedy, other) = (world.admin(), world.customer());
    for (version, coding) in [
        (Version::HTTP_2, "identity"),
        (Version::HTTP_2, "gzip"),
        (Version::HTTP_11, "gzip"),
    ] {
        let mut held = Vec::new();
        let refused = loop {
            let response = answered(&world, "GET", version, &greedy, coding).await;
            if response.status() != 200 {
                break response;
            }
            held.push(response.into_body());
            assert!(held.len() < 10, "{coding}");
        };
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
        let mine = answered(&world, "GET", version, &other, coding).await;
        assert_eq!(mine.status(), 200, "another client is not concerned");
        drop(mine);
        // Once one has been taken there is room for another.
        let taken = held.pop().unwrap().collect().await.unwrap();
        drop(taken);
        let again = answered(&world, "GET", version, &greedy, coding).await;
        assert_eq!(again.status(), 200, "{coding}");
    }
}

#[tokio::test]
async fn what_holds_no_memory_is_never_refused() {
    let world = world();
    let token = world.admin();
    let mut held = Vec::new();
    while let response = answered(&world, "GET", Version::HTTP_2, &token, "identity").await
        && response.status() == 200
    {
        held.push(response);
    }
    let problem = answered(&world, "PUT", Version::HTTP_2, &token, "identity").await;
    assert_eq!(problem.status(), 405, "refusals are told");
    let health = world.get("/healthz", &[]).await;
    assert_eq!(health.status, 200);
}
