//! `SealQuery`: the signed checkpoints and what they prove.

mod checkpoint;
mod consistency;
mod event;
mod state;
mod tiles;

use proto::v1::seal_query_server::SealQuery;
use proto::v1::{
    GetCheckpointRequest, GetSealRequest, ListCheckpointsReply, ListCheckpointsRequest, Proof, ProveConsistencyRequest,
    ProveEventRequest, Seal, SealedCheckpoint,
};
use tonic::{Request, Response, Status};

use crate::Query;

#[tonic::async_trait]
impl SealQuery for Query {
    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Result<Response<ListCheckpointsReply>, Status> {
        Ok(Response::new(checkpoint::list(self, request.into_inner()).await?))
    }

    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<SealedCheckpoint>, Status> {
        Ok(Response::new(checkpoint::get(self, request.into_inner()).await?))
    }

    async fn prove_event(&self, request: Request<ProveEventRequest>) -> Result<Response<Proof>, Status> {
        Ok(Response::new(event::prove(self, request.into_inner()).await?))
    }

    async fn prove_consistency(&self, request: Request<ProveConsistencyRequest>) -> Result<Response<Proof>, Status> {
        Ok(Response::new(consistency::prove(self, request.into_inner()).await?))
    }

    async fn get_seal(&self, _: Request<GetSealRequest>) -> Result<Response<Seal>, Status> {
        Ok(Response::new(state::get(self).await?))
    }
}
