//! `OrderQuery`: orders with their products.

mod get;
mod list;
mod row;

use proto::v1::order_query_server::{OrderQuery, OrderQueryServer};
use proto::v1::{GetOrderReply, GetOrderRequest, ListOrdersReply, ListOrdersRequest};
use reads::Reads;
use tonic::{Request, Response, Status};

pub(crate) use row::OrderRow;

/// The read models that an order is answered from.
const MODELS: &[&str] = &["orders"];

/// Orders with their products.
#[derive(Clone, Debug)]
pub struct OrderService(Reads);

impl OrderService {
    /// The server of `tillroll.v1.OrderQuery`.
    #[must_use]
    pub fn server(reads: Reads) -> OrderQueryServer<Self> {
        OrderQueryServer::new(Self(reads))
    }
}

#[tonic::async_trait]
impl OrderQuery for OrderService {
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderReply>, Status> {
        Ok(Response::new(get::get(&self.0, request.into_inner()).await?))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Result<Response<ListOrdersReply>, Status> {
        Ok(Response::new(list::list(&self.0, request.into_inner()).await?))
    }
}
