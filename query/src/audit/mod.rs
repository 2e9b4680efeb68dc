//! `AuditQuery`: the events themselves.

mod explain;
mod list_events;
mod owner;
mod read_stream;
mod row;
mod trace;

use std::sync::Arc;

use proto::v1::audit_query_server::{AuditQuery, AuditQueryServer};
use proto::v1::{
    CheckTokenReply, CheckTokenRequest, ListEventsReply, ListEventsRequest, ReadStreamReply, ReadStreamRequest,
    TraceReply, TraceRequest,
};
use reads::Reads;
use tonic::{Request, Response, Status};

use crate::history::History;

/// The events themselves.
#[derive(Clone, Debug)]
pub struct AuditService {
    reads: Reads,
    history: Option<Arc<dyn History>>,
}

impl AuditService {
    /// The server of `tillroll.v1.AuditQuery`. Without `history` events do not say what they changed.
    #[must_use]
    pub fn server(reads: Reads, history: Option<Arc<dyn History>>) -> AuditQueryServer<Self> {
        AuditQueryServer::new(Self { reads, history })
    }
}

#[tonic::async_trait]
impl AuditQuery for AuditService {
    async fn read_stream(&self, request: Request<ReadStreamRequest>) -> Result<Response<ReadStreamReply>, Status> {
        let reply = read_stream::read_stream(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_events(&self, request: Request<ListEventsRequest>) -> Result<Response<ListEventsReply>, Status> {
        let reply = list_events::list_events(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn trace(&self, request: Request<TraceRequest>) -> Result<Response<TraceReply>, Status> {
        Ok(Response::new(trace::trace(self, request.into_inner()).await?))
    }

    async fn check_token(&self, request: Request<CheckTokenRequest>) -> Result<Response<CheckTokenReply>, Status> {
        self.reads.check_token(request.into_inner().context.as_ref()).await?;
        Ok(Response::new(CheckTokenReply {}))
    }
}
