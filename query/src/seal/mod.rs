//! `SealQuery`: the signed checkpoints and what they prove.

mod checkpoint;
mod consistency;
mod event;
mod state;
mod tiles;

use proto::v1::seal_query_server::{SealQuery, SealQueryServer};
use proto::v1::{
    GetCheckpointRequest, GetSealRequest, ListCheckpointsReply, ListCheckpointsRequest, Proof, ProveConsistencyRequest,
    ProveEventRequest, Seal, SealedCheckpoint,
};
use reads::Reads;
use tonic::{Request, Response, Status};

/// The signed checkpoints and what they prove.
#[derive(Clone, Debug)]
pub struct SealService(Reads);

impl SealService {
    /// The server of `tillroll.v1.SealQuery`.
    #[must_use]
    pub fn server(reads: Reads) -> SealQueryServer<Self> {
        SealQueryServer::new(Self(reads))
    }
}

#[tonic::async_trait]
impl SealQuery for SealService {
    async fn list_checkpoints(
        &self,
        request: Request<ListCheckpointsRequest>,
    ) -> Result<Response<ListCheckpointsReply>, Status> {
        Ok(Response::new(checkpoint::list(&self.0, request.into_inner()).await?))
    }

    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<SealedCheckpoint>, Status> {
        Ok(Response::new(checkpoint::get(&self.0, request.into_inner()).await?))
    }

    async fn prove_event(&self, request: Request<ProveEventRequest>) -> Result<Response<Proof>, Status> {
        Ok(Response::new(event::prove(&self.0, request.into_inner()).await?))
    }

    async fn prove_consistency(&self, request: Request<ProveConsistencyRequest>) -> Result<Response<Proof>, Status> {
        Ok(Response::new(consistency::prove(&self.0, request.into_inner()).await?))
    }

    async fn get_seal(&self, _: Request<GetSealRequest>) -> Result<Response<Seal>, Status> {
        Ok(Response::new(state::get(&self.0).await?))
    }
}
