//! The HTTP side of a process: the gateway, or for a process without one the few addresses that operators and
//! orchestrators ask.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use proto::transport::Transport;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::standing::Standing;
use crate::config::Config;
use crate::signing_key;
use crate::world::World;

/// Samples are moved into their histograms this often; between, they take memory one by one.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The gateway, serving until `stop`.
pub(super) fn gateway(
    config: &Config,
    world: &World,
    listener: TcpListener,
    operations: Option<TcpListener>,
    command: Transport,
    query: Transport,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + Send + use<>> {
    let key = signing_key::load(config)?;
    let defaults = gateway::Config::new(command, query, key, world.clock.clone(), world.ids.clone());
    let (mut capacity, mut connections) = (config.capacity.requests, config.capacity.connections);
    if config.http.trusted_proxies > 0 {
        // The connections are those of the proxies; their clients are told apart by request.
        let most = connections.per_address.take();
        capacity = capacity.map(|capacity| gateway::Capacity {
            per_address: most,
            ..capacity
        });
    }
    let gateway = gateway::Config {
        quotas: defaults.quotas.filter(|_| config.http.rate_limit),
        capacity,
        past_queries: config.http.past_queries,
        trusted_proxies: config.http.trusted_proxies,
        public_base_url: config.http.public_url.clone(),
        metrics: recorder(),
        cache_bytes: config.cache.bytes,
        redis_url: config.cache.redis.as_ref().map(|url| url.expose().to_owned()),
        ..defaults
    }
    .build()
    .context("the gateway cannot be built")?;
    Ok(async move {
        let operations = async {
            if let Some(listener) = operations {
                serve(
                    listener,
                    gateway.operations,
                    gateway::Connections::default(),
                    stop.clone(),
                )
                .await;
            }
        };
        let requests = serve(listener, gateway.router, connections, stop.clone());
        tokio::join!(requests, operations, gateway.background.run(stop.clone()));
    })
}

/// `/healthz`, `/readyz` and `/metrics` of a process without the gateway.
pub(super) fn operations(
    listener: TcpListener,
    standing: watch::Receiver<Standing>,
    writes: bool,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + use<> {
    let ready = async move || {
        let words = standing.borrow().words(writes);
        match (words.reason, words.notice) {
            (Some(reason), _) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
            (None, Some(notice)) => (StatusCode::OK, format!("ready; {notice}\n")),
            (None, None) => (StatusCode::OK, "ready\n".to_owned()),
        }
    };
    let metrics = async || {
        recorder()
            .map(|recorder| recorder.render())
            .ok_or(StatusCode::NOT_FOUND)
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "a process without a gateway has these three alone"
    )]
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics));
    serve(listener, router, gateway::Connections::default(), stop)
}

async fn serve(listener: TcpListener, router: Router, limits: gateway::Connections, stop: CancellationToken) {
    if let Err(error) = gateway::serve(listener, router, limits, stop).await {
        tracing::error!("the HTTP server ended: {error}");
    }
}

/// Begins to collect the process's metrics, if nobody has yet.
pub(super) fn collect_metrics() {
    let _ = recorder();
}

/// The process's metrics. There can be one recorder in a process, however many systems it runs; `None` when another
/// one was there before.
fn recorder() -> Option<PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| match install() {
            Ok(handle) => Some(handle),
            Err(error) => {
                tracing::warn!("no metrics are collected: {error}");
                None
            }
        })
        .clone()
}

fn install() -> Result<PrometheusHandle, metrics_exporter_prometheus::BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(
            Matcher::Suffix("_seconds".to_owned()),
            &gateway::REQUEST_DURATION_BUCKETS,
        )?
        .install_recorder()
}

/// Keeps the recorder's memory bounded, until `stop`.
pub(super) async fn upkeep(stop: CancellationToken) {
    let Some(recorder) = recorder() else { return };
    let mut ticks = interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => recorder.run_upkeep(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    /// What no request to the API makes happen: imports, time limits, operators at the command line.
    const OTHERS: [&str; 6] = [
        "CreditIssued",
        "EmailReleased",
        "OrderAbandoned",
        "OrderCredited",
        "OrderImported",
        "StockCommitted",
    ];

    /// The golden samples have one file at least of every type of event.
    fn event_types() -> BTreeSet<String> {
        let domain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src");
        let aggregates = fs::read_dir(domain)
            .unwrap()
            .map(|entry| entry.unwrap().path().join("golden"));
        let samples = aggregates.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        samples
            .map(|sample| sample.unwrap().file_name().into_string().unwrap())
            .map(|name| name.split('.').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_event_is_caused_by_an_endpoint_or_from_elsewhere() {
        let caused = gateway::causes().into_iter().flat_map(|(_, events)| events);
        let expected: BTreeSet<_> = caused.chain(&OTHERS).map(|event| (*event).to_owned()).collect();
        assert_eq!(expected, event_types());
    }
}
