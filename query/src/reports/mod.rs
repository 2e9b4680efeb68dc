//! `ReportQuery`: numbers over time.

mod calendar;
mod sales;
mod sales_row;

use proto::v1::report_query_server::ReportQuery;
use proto::v1::{SalesReply, SalesRequest};
use tonic::{Request, Response, Status};

use crate::Query;

#[tonic::async_trait]
impl ReportQuery for Query {
    async fn sales(&self, request: Request<SalesRequest>) -> Result<Response<SalesReply>, Status> {
        Ok(Response::new(sales::sales(self, request.into_inner()).await?))
    }
}
