//! The layer in front of all services: who calls is known, may call the method, and is the one that the command names.
//!
//! It is the only place that decides this, inside a process as between processes. What customers may do with things of others is the
//! services' own affair.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::metadata::MetadataMap;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tower::{Layer, Service};

use crate::access::Method;
use crate::caller::{Caller, Part};
use crate::failure::Failure;
use crate::statement::{Keys, unproven};

/// What is asked by tools and by machines that watch the process. It tells nothing of the shop.
const OPEN: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];
/// Largest request of a command, in bytes: an import's, and the frame around it.
const MAX_COMMAND: usize = (32 << 20) + 5;
/// What a certificate's name of a role begins with.
const ROLE: &str = "tillroll:role:";

/// How callers prove who they are.
#[derive(Clone, Debug)]
pub struct Guard {
    /// None: inside the process, where nobody else can call.
    keys: Option<Keys>,
    /// Whether the connection's certificate has to name the part that calls.
    certified: bool,
}

impl Guard {
    /// For services that are called inside the process alone.
    #[must_use]
    pub fn inside() -> Self {
        Self {
            keys: None,
            certified: false,
        }
    }

    /// For services that other processes call, with statements signed by one of the keys; if `certified`, over TLS with a certificate that
    /// names the part that calls.
    #[must_use]
    pub fn between(keys: Keys, certified: bool) -> Self {
        Self {
            keys: Some(keys),
            certified,
        }
    }

    /// Lets a request through, with its caller, or says why not.
    async fn admit(&self, mut request: Request<Body>) -> Result<Request<Body>, Status> {
        let path = request.uri().path();
        if OPEN.iter().any(|open| path.starts_with(open)) {
            return Ok(request);
        }
        let method = Method::of_path(path).ok_or_else(|| Status::unimplemented("there is no such method"))?;
        let caller = self.caller(&mut request, method)?;
        let refused = |failure: Failure| {
            tracing::info!(
                method = method.path,
                caller = caller.actor(),
                part = caller.part().name(),
                request_id = caller.request_id(),
                code = failure.code,
                "a call was refused"
            );
            failure
        };
        caller.check(method).map_err(refused)?;
        if method.acts {
            let (parts, body) = request.into_parts();
            let (actor, body) = actor(body).await?;
            caller.check_actor(&actor).map_err(refused)?;
            request = Request::from_parts(parts, body);
        }
        request.extensions_mut().insert(caller);
        Ok(request)
    }

    /// Who makes the call.
    fn caller(&self, request: &mut Request<Body>, method: &Method) -> Result<Caller, Failure> {
        let Some(keys) = &self.keys else {
            let caller = request.extensions().get::<Caller>().cloned();
            return caller.ok_or_else(|| unproven("nothing says who calls"));
        };
        let metadata = MetadataMap::from_headers(std::mem::take(request.headers_mut()));
        let caller = keys.verify(&metadata, method.path);
        *request.headers_mut() = metadata.into_headers();
        let caller = caller?;
        if self.certified && certified(request) != Some(caller.part()) {
            return Err(unproven("the certificate is not one of the part that calls"));
        }
        Ok(caller)
    }
}

/// The part that the certificate of the request's connection names.
fn certified(request: &Request<Body>) -> Option<Part> {
    let connection = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>()?;
    let certificates = connection.peer_certs()?;
    let certificate = webpki::EndEntityCert::try_from(certificates.first()?).ok()?;
    certificate
        .valid_uri_names()
        .find_map(|name| Part::from_name(name.strip_prefix(ROLE)?))
}

/// The first field of a command, as far as it is of interest here.
#[derive(Message)]
struct Command {
    #[prost(message, optional, tag = "1")]
    context: Option<Actor>,
}

#[derive(Message)]
struct Actor {
    #[prost(string, tag = "1")]
    actor: String,
}

/// The actor that a command names, and the body again.
async fn actor(body: Body) -> Result<(String, Body), Status> {
    let read = Limited::new(body, MAX_COMMAND).collect().await;
    let read = read.map_err(|_| Status::out_of_range("the request is too large or broke off"))?;
    let frame = read.to_bytes();
    let message = match frame.split_first_chunk() {
        // Not compressed, and the only one.
        Some(([0, a, b, c, d], message)) if message.len() == u32::from_be_bytes([*a, *b, *c, *d]) as usize => message,
        _ => return Err(Status::invalid_argument("one message is expected, not compressed")),
    };
    let command = Command::decode(message).map_err(|_| Status::invalid_argument("the message cannot be read"))?;
    let actor = command.context.map(|context| context.actor).unwrap_or_default();
    Ok((actor, Body::new(http_body_util::Full::new(frame))))
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            guard: self.clone(),
        }
    }
}

/// Services behind a [`Guard`].
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    inner: S,
    guard: Guard,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<Response<Body>, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready works, and its copy waits for the next request.
        let copy = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, copy);
        let guard = self.guard.clone();
        Box::pin(async move {
            match guard.admit(request).await {
                Ok(request) => inner.call(request).await,
                Err(refusal) => Ok(refusal.into_http()),
            }
        })
    }
}
