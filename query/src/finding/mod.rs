//! `SearchQuery`: finding products through the search engine, and what the shop has set about that.

mod breaker;
mod cursor;
mod engine;
mod fresh;
mod products;
mod request;
pub(crate) mod rules;
pub(crate) mod settings;

use proto::v1::search_query_server::SearchQuery;
use proto::v1::{
    GetSearchSettingsReply, GetSearchSettingsRequest, GetSearchStatusReply, GetSearchStatusRequest,
    ListSearchRulesReply, ListSearchRulesRequest, SearchProductsReply, SearchProductsRequest,
};
use tonic::{Request, Response, Status};

use crate::Query;

pub use engine::SearchEngine;

#[tonic::async_trait]
impl SearchQuery for Query {
    async fn search_products(
        &self,
        request: Request<SearchProductsRequest>,
    ) -> Result<Response<SearchProductsReply>, Status> {
        Ok(Response::new(products::search(self, request.into_inner()).await?))
    }

    async fn get_search_settings(
        &self,
        request: Request<GetSearchSettingsRequest>,
    ) -> Result<Response<GetSearchSettingsReply>, Status> {
        Ok(Response::new(settings::get(self, request.into_inner()).await?))
    }

    async fn list_search_rules(
        &self,
        request: Request<ListSearchRulesRequest>,
    ) -> Result<Response<ListSearchRulesReply>, Status> {
        Ok(Response::new(rules::list(self, request.into_inner()).await?))
    }

    async fn get_search_status(
        &self,
        _: Request<GetSearchStatusRequest>,
    ) -> Result<Response<GetSearchStatusReply>, Status> {
        let reply = match self.search() {
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
