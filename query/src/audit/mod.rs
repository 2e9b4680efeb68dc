//! `AuditQuery`: the events themselves.

mod explain;
mod list_events;
mod owner;
mod read_stream;
mod row;
mod trace;

use proto::v1::audit_query_server::AuditQuery;
use proto::v1::{
    CheckTokenReply, CheckTokenRequest, ListEventsReply, ListEventsRequest, ReadStreamReply, ReadStreamRequest,
    TraceReply, TraceRequest,
};
use tonic::{Request, Response, Status};

use crate::Query;

#[tonic::async_trait]
impl AuditQuery for Query {
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
        Query::check_token(self, request.into_inner().context.as_ref()).await?;
        Ok(Response::new(CheckTokenReply {}))
    }
}
