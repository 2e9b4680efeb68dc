//! Connections.
//!
//! Each has a [`Line`], which knows what it waits for and since when. One sweep a second ends those that have waited for too long: for
//! the head of a request, for the next request, or for the client to read ([`pace`]). Answers over HTTP/2 are watched one by one as well
//! ([`streams`]), because one connection carries many.

mod line;
mod pace;
mod sent;
mod streams;
mod wire;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use metrics::{Gauge, counter, gauge};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::{addresses::Addresses, client::Client};
use line::{Line, Lines};
use sent::Sent;
use streams::Streams;
use wire::Wire;

/// How long requests may go on after the stop was asked for.
const DRAIN: Duration = Duration::from_secs(15);
/// Longest head of a request, in bytes; longer ones are refused before the router sees them (431).
const MAX_HEAD: usize = 64 * 1024;
/// Requests of one HTTP/2 connection at once.
const MAX_STREAMS: u32 = 128;
/// What a client may send over HTTP/2 before it is read, in bytes: of one request, and on one connection.
const WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 2 * WINDOW;
/// What is on its way to a client at most, in bytes: else the system would buffer megabytes for each that reads slowly.
const SEND_BUFFER: usize = 256 * 1024;
/// Pause when the process has run out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);
/// How often connections are looked at.
const SWEEP: Duration = Duration::from_secs(1);

/// Connections beyond the limit that are still served, for the sake of health checks and metrics.
const RESERVE: usize = 64;
/// The same of one address.
const RESERVE_OF_ADDRESS: usize = 8;

/// Marks the requests of a connection beyond the limit: those to the API are refused, and the connection is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowded;

/// A connection in the metrics, which count those of all ports.
struct Open(Gauge);

impl Open {
    fn new(open: &Gauge) -> Self {
        open.increment(1.0);
        Self(open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// How many connections there may be, and what is waited for on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Connections at once.
    pub limit: usize,
    /// Connections of one address at once (of IPv6, of one /64); none: as many as there may be. For gateways behind proxies.
    pub per_address: Option<usize>,
    /// How long a client may take to send the head of a request; a fifth of it while three quarters of the connections are taken.
    pub head: Duration,
    /// How long a connection may be idle between requests; a fifth of it while three quarters of the connections are taken.
    pub idle: Duration,
    /// How long a client may read nothing of an answer.
    pub reading: Duration,
    /// How many bytes a second it has to read on average, while it is waited for; it may be behind by what is due in `reading`. 0: as few
    /// as it likes.
    pub rate: u32,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            limit: 4096,
            per_address: Some(1024),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            reading: Duration::from_secs(30),
            rate: 8 * 1024,
        }
    }
}

impl Connections {
    /// The same with less patience, when there are hardly any connections left.
    fn under(self, open: usize) -> Self {
        if open < self.limit - self.limit / 4 {
            return self;
        }
        Self {
            head: self.head / 5,
            idle: self.idle / 5,
            ..self
        }
    }
}

/// Serves `router` on `listener`, HTTP/1.1 and HTTP/2, until `stop` is cancelled. Then takes no more connections, lets the
/// requests under way finish, at most for 15 seconds, and returns. Connections beyond the limits are answered with 503 and closed; far
/// beyond them, they are closed without an answer.
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
    // Those that it accepts take it over.
    if let Err(error) = SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER) {
        tracing::debug!(%error, "the size of send buffers could not be set");
    }
    let builder = builder(&limits);
    let graceful = GracefulShutdown::new();
    let addresses = Addresses::new(limits.per_address.unwrap_or(usize::MAX));
    let mut connections = JoinSet::new();
    let mut lines = Lines::default();
    let mut sweeps = interval(SWEEP);
    sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = gauge!("http_connections");
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = sweeps.tick() => {
                lines.sweep(&limits.under(connections.len()), Instant::now());
                continue;
            }
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (others, present) = addresses.enter(Client::of_address(peer.ip()));
                let place = |taken: usize, limit: usize, reserve: usize| {
                    (taken >= limit, taken >= limit.saturating_add(reserve))
                };
                let (crowded, full) = place(connections.len(), limits.limit, RESERVE);
                let (crowded_there, full_there) = place(others, addresses.most(), RESERVE_OF_ADDRESS);
                if full || full_there {
                    let reason = if full { "closed" } else { "closed_address" };
                    counter!("http_shed_total", "class" => "connection", "reason" => reason).increment(1);
                    continue;
                }
                let crowded = (crowded || crowded_there).then_some(Crowded);
                let line = Arc::new(Line::new(crowded.is_some(), &limits));
                let service = service(router.clone(), peer, crowded, Arc::clone(&line));
                let wire = TokioIo::new(Wire::new(ready(stream), Arc::clone(&line)));
                let connection = builder.serve_connection(wire, service).into_owned();
                let connection = graceful.watch(connection);
                let counted = (present, Open::new(&open));
                let task = connections.spawn(async move {
                    let _counted = counted;
                    if let Err(error) = connection.await {
                        // The client's business: it went away or did not speak HTTP.
                        tracing::debug!(%peer, error, "a connection ended early");
                    }
                });
                lines.add(line, task);
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

fn builder(limits: &Connections) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams::new(*limits));
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(limits.idle))
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(32 * 1024);
    builder
}

/// Answers are small: waiting for more to send would only delay them.
fn ready(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    stream
}

fn service(
    router: Router,
    peer: SocketAddr,
    crowded: Option<Crowded>,
    line: Arc<Line>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Sent>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Sent>, Infallible>> + Send,
> + Clone {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let under_way = line.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some(crowded) = crowded {
            request.extensions_mut().insert(crowded);
        }
        let answer = router.clone().call(request);
        async move { Ok(answer.await?.map(|body| Sent::new(body, under_way))) }
    })
}

fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
