//! What the gateway needs, and how it is put together.

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use proto::{transport::Transport, v1::ChangeTopic};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    admission::{Admission, Capacity},
    app_state::{AppState, Shared},
    cache::{self, Cache, RedisError},
    call::itself,
    identity::{
        key::{KeyError, SigningKey},
        sessions::Sessions,
        token::Tokens,
    },
    openapi::{openapi, schema},
    past_queries::PastQueries,
    rate::{Limits, Quotas},
    routes,
    sources::{ClockFn, IdsFn},
};

/// What the gateway needs.
#[derive(Clone)]
pub struct Config {
    /// Where the command services answer.
    pub command: Transport,
    /// Where the query services answer.
    pub query: Transport,
    /// Signs access tokens.
    pub signing_key: SigningKey,
    /// The source of the time: tokens expire by it.
    pub clock: ClockFn,
    /// The source of ids: of requests, correlations and tokens.
    pub ids: IdsFn,
    /// How many requests a client may make; none: as many as it likes.
    pub quotas: Option<Quotas>,
    /// How many requests are worked on at once; none: all that come.
    pub capacity: Option<Capacity>,
    /// Whether suggestions include what several others searched for.
    pub past_queries: bool,
    /// How many proxies in front are trusted to append to `X-Forwarded-For`; 0: the header is ignored.
    pub trusted_proxies: usize,
    /// Address that clients know the gateway by, for example `https://shop.example`; none: addresses in answers
    /// are relative.
    pub public_base_url: Option<String>,
    /// What `/metrics` shows; none: nothing is collected.
    pub metrics: Option<PrometheusHandle>,
    /// How much memory answers that are kept may take, in bytes; 0: none are kept.
    pub cache_bytes: u64,
    /// Redis, where gateways share what they keep; none: each keeps its own.
    pub redis_url: Option<String>,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The signing key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The address of Redis.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The public base URL.
    #[error("the public base URL {0:?} is not like https://shop.example")]
    BaseUrl(String),
    /// The description of the API.
    #[error("the OpenAPI description could not be written")]
    OpenApi(#[from] serde_json::Error),
}

impl Config {
    /// A configuration with the default quotas, no proxies, relative addresses and no metrics.
    #[must_use]
    pub fn new(command: Transport, query: Transport, signing_key: SigningKey, clock: ClockFn, ids: IdsFn) -> Self {
        Self {
            command,
            query,
            signing_key,
            clock,
            ids,
            quotas: Some(Quotas::default()),
            capacity: Some(Capacity::default()),
            past_queries: true,
            trusted_proxies: 0,
            public_base_url: None,
            metrics: None,
            cache_bytes: 64 << 20,
            redis_url: None,
        }
    }

    /// The gateway.
    ///
    /// # Errors
    /// When the key or a URL cannot be used.
    pub fn build(self) -> Result<Gateway, ConfigError> {
        let app = self.app()?;
        Ok(Gateway {
            router: routes::router(&app, schema()?),
            operations: routes::operations(&app),
            background: Background(app),
        })
    }

    pub(crate) fn app(self) -> Result<AppState, ConfigError> {
        let cache = |name, topic, bytes| {
            let url = self.redis_url.as_deref();
            let shared = url
                .map(|url| cache::Shared::new(name, url, self.ids.clone()))
                .transpose()?;
            Ok::<_, RedisError>(Cache::new(name, topic, bytes, shared))
        };
        // Orders are read again less often than products.
        let products = cache(
            "products",
            ChangeTopic::Products,
            self.cache_bytes - self.cache_bytes / 4,
        )?;
        let orders = cache("orders", ChangeTopic::Orders, self.cache_bytes / 4)?;
        Ok(AppState::new(Shared {
            past_queries: self.past_queries.then(PastQueries::default),
            products,
            orders,
            tokens: Tokens::new(&self.signing_key)?,
            sessions: Sessions::new(self.command.clone().by(itself())),
            jwks: self.signing_key.jwks().into(),
            openapi: openapi().to_json()?.into(),
            base: base(self.public_base_url)?,
            limits: self.quotas.map(Limits::new),
            admission: self.capacity.map(Admission::new),
            command: self.command,
            query: self.query,
            clock: self.clock,
            ids: self.ids,
            trusted_proxies: self.trusted_proxies,
            metrics: self.metrics,
        }))
    }
}

/// What a gateway consists of.
#[derive(Debug)]
pub struct Gateway {
    /// The whole API.
    pub router: Router,
    /// `/healthz`, `/readyz` and `/metrics` alone, for a port of their own.
    pub operations: Router,
    /// What is to run beside it: without that, nothing is kept and every read asks the services.
    pub background: Background,
}

/// What runs beside the router.
pub struct Background(AppState);

impl Background {
    /// Keeps the caches and what is known of sessions true, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.0.sessions.clone().follow(stop.clone()));
        for cache in [&self.0.products, &self.0.orders]
            .into_iter()
            .filter(|cache| cache.is_on())
        {
            tasks.spawn(cache::follow(
                cache.clone(),
                self.0.query.clone().by(itself()),
                stop.clone(),
            ));
            if let Some(shared) = cache.shared() {
                tasks.spawn(shared.run(stop.clone()));
            }
        }
        while tasks.join_next().await.is_some() {}
    }
}

impl std::fmt::Debug for Background {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Background").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Config")
            .field("signing_key", &self.signing_key)
            .field("quotas", &self.quotas)
            .field("capacity", &self.capacity)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("public_base_url", &self.public_base_url)
            .finish_non_exhaustive()
    }
}

fn base(url: Option<String>) -> Result<String, ConfigError> {
    let Some(url) = url else {
        return Ok(String::new());
    };
    let usable = url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() && uri.query().is_none()
    });
    if usable {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(ConfigError::BaseUrl(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_an_address_without_a_query() {
        assert_eq!(base(None).unwrap(), "");
        assert_eq!(
            base(Some("https://shop.example/".to_owned())).unwrap(),
            "https://shop.example"
        );
        assert_eq!(
            base(Some("http://localhost:8080/api".to_owned())).unwrap(),
            "http://localhost:8080/api"
        );
        for wrong in [
            "",
            "shop.example",
            "ftp://shop.example",
            "https://shop.example?x=1",
            "https://",
        ] {
            assert!(base(Some(wrong.to_owned())).is_err(), "{wrong}");
        }
    }
}
