#![doc = include_str!("../README.md")]

mod calendar;
mod compare;
mod cursor;
mod entries;
mod export;
mod exports;
mod filter;
mod kept_sums;
mod measure;
mod orders;
mod orders_table;
mod pages;
mod plan;
mod request;
mod sales;
mod sales_row;
mod sum_query;
mod sums;
mod table;
mod top;
mod totals;
mod words;

use std::pin::Pin;

use futures::Stream;
use proto::v1::report_query_server::{ReportQuery, ReportQueryServer};
use proto::v1::{ExportRequest, FileChunk, SalesOrdersReply, SalesOrdersRequest, SalesReply, SalesRequest};
use reads::Reads;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

pub use exports::ExportService;

/// The largest answer of the report service in bytes.
pub const MAX_REPORT_BYTES: usize = 64 << 20;

/// Reports over the read model of sales.
#[derive(Clone, Debug)]
pub struct ReportService(Reads);

impl ReportService {
    /// The server of `tillroll.v1.ReportQuery`. A report may exceed the 4 MiB that a generated client accepts by
    /// default; give the client [`MAX_REPORT_BYTES`].
    #[must_use]
    pub fn server(reads: Reads) -> ReportQueryServer<Self> {
        ReportQueryServer::new(Self(reads)).max_encoding_message_size(MAX_REPORT_BYTES)
    }
}

#[tonic::async_trait]
impl ReportQuery for ReportService {
    type ExportStream = Pin<Box<dyn Stream<Item = Result<FileChunk, Status>> + Send>>;

    async fn sales(&self, request: Request<SalesRequest>) -> Result<Response<SalesReply>, Status> {
        Ok(Response::new(sales::sales(&self.0, request.get_ref()).await?))
    }

    async fn sales_orders(&self, request: Request<SalesOrdersRequest>) -> Result<Response<SalesOrdersReply>, Status> {
        Ok(Response::new(orders::orders(&self.0, request.into_inner()).await?))
    }

    async fn export(&self, request: Request<ExportRequest>) -> Result<Response<Self::ExportStream>, Status> {
        let chunks = export::export(&self.0, request.get_ref()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(chunks))))
    }
}
