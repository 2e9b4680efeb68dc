//! An endpoint with its handler: the router is made of these alone, so that nothing is served that says nothing of itself.

use axum::routing::MethodRouter;
use http::Method;
use utoipa::openapi::{PathItem, RefOr, Schema};
use utoipa_axum::router::UtoipaMethodRouter;

use super::{Endpoint, operation};
use crate::app_state::AppState;

/// A handler with what is said of it.
pub(crate) struct Described {
    pub(crate) endpoint: Endpoint,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) handler: MethodRouter<AppState>,
    /// Its part of the description of the API; none: it is a page for people.
    pub(crate) documentation: Option<Documentation>,
}

/// An operation of the API.
pub(crate) struct Documentation {
    pub(crate) item: PathItem,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

impl Endpoint {
    /// The endpoint with its one handler, as `routes!` gives it.
    pub(crate) fn handler(self, (schemas, paths, handler): UtoipaMethodRouter<AppState>) -> Described {
        let (path, mut item) = paths.paths.into_iter().next().unwrap_or_default();
        let mut method = Method::GET;
        for (own, operation) in operation::operations(&mut item) {
            operation::complete(operation, &self, &path);
            method = own;
        }
        Described {
            endpoint: self,
            method,
            path,
            handler,
            documentation: Some(Documentation { item, schemas }),
        }
    }

    /// The endpoint with a handler that is not in the description of the API.
    pub(crate) fn at(self, method: Method, path: &str, handler: MethodRouter<AppState>) -> Described {
        Described {
            endpoint: self,
            method,
            path: path.to_owned(),
            handler,
            documentation: None,
        }
    }
}
