//! One channel type for every client, whether the service is in this process or on another machine.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, ServerTlsConfig};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

use crate::caller::Caller;
use crate::statement::Keys;

/// How long a call may take when its caller does not say.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// How long a remote call may take whatever its caller says.
const LONGEST_CALL: Duration = Duration::from_secs(75);

/// A gRPC channel: hand it to a generated client, for example `OrderCommandClient::new(transport)`.
///
/// In process, a call goes straight into the server's tonic service: messages are encoded and decoded as on the
/// wire, so both shapes are one code path, but there is no connection, no HTTP/2 and no copy through the kernel.
///
/// Every call says who makes it: the [`Caller`] of the channel, else that of the task.
#[derive(Clone)]
pub struct Transport {
    inner: BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>,
    caller: Option<Caller>,
    /// None: inside the process.
    keys: Option<Keys>,
}

/// What a process proves its role with to others, and theirs to itself; all of it PEM.
#[derive(Clone)]
pub struct Tls {
    /// Its certificate, which names its role as `tillroll:role:...` and its host.
    pub certificate: String,
    /// The private key of the certificate.
    pub key: String,
    /// The certificate of the authority that signs those of all processes.
    pub authority: String,
}

impl Tls {
    fn client(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .identity(Identity::from_pem(&self.certificate, &self.key))
            .ca_certificate(Certificate::from_pem(&self.authority))
    }

    /// For a server that takes calls only from who has a certificate of the same authority.
    #[must_use]
    pub fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(Identity::from_pem(&self.certificate, &self.key))
            .client_ca_root(Certificate::from_pem(&self.authority))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Transport {
    /// Calls `server`, a generated `…Server` or a set of them behind one router, in this process.
    pub fn in_process<S>(server: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self {
            inner: BoxCloneSyncService::new(server.map_err(|never| match never {})),
            caller: None,
            keys: None,
        }
    }

    /// Calls the services at `address`, for example `https://command:50051`; each call says who makes it, signed with `keys`. With `tls`
    /// both sides show a certificate. Connects at the first call and again after a failure. A call ends at the deadline that its
    /// request carries, and after 75 s at the latest.
    ///
    /// # Errors
    /// When `address` is not a URI, or the certificates cannot be used.
    pub fn remote(address: &str, keys: Keys, tls: Option<&Tls>) -> Result<Self, tonic::transport::Error> {
        let mut endpoint = Endpoint::from_shared(address.to_owned())?
            .connect_timeout(Duration::from_secs(2))
            .timeout(LONGEST_CALL)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_while_idle(true);
        if let Some(tls) = tls {
            endpoint = endpoint.tls_config(tls.client())?;
        }
        Ok(Self {
            inner: BoxCloneSyncService::new(endpoint.connect_lazy().map_err(BoxError::from)),
            caller: None,
            keys: Some(keys),
        })
    }

    /// The same channel, whose calls are all made by `caller`.
    #[must_use]
    pub fn by(self, caller: Caller) -> Self {
        Self {
            caller: Some(caller),
            ..self
        }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<Response<Body>, BoxError>;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(caller) = self.caller.clone().or_else(Caller::current) {
            if let Some(keys) = &self.keys {
                let mut metadata = MetadataMap::from_headers(std::mem::take(request.headers_mut()));
                keys.sign(&mut metadata, &caller, request.uri().path());
                *request.headers_mut() = metadata.into_headers();
            } else {
                request.extensions_mut().insert(caller);
            }
        }
        self.inner.call(request)
    }
}
