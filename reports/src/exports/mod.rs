//! `ExportJobs`: files that are made in the background, one after another, and kept for a while.
//!
//! A job is a row. The worker that makes its file holds a lease on the row; when the worker dies, another process begins again. The file is kept
//! beside the row in pieces, so any process of this role can hand it out, and it is there exactly when the job is done.

mod job;
mod list;
mod read;
mod start;
mod worker;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use proto::v1::export_jobs_server::{ExportJobs, ExportJobsServer};
use proto::v1::{
    ExportReply, FileChunk, GetExportRequest, ListExportsReply, ListExportsRequest, ReadExportRequest,
    StartExportRequest,
};
use reads::Reads;
use reads::error::Error;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Files of reports, made in the background.
#[derive(Clone, Debug)]
pub struct ExportService {
    reads: Reads,
    /// Tells the maker of exports that there is something to do.
    wake: Arc<Notify>,
    keep: Duration,
    sweep: Duration,
}

impl ExportService {
    /// Files that are kept for seven days after they were made, and then removed within a minute.
    #[must_use]
    pub fn new(reads: Reads) -> Self {
        Self {
            reads,
            wake: Arc::default(),
            keep: Duration::from_hours(7 * 24),
            sweep: Duration::from_mins(1),
        }
    }

    /// The server of `tillroll.v1.ExportJobs`.
    #[must_use]
    pub fn server(&self) -> ExportJobsServer<Self> {
        ExportJobsServer::new(self.clone())
    }

    /// Makes the files of exports, reading from `pool`, until `stop`. Any number of processes may do this. Statements of the pool
    /// must have no time limit: a file may take longer than any request.
    pub async fn run(&self, pool: PgPool, stop: CancellationToken) {
        let own = Self {
            reads: self.reads.through(pool),
            ..self.clone()
        };
        worker::run(own, stop).await;
    }

    fn pool(&self) -> &PgPool {
        self.reads.pool()
    }
}

fn not_found(id: &str) -> Error {
    Error::NotFound {
        what: "export",
        id: id.to_owned(),
    }
}

#[tonic::async_trait]
impl ExportJobs for ExportService {
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
