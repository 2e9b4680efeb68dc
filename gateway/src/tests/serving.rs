//! Real connections.

use axum::routing::get;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    Connections,
    endpoint::Endpoint,
    rate::{Quota, Quotas},
    routes::only,
    serve,
};

async fn exchange(stream: &mut TcpStream, head: &str) -> String {
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn requests_under_way_are_finished_and_no_more_are_taken() {
    let (started, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (started, release) = (Arc::clone(&started), Arc::clone(&release));
        async move || {
            started.notify_one();
            release.notified().await;
            "done"
        }
    };
    let world = World::alone();
    let router = only(vec![Endpoint::page().at(Method::GET, "/slow", get(slow))], &world.app);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, router, Connections::default(), stop.clone()));

    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 404");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = tokio::spawn(async move { exchange(&mut stream, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await });
    started.notified().await;
    stop.cancel();
    // The idle connection is closed at once, the busy one is not.
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(!server.is_finished());
    release.notify_one();
    assert!(request.await.unwrap().ends_with("done"));
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn clients_are_known_by_their_address_and_heads_are_bounded() {
    let quota = Quota {
        burst: std::num::NonZeroU32::MIN,
        refill: std::time::Duration::from_hours(1),
    };
    let world = World::with(
        |_| ok(&proto::v1::ListProductsReply::default()),
        |config| {
            config.quotas = Some(Quotas {
                read: quota,
                ..Quotas::default()
            });
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(
        listener,
        world.router.clone(),
        Connections::default(),
        stop.clone(),
    ));
    let head = "GET /v1/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    for expected in ["HTTP/1.1 200", "HTTP/1.1 429"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = exchange(&mut stream, &format!("{head}\r\n")).await;
        assert!(text.starts_with(expected), "{text}");
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    let long = format!("{head}x-long: {}\r\n\r\n", "x".repeat(70_000));
    assert!(exchange(&mut stream, &long).await.starts_with("HTTP/1.1 431"));
    stop.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn beyond_its_connections_the_api_says_so_and_health_is_answered() {
    let world = World::alone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(
        listener,
        world.router.clone(),
        Connections {
            limit: 1,
            ..Connections::default()
        },
        stop.clone(),
    ));
    let mut first = TcpStream::connect(address).await.unwrap();
    let head = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    first.write_all(head.as_bytes()).await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();

    let mut second = TcpStream::connect(address).await.unwrap();
    let text = exchange(&mut second, "GET /v1/products HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    for part in ["retry-after: 1\r\n", "connection: close\r\n", "\"code\":\"overloaded\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    let text = exchange(
        &mut third,
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    drop(first);
    stop.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up_and_what_it_was_sent_let_go() {
    let gone = Arc::new(Notify::new());
    let endless = {
        let gone = Arc::clone(&gone);
        async move || {
            let notify_on_drop = NotifyOnDrop(Arc::clone(&gone));
            let chunks = futures::stream::repeat_with(move || {
                let _held = &notify_on_drop;
                Ok::<_, Infallible>(Bytes::from(vec![b'x'; 64 * 1024]))
            });
            Body::from_stream(chunks)
        }
    };
    let world = World::alone();
    let router = only(
        vec![Endpoint::page().at(Method::GET, "/endless", get(endless))],
        &world.app,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let limits = Connections {
        reading: std::time::Duration::from_secs(1),
        ..Connections::default()
    };
    let server = tokio::spawn(serve(listener, router, limits, stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    gone.notified().await;
    stop.cancel();
    server.await.unwrap().unwrap();
}

/// Notifies when it is dropped.
struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
