//! The gRPC side: which services a process offers, to itself and on its port, and whether they are well.

use std::time::Duration;

use proto::transport::Transport;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use crate::operations::Operations;

/// How often the services look whether their database answers.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A database that takes longer for nothing at all is not well.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// A set of services behind one router, with their health.
pub(super) struct Services {
    builder: RoutesBuilder,
    names: Vec<&'static str>,
}

impl Services {
    pub(super) fn new() -> Services {
        Services {
            builder: RoutesBuilder::default(),
            names: Vec::new(),
        }
    }

    pub(super) fn command(mut self, command: &command::Command) -> Services {
        self.add(command.product_server());
        self.add(command.stock_server());
        self.add(command.order_server());
        self.add(command.user_server());
        self.add(command.search_server());
        self
    }

    pub(super) fn operations(mut self, operations: &Operations) -> Services {
        self.add(operations.server());
        self
    }

    pub(super) fn query(mut self, query: &query::Query) -> Services {
        self.add(query.product_server());
        self.add(query.stock_server());
        self.add(query.order_server());
        self.add(query.report_server());
        self.add(query.export_server());
        self.add(query.audit_server());
        self.add(query.seal_server());
        self.add(query.user_server());
        self.add(query.feed_server());
        self.add(query.history_server());
        self.add(query.search_server());
        self
    }

    fn add<S>(&mut self, service: S)
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
        self.names.push(S::NAME);
        self.builder.add_service(service);
    }

    /// The router, and what keeps its health true.
    fn finish(mut self) -> (Routes, Health) {
        let (reporter, server) = health_reporter();
        self.builder.add_service(server);
        (
            self.builder.routes().prepare(),
            Health {
                reporter,
                names: self.names,
            },
        )
    }

    /// A channel to the services inside the process.
    pub(super) fn in_process(self) -> (Transport, Health) {
        let (routes, health) = self.finish();
        (Transport::in_process(routes), health)
    }

    /// A server for other processes, with reflection for tools such as grpcurl; runs until `stop` and then drains.
    pub(super) fn on(
        mut self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> anyhow::Result<(impl Future<Output = Result<(), tonic::transport::Error>> + Send, Health)> {
        let described = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name(tonic_health::pb::health_server::SERVICE_NAME);
        // Those that are described and served elsewhere are not to be found here.
        let described = self
            .names
            .iter()
            .fold(described, |described, name| described.with_service_name(*name));
        let reflection = described.build_v1()?;
        self.builder.add_service(reflection);
        let (routes, health) = self.finish();
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(20)))
            .add_routes(routes);
        Ok((
            server.serve_with_incoming_shutdown(incoming, async move { stop.cancelled().await }),
            health,
        ))
    }
}

/// The read services behind one router.
#[must_use]
pub fn query_routes(query: &query::Query) -> Routes {
    Services::new().query(query).builder.routes().prepare()
}

/// The health of a set of services, as `grpc.health.v1.Health` tells it.
pub(super) struct Health {
    reporter: HealthReporter,
    names: Vec<&'static str>,
}

impl Health {
    /// Keeps telling whether the database answers; after `stop` that nothing is served any more.
    pub(super) async fn watch(self, pool: PgPool, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return self.tell(ServingStatus::NotServing).await,
                _ = ticks.tick() => {}
            }
            let answers = matches!(
                timeout(ANSWERS_WITHIN, sqlx::query("SELECT 1").execute(&pool)).await,
                Ok(Ok(_))
            );
            if told != Some(answers) {
                if !answers {
                    tracing::warn!("the database does not answer");
                } else if told.is_some() {
                    tracing::info!("the database answers again");
                }
                self.tell(if answers {
                    ServingStatus::Serving
                } else {
                    ServingStatus::NotServing
                })
                .await;
                told = Some(answers);
            }
        }
    }

    async fn tell(&self, status: ServingStatus) {
        self.reporter.set_service_status("", status).await;
        for name in &self.names {
            self.reporter.set_service_status(*name, status).await;
        }
    }
}
