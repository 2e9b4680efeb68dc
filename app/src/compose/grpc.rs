//! The gRPC side: which services a process offers, to itself and on its port, and whether they are well.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use proto::guard::Guard;
use proto::transport::Transport;
use query::{
    AuditService, FeedService, HistoryService, OrderService, ProductService, SealService, SearchService, StockService,
    UserService,
};
use reports::ReportService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health as HealthChecks, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};
use tower::Layer as _;

use super::queries::Queries;
use super::standing::Standing;
use crate::internal::Internal;
use crate::operations::Operations;

/// A service, and whether it writes.
#[derive(Clone, Copy)]
struct Offered {
    name: &'static str,
    writes: bool,
}

/// A set of services behind one router, with their health.
pub(super) struct Services {
    builder: RoutesBuilder,
    offered: Vec<Offered>,
    standing: watch::Receiver<Standing>,
}

impl Services {
    /// None yet, of a process that stands so.
    pub(super) fn new(standing: watch::Receiver<Standing>) -> Services {
        Services {
            builder: RoutesBuilder::default(),
            offered: Vec::new(),
            standing,
        }
    }

    pub(super) fn command(mut self, command: &command::Command) -> Services {
        self.add(true, command.product_server());
        self.add(true, command.stock_server());
        self.add(true, command.order_server());
        self.add(true, command.user_server());
        self.add(true, command.search_server());
        self
    }

    pub(super) fn operations(mut self, operations: &Operations) -> Services {
        self.add(true, operations.server());
        self.add(true, operations.process_server());
        self
    }

    pub(super) fn queries(mut self, queries: &Queries) -> Services {
        let (reads, history) = (|| queries.reads.clone(), || Arc::clone(&queries.history));
        self.add(false, ProductService::server(reads()));
        self.add(false, StockService::server(reads()));
        self.add(false, OrderService::server(reads()));
        self.add(false, ReportService::server(reads()));
        self.add(false, queries.exports.server());
        self.add(false, AuditService::server(reads(), Some(history())));
        self.add(false, SealService::server(reads()));
        self.add(false, UserService::server(reads()));
        self.add(false, FeedService::server(queries.feed.clone(), queries.stop.clone()));
        self.add(false, HistoryService::server(reads(), history()));
        self.add(false, SearchService::server(reads(), queries.search.clone()));
        self
    }

    fn add<S>(&mut self, writes: bool, service: S)
    where
        S: tower::Service<http::Request<tonic::body::Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.offered.push(Offered { name: S::NAME, writes });
        self.builder.add_service(service);
    }

    /// The router, and what keeps its health true.
    fn finish(mut self) -> (Routes, Health) {
        let reporter = HealthReporter::new();
        self.builder.add_service(HealthServer::new(Explained {
            plain: HealthService::from_health_reporter(reporter.clone()),
            standing: self.standing,
            services: self.offered.clone(),
        }));
        (
            self.builder.routes().prepare(),
            Health {
                reporter,
                services: self.offered,
            },
        )
    }

    /// A channel to the services inside the process.
    pub(super) fn in_process(self) -> (Transport, Health) {
        let (routes, health) = self.finish();
        (Transport::in_process(Guard::inside().layer(routes)), health)
    }

    /// A server for other processes that prove who calls, with reflection for tools such as grpcurl; runs until `stop` and then drains.
    pub(super) fn on(
        mut self,
        listener: TcpListener,
        internal: &Internal,
        stop: CancellationToken,
    ) -> anyhow::Result<(
        impl Future<Output = Result<(), tonic::transport::Error>> + Send + use<>,
        Health,
    )> {
        let described = || {
            let described = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .with_service_name(tonic_health::pb::health_server::SERVICE_NAME);
            // Those that are described and served elsewhere are not to be found here.
            self.offered.iter().fold(described, |described, service| {
                described.with_service_name(service.name)
            })
        };
        // The older version too: Python's client and others know no other.
        let (current, older) = (described().build_v1()?, described().build_v1alpha()?);
        self.builder.add_service(current).add_service(older);
        let (routes, health) = self.finish();
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let mut server = Server::builder();
        if let Some(tls) = &internal.tls {
            server = server
                .tls_config(tls.server())
                .context("the files of TLS cannot be used")?;
        }
        let server = server
            .http2_keepalive_interval(Some(Duration::from_secs(20)))
            .layer(Guard::between(internal.keys.clone(), internal.tls.is_some()))
            .add_routes(routes);
        Ok((
            server.serve_with_incoming_shutdown(incoming, async move { stop.cancelled().await }),
            health,
        ))
    }
}

/// The read services behind one router.
#[must_use]
pub fn query_routes(queries: &Queries) -> Routes {
    let (_, standing) = watch::channel(Standing::default());
    Services::new(standing).queries(queries).builder.routes().prepare()
}

/// The health of a set of services, as `grpc.health.v1.Health` tells it.
pub(super) struct Health {
    reporter: HealthReporter,
    services: Vec<Offered>,
}

impl Health {
    /// Keeps telling how the process stands; after `stop` that nothing is served any more.
    pub(super) async fn follow(self, mut standing: watch::Receiver<Standing>, stop: CancellationToken) {
        loop {
            let now = standing.borrow_and_update().clone();
            let mut any_writes = false;
            for service in &self.services {
                any_writes |= service.writes;
                self.tell(service.name, now.words(service.writes).reason.is_none())
                    .await;
            }
            self.tell("", now.words(any_writes).reason.is_none()).await;
            tokio::select! {
                () = stop.cancelled() => break,
                changed = standing.changed() => if changed.is_err() { stop.cancelled().await; break },
            }
        }
        for name in self.services.iter().map(|service| service.name).chain([""]) {
            self.tell(name, false).await;
        }
    }

    async fn tell(&self, name: &str, serves: bool) {
        let status = if serves {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        self.reporter.set_service_status(name, status).await;
    }
}

/// The standard service, whose answers say why as well.
struct Explained {
    plain: HealthService,
    standing: watch::Receiver<Standing>,
    services: Vec<Offered>,
}

#[tonic::async_trait]
impl HealthChecks for Explained {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let asked = request.get_ref().service.clone();
        let writes = self
            .services
            .iter()
            .any(|service| service.writes && (asked.is_empty() || asked == service.name));
        let mut answer = self.plain.check(request).await?;
        self.standing.borrow().words(writes).write(answer.metadata_mut());
        Ok(answer)
    }

    type WatchStream = <HealthService as HealthChecks>::WatchStream;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        self.plain.watch(request).await
    }
}
