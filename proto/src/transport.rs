//! One channel type for every client, whether the service is in this process or on another machine.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

/// How long a call may take when its caller does not say.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// How long a remote call may take whatever its caller says.
const LONGEST_CALL: Duration = Duration::from_secs(75);

/// A gRPC channel: hand it to a generated client, for example `OrderCommandClient::new(transport)`.
///
/// In process, a call goes straight into the server's tonic service: messages are encoded and decoded as on the
/// wire, so both shapes are one code path, but there is no connection, no HTTP/2 and no copy through the kernel.
#[derive(Clone)]
pub struct Transport {
    inner: BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>,
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
        }
    }

    /// Calls the services at `address`, for example `http://command:50051`. Connects at the first call and again
    /// after a failure. A call ends at the deadline that its request carries, and after 75 s at the latest.
    ///
    /// # Errors
    /// When `address` is not a URI.
    pub fn remote(address: &str) -> Result<Self, tonic::transport::Error> {
        let endpoint = tonic::transport::Endpoint::from_shared(address.to_owned())?
            .connect_timeout(Duration::from_secs(2))
            .timeout(LONGEST_CALL)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_while_idle(true);
        Ok(Self {
            inner: BoxCloneSyncService::new(endpoint.connect_lazy().map_err(BoxError::from)),
        })
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

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.inner.call(request)
    }
}
