//! `StockQuery`: what is on the shelf.

mod get;
pub(crate) mod level;
mod list;

use proto::v1::stock_query_server::{StockQuery, StockQueryServer};
use proto::v1::{GetStockReply, GetStockRequest, ListStockReply, ListStockRequest};
use reads::Reads;
use tonic::{Request, Response, Status};

/// The read models that stock is answered from: whose it is, and how much.
const MODELS: &[&str] = &["products", "stock"];

/// What is on the shelf.
#[derive(Clone, Debug)]
pub struct StockService(Reads);

impl StockService {
    /// The server of `tillroll.v1.StockQuery`.
    #[must_use]
    pub fn server(reads: Reads) -> StockQueryServer<Self> {
        StockQueryServer::new(Self(reads))
    }
}

#[tonic::async_trait]
impl StockQuery for StockService {
    async fn get_stock(&self, request: Request<GetStockRequest>) -> Result<Response<GetStockReply>, Status> {
        Ok(Response::new(get::get(&self.0, request.into_inner()).await?))
    }

    async fn list_stock(&self, request: Request<ListStockRequest>) -> Result<Response<ListStockReply>, Status> {
        Ok(Response::new(list::list(&self.0, request.into_inner()).await?))
    }
}
