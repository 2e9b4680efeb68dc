//! `ExportJobs`: files that are made in the background, one after another, and kept for a while.
//!
//! A job is a row. Whoever makes its file holds a lease on the row; when the holder dies, another process begins again. The file is kept
//! beside the row in pieces, so any process of this role can hand it out, and it is there exactly when the job is done.

mod job;
mod list;
mod read;
mod start;
mod worker;

use std::pin::Pin;

use futures::Stream;
use proto::v1::export_jobs_server::ExportJobs;
use proto::v1::{
    ExportReply, FileChunk, GetExportRequest, ListExportsReply, ListExportsRequest, ReadExportRequest,
    StartExportRequest,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::Query;
use crate::error::Error;

pub(crate) use worker::run;

fn not_found(id: &str) -> Error {
    Error::NotFound {
        what: "export",
        id: id.to_owned(),
    }
}

#[tonic::async_trait]
impl ExportJobs for Query {
    type ReadExportStream = Pin<Box<dyn Stream<Item = Result<FileChunk, Status>> + Send>>;

    async fn start_export(&self, request: Request<StartExportRequest>) -> Result<Response<ExportReply>, Status> {
        Ok(Response::new(start::start(self, request.into_inner()).await?))
    }

    async fn get_export(&self, request: Request<GetExportRequest>) -> Result<Response<ExportReply>, Status> {
        let job = job::find(self, &request.get_ref().id).await?;
        Ok(Response::new(ExportReply {
            export: Some(job),
            replayed: false,
        }))
    }

    async fn list_exports(&self, request: Request<ListExportsRequest>) -> Result<Response<ListExportsReply>, Status> {
        Ok(Response::new(list::list(self, request.into_inner()).await?))
    }

    async fn cancel_export(&self, request: Request<GetExportRequest>) -> Result<Response<ExportReply>, Status> {
        let job = job::cancel(self, &request.get_ref().id).await?;
        Ok(Response::new(ExportReply {
            export: Some(job),
            replayed: false,
        }))
    }

    async fn read_export(
        &self,
        request: Request<ReadExportRequest>,
    ) -> Result<Response<Self::ReadExportStream>, Status> {
        let chunks = read::read(self, request.into_inner()).await?;
        Ok(Response::new(Box::pin(ReceiverStream::new(chunks))))
    }
}
