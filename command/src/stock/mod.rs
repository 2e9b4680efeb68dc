//! What is on the shelf: one file per use case.

mod change;
mod check;
mod order_stock;
mod reserve;

use std::sync::Arc;

use proto::v1::{
    AdjustStockRequest, CheckStockReply, CheckStockRequest, OrderStockReply, OrderStockRequest, ReceiveStockRequest,
    ReserveStockReply, ReserveStockRequest, SetStockRequest, StockReply, stock_command_server::StockCommand,
};
use tonic::{Request, Response, Status};

use self::check::RecentStock;
use crate::{core::Core, serve::serve};

/// The gRPC service `StockCommand`.
#[derive(Clone)]
pub(crate) struct Stocks {
    core: Core,
    recent: Arc<RecentStock>,
}

impl Stocks {
    pub(crate) fn new(core: Core) -> Self {
        Self {
            core,
            recent: Arc::default(),
        }
    }
}

#[tonic::async_trait]
impl StockCommand for Stocks {
    async fn receive_stock(&self, request: Request<ReceiveStockRequest>) -> Result<Response<StockReply>, Status> {
        serve("ReceiveStock", change::receive_stock(&self.core, request.into_inner())).await
    }

    async fn adjust_stock(&self, request: Request<AdjustStockRequest>) -> Result<Response<StockReply>, Status> {
        serve("AdjustStock", change::adjust_stock(&self.core, request.into_inner())).await
    }

    async fn set_stock(&self, request: Request<SetStockRequest>) -> Result<Response<StockReply>, Status> {
        serve("SetStock", change::set_stock(&self.core, request.into_inner())).await
    }

    async fn check_stock(&self, request: Request<CheckStockRequest>) -> Result<Response<CheckStockReply>, Status> {
        serve(
            "CheckStock",
            check::check_stock(&self.core, &self.recent, request.into_inner()),
        )
        .await
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockReply>, Status> {
        serve("ReserveStock", reserve::reserve_stock(&self.core, request.into_inner())).await
    }

    async fn release_stock(&self, request: Request<OrderStockRequest>) -> Result<Response<OrderStockReply>, Status> {
        serve(
            "ReleaseStock",
            order_stock::release_stock(&self.core, request.into_inner()),
        )
        .await
    }

    async fn commit_stock(&self, request: Request<OrderStockRequest>) -> Result<Response<OrderStockReply>, Status> {
        serve(
            "CommitStock",
            order_stock::commit_stock(&self.core, request.into_inner()),
        )
        .await
    }
}
