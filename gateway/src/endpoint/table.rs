//! Which endpoint a request is for.

use std::{collections::HashMap, sync::Arc};

use http::Method;
use proto::access::Permission;

use super::{Described, Endpoint};

/// All endpoints, by the pattern of their path and their method.
#[derive(Debug)]
pub(crate) struct Table {
    endpoints: HashMap<String, Vec<(Method, Arc<Endpoint>)>>,
    /// What an address takes no such method for, but others that are counted: counted likewise.
    not_taken: [Arc<Endpoint>; 2],
    /// What there is not.
    nothing: Arc<Endpoint>,
    /// What is there and says nothing of itself: nobody may.
    undescribed: Arc<Endpoint>,
}

impl Table {
    pub(crate) fn of<'d>(all: impl IntoIterator<Item = &'d Described>) -> Self {
        const REFUSED: &[&str] = &["method_not_allowed", "not_found"];
        let mut endpoints: HashMap<_, Vec<_>> = HashMap::new();
        for Described {
            endpoint, method, path, ..
        } in all
        {
            let of_path = endpoints.entry(path.clone()).or_default();
            of_path.push((method.clone(), Arc::new(endpoint.clone())));
        }
        let undescribed = Endpoint::write(Permission::Unspecified);
        let not_taken = [Endpoint::read, Endpoint::write].map(|kind| Endpoint {
            permission: None,
            ..kind(Permission::Unspecified).refuses(REFUSED)
        });
        Self {
            endpoints,
            not_taken: not_taken.map(Arc::new),
            nothing: Arc::new(Endpoint::page().refuses(REFUSED)),
            undescribed: Arc::new(undescribed),
        }
    }

    /// Adds a page that a library serves.
    pub(crate) fn with_page(mut self, path: &str) -> Self {
        let page = Endpoint::page().refuses(&["not_found"]);
        self.endpoints
            .insert(path.to_owned(), vec![(Method::GET, Arc::new(page))]);
        self
    }

    /// The endpoint of a request, by the pattern that its path matched, if any.
    pub(crate) fn find(&self, path: Option<&str>, method: &Method) -> &Arc<Endpoint> {
        let Some(path) = path else { return &self.nothing };
        let Some(of_path) = self.endpoints.get(path) else {
            return &self.undescribed;
        };
        let own = if *method == Method::HEAD { &Method::GET } else { method };
        let found = of_path.iter().find(|(method, _)| method == own);
        let [reads, writes] = &self.not_taken;
        match found {
            Some((_, endpoint)) => endpoint,
            None if !of_path.iter().any(|(_, endpoint)| endpoint.is_guarded()) => &self.nothing,
            None if method.is_safe() => reads,
            None => writes,
        }
    }

    /// All endpoints that are guarded, with method and path.
    pub(crate) fn guarded(&self) -> impl Iterator<Item = (&Method, &str, &Endpoint)> {
        let all = self.endpoints.iter().flat_map(|(path, of_path)| {
            of_path
                .iter()
                .map(move |(method, endpoint)| (method, path.as_str(), &**endpoint))
        });
        all.filter(|(_, _, endpoint)| endpoint.is_guarded())
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use proto::access::Role;

    use super::*;
    use crate::endpoint::Effect;

    fn table() -> Table {
        let at = |endpoint: Endpoint, method, path| endpoint.at(method, path, get(async || ()));
        Table::of(&[
            at(Endpoint::list(Permission::OrdersRead), Method::GET, "/graphql"),
            at(Endpoint::write(Permission::OrdersWrite), Method::POST, "/graphql"),
            at(Endpoint::page(), Method::GET, "/healthz"),
        ])
    }

    #[test]
    fn a_request_has_the_endpoint_of_its_path_and_method() {
        let table = table();
        let permission = |method| table.find(Some("/graphql"), &method).permission;
        assert_eq!(permission(Method::GET), Some(Permission::OrdersRead));
        assert_eq!(permission(Method::HEAD), Some(Permission::OrdersRead));
        assert_eq!(permission(Method::POST), Some(Permission::OrdersWrite));
    }

    #[test]
    fn methods_that_are_not_taken_are_counted_where_others_are() {
        let table = table();
        let effect = |path, method| table.find(path, &method).effect;
        assert_eq!(effect(Some("/graphql"), Method::OPTIONS), Effect::Read);
        assert_eq!(effect(Some("/graphql"), Method::PUT), Effect::Write);
        assert_eq!(effect(Some("/healthz"), Method::PUT), Effect::Page);
        assert_eq!(effect(None, Method::PUT), Effect::Page);
    }

    #[test]
    fn what_says_nothing_of_itself_is_for_nobody() {
        let endpoint = table().find(Some("/forgotten"), &Method::GET).permission.unwrap();
        assert!(!endpoint.is_granted_to(Role::Admin));
    }
}
