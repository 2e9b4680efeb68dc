//! Connections.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use metrics::{counter, gauge};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long requests may go on after the stop was asked for.
const DRAIN: Duration = Duration::from_secs(15);
/// How long a client may take to send the head of a request. Also the time that an idle connection is kept.
const HEAD: Duration = Duration::from_secs(75);
/// Longest head of a request, in bytes; longer ones are refused before the router sees them (431).
const MAX_HEAD: usize = 64 * 1024;
/// Pause when the process has run out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections beyond the limit that are still served, for the sake of health checks and metrics.
const RESERVE: usize = 64;

/// Marks the requests of a connection beyond the limit: those to the API are refused, and the connection is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowded;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Connections at once.
    pub limit: usize,
}

impl Default for Connections {
    fn default() -> Self {
        Self { limit: 4096 }
    }
}

/// Serves `router` on `listener`, HTTP/1.1 and HTTP/2, until `stop` is cancelled. Then takes no more connections, lets the
/// requests under way finish, at most for 15 seconds, and returns. Connections beyond the limit are told so (503) and closed; far
/// beyond it, closed without a word.
///
/// # Errors
/// When the listener cannot be used at all.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Connections,
    stop: CancellationToken,
) -> io::Result<()> {
    listener.local_addr()?;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(HEAD))
        .max_header_list_size(32 * 1024);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let open = gauge!("http_connections");
    loop {
        open.set(f64::from(u32::try_from(connections.len()).unwrap_or(u32::MAX)));
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok(_) if connections.len() >= limits.limit.saturating_add(RESERVE) => {
                counter!("http_shed_total", "class" => "connection", "reason" => "closed").increment(1);
            }
            Ok((stream, peer)) => {
                let crowded = (connections.len() >= limits.limit).then_some(Crowded);
                let service = service(router.clone(), peer, crowded);
                let connection = builder.serve_connection(ready(stream), service).into_owned();
                let connection = graceful.watch(connection);
                connections.spawn(async move {
                    if let Err(error) = connection.await {
                        // The client's business: it went away or did not speak HTTP.
                        tracing::debug!(%peer, error, "a connection ended early");
                    }
                });
            }
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests were still under way at the end of the time to finish"
        );
    }
    connections.shutdown().await;
    Ok(())
}

/// Answers are small: waiting for more to send would only delay them.
fn ready(stream: TcpStream) -> TokioIo<TcpStream> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    TokioIo::new(stream)
}

fn service(
    router: Router,
    peer: SocketAddr,
    crowded: Option<Crowded>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future = <Router as Service<Request<Body>>>::Future,
> + Clone {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some(crowded) = crowded {
            request.extensions_mut().insert(crowded);
        }
        router.clone().call(request)
    })
}

fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
