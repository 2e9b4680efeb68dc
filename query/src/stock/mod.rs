//! `StockQuery`: what is on the shelf.

mod get;
pub(crate) mod level;
mod list;

use proto::v1::stock_query_server::StockQuery;
use proto::v1::{GetStockReply, GetStockRequest, ListStockReply, ListStockRequest};
use tonic::{Request, Response, Status};

use crate::Query;

/// The read models that stock is answered from: whose it is, and how much.
const MODELS: &[&str] = &["products", "stock"];

#[tonic::async_trait]
impl StockQuery for Query {
    async fn get_stock(&self, request: Request<GetStockRequest>) -> Result<Response<GetStockReply>, Status> {
        Ok(Response::new(get::get(self, request.into_inner()).await?))
    }

    async fn list_stock(&self, request: Request<ListStockRequest>) -> Result<Response<ListStockReply>, Status> {
        Ok(Response::new(list::list(self, request.into_inner()).await?))
    }
}
