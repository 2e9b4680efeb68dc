//! `SearchQuery`: finding products through the search engine, and the shop's settings of it.

mod breaker;
mod cursor;
mod engine;
mod fresh;
mod products;
mod request;
pub(crate) mod rules;
pub(crate) mod settings;

use proto::v1::search_query_server::{SearchQuery, SearchQueryServer};
use proto::v1::{
    GetSearchSettingsReply, GetSearchSettingsRequest, GetSearchStatusReply, GetSearchStatusRequest,
    ListSearchRulesReply, ListSearchRulesRequest, SearchProductsReply, SearchProductsRequest,
};
use reads::Reads;
use tonic::{Request, Response, Status};

pub use engine::SearchEngine;

/// Finding products.
#[derive(Clone, Debug)]
pub struct SearchService {
    reads: Reads,
    engine: Option<SearchEngine>,
}

impl SearchService {
    /// The server of `tillroll.v1.SearchQuery`. Without an engine the read model finds products, letter by letter. Have somebody run
    /// [`SearchEngine::watch`].
    #[must_use]
    pub fn server(reads: Reads, engine: Option<SearchEngine>) -> SearchQueryServer<Self> {
        SearchQueryServer::new(Self { reads, engine })
    }
}

#[tonic::async_trait]
impl SearchQuery for SearchService {
    async fn search_products(
        &self,
        request: Request<SearchProductsRequest>,
    ) -> Result<Response<SearchProductsReply>, Status> {
        Ok(Response::new(
            products::search(&self.reads, self.engine.as_ref(), request.into_inner()).await?,
        ))
    }

    async fn get_search_settings(
        &self,
        request: Request<GetSearchSettingsRequest>,
    ) -> Result<Response<GetSearchSettingsReply>, Status> {
        Ok(Response::new(settings::get(&self.reads, request.into_inner()).await?))
    }

    async fn list_search_rules(
        &self,
        request: Request<ListSearchRulesRequest>,
    ) -> Result<Response<ListSearchRulesReply>, Status> {
        Ok(Response::new(rules::list(&self.reads, request.into_inner()).await?))
    }

    async fn get_search_status(
        &self,
        _: Request<GetSearchStatusRequest>,
    ) -> Result<Response<GetSearchStatusReply>, Status> {
        let reply = match &self.engine {
            Some(search) => search.status(),
            None => GetSearchStatusReply {
                up: false,
                reason: "no search engine is configured".to_owned(),
                engine: String::new(),
            },
        };
        Ok(Response::new(reply))
    }
}
