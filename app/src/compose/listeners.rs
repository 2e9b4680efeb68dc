//! The ports of a process. They are bound before anything else is started: a port that is taken is the commonest
//! reason why a start fails.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::config::{Config, Role};

/// A port cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({variable})")]
pub(super) struct Error {
    variable: &'static str,
    address: SocketAddr,
    source: std::io::Error,
}

/// What this process listens on.
#[derive(Debug)]
pub(super) struct Listeners {
    /// For the gateway.
    pub(super) gateway: Option<TcpListener>,
    /// For operators, where one was given. Without the gateway that may be its address, whose default is the gateway's alone.
    pub(super) operations: Option<TcpListener>,
    /// For other processes.
    pub(super) grpc: Option<TcpListener>,
}

impl Listeners {
    pub(super) async fn bind(config: &Config) -> Result<Listeners, Error> {
        let http = async || bind("TILLROLL_HTTP_ADDR", config.http.addr).await;
        let own = match config.http.operations_addr {
            Some(address) => Some(bind("TILLROLL_OPERATIONS_ADDR", address).await?),
            None => None,
        };
        let (gateway, operations) = match (config.roles.has(Role::Gateway), config.http.addr_is_default) {
            (true, _) => (Some(http().await?), own),
            (false, false) if own.is_none() => (None, Some(http().await?)),
            (false, _) => (None, own),
        };
        let serves = config.roles.has(Role::Command) || config.roles.has(Role::Query);
        let grpc = match config.services.addr {
            Some(address) if serves => Some(bind("TILLROLL_GRPC_ADDR", address).await?),
            _ => None,
        };
        Ok(Listeners {
            gateway,
            operations,
            grpc,
        })
    }

    /// Where operators ask, if that is a port of its own beside the gateway's.
    pub(super) fn operations_addr(&self) -> std::io::Result<Option<SocketAddr>> {
        self.operations.as_ref().map(TcpListener::local_addr).transpose()
    }

    /// Where the HTTP side listens, whichever it is.
    pub(super) fn http_addr(&self) -> std::io::Result<Option<SocketAddr>> {
        self.gateway
            .as_ref()
            .or(self.operations.as_ref())
            .map(TcpListener::local_addr)
            .transpose()
    }

    /// Where the gRPC services listen.
    pub(super) fn grpc_addr(&self) -> std::io::Result<Option<SocketAddr>> {
        self.grpc.as_ref().map(TcpListener::local_addr).transpose()
    }
}

async fn bind(variable: &'static str, address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error {
        variable,
        address,
        source,
    })
}
