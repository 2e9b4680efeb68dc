//! `ReportQuery`: numbers over time.

mod calendar;
mod compare;
mod cursor;
pub(crate) mod export;
mod measure;
mod orders;
mod orders_table;
mod plan;
mod request;
mod sales;
mod sales_row;
mod sums;
mod table;
mod top;
mod words;

use std::pin::Pin;

use futures::Stream;
use proto::v1::report_query_server::ReportQuery;
use proto::v1::{ExportRequest, FileChunk, SalesOrdersReply, SalesOrdersRequest, SalesReply, SalesRequest};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::Query;

#[tonic::async_trait]
impl ReportQuery for Query {
    type ExportStream = Pin<Box<dyn Stream<Item = Result<FileChunk, Status>> + Send>>;

    async fn sales(&self, request: Request<SalesRequest>) -> Result<Response<SalesReply>, Status> {
        Ok(Response::new(sales::sales(self, request.get_ref()).await?))
    }

    async fn sales_orders(&self, request: Request<SalesOrdersRequest>) -> Result<Response<SalesOrdersReply>, Status> {
        Ok(Response::new(orders::orders(self, request.into_inner()).await?))
    }

    async fn export(&self, request: Request<ExportRequest>) -> Result<Response<Self::ExportStream>, Status> {
        let chunks = export::export(self, request.get_ref()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(chunks))))
    }
}
