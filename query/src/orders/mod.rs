//! `OrderQuery`: orders with their products.

mod get;
mod list;
mod row;

use proto::v1::order_query_server::OrderQuery;
use proto::v1::{GetOrderReply, GetOrderRequest, ListOrdersReply, ListOrdersRequest};
use tonic::{Request, Response, Status};

use crate::Query;

pub(crate) use row::OrderRow;

/// The read models that an order is answered from.
const MODELS: &[&str] = &["orders"];

#[tonic::async_trait]
impl OrderQuery for Query {
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderReply>, Status> {
        Ok(Response::new(get::get(self, request.into_inner()).await?))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Result<Response<ListOrdersReply>, Status> {
        Ok(Response::new(list::list(self, request.into_inner()).await?))
    }
}
