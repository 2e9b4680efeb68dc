//! `StockQuery`: what is on the shelf.

mod get;

use proto::v1::stock_query_server::StockQuery;
use proto::v1::{GetStockReply, GetStockRequest};
use tonic::{Request, Response, Status};

use crate::Query;

#[tonic::async_trait]
impl StockQuery for Query {
    async fn get_stock(&self, request: Request<GetStockRequest>) -> Result<Response<GetStockReply>, Status> {
        Ok(Response::new(get::get(self, request.into_inner()).await?))
    }
}
