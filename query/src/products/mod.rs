//! `ProductQuery`: the catalogue.

mod get;
pub(crate) mod list;
mod row;
mod search;

use proto::v1::product_query_server::ProductQuery;
use proto::v1::{GetProductReply, GetProductRequest, ListProductsReply, ListProductsRequest};
use tonic::{Request, Response, Status};

use crate::Query;

/// The read models that a product is answered from.
const MODELS: &[&str] = &["products", "stock"];

#[tonic::async_trait]
impl ProductQuery for Query {
    async fn get_product(&self, request: Request<GetProductRequest>) -> Result<Response<GetProductReply>, Status> {
        Ok(Response::new(get::get(self, request.into_inner()).await?))
    }

    async fn list_products(
        &self,
        request: Request<ListProductsRequest>,
    ) -> Result<Response<ListProductsReply>, Status> {
        Ok(Response::new(list::list(self, request.into_inner()).await?))
    }
}
