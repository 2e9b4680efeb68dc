//! Orders: one file per use case.

mod cancel;
mod catalogue;
mod customers;
mod flight;
mod import;
mod number;
mod place;
mod request;
mod resources;
mod stock;
mod view;

use std::sync::Arc;

use proto::{
    transport::Transport,
    v1::{
        CancelOrderRequest, ImportOrdersRequest, ImportReply, OrderReply, PlaceOrderRequest,
        order_command_server::OrderCommand,
    },
};
use tonic::{Request, Response, Status};

use self::resources::Resources;
use crate::{context::Deadline, core::Core, serve::serve};

/// The gRPC service `OrderCommand`.
#[derive(Clone)]
pub(crate) struct Orders {
    resources: Arc<Resources>,
}

impl Orders {
    pub(crate) fn new(core: Core, stock: Transport) -> Self {
        Self {
            resources: Arc::new(Resources::new(core, stock)),
        }
    }

    /// Gives back what is taken in advance.
    pub(crate) async fn close(&self) {
        self.resources.numbers.give_back().await;
    }
}

#[tonic::async_trait]
impl OrderCommand for Orders {
    async fn place_order(&self, request: Request<PlaceOrderRequest>) -> Result<Response<OrderReply>, Status> {
        let deadline = Deadline::of(request.metadata());
        serve(
            "PlaceOrder",
            place::place_order(&self.resources, deadline, request.into_inner()),
        )
        .await
    }

    async fn cancel_order(&self, request: Request<CancelOrderRequest>) -> Result<Response<OrderReply>, Status> {
        serve(
            "CancelOrder",
            cancel::cancel_order(&self.resources, request.into_inner()),
        )
        .await
    }

    async fn import_orders(&self, request: Request<ImportOrdersRequest>) -> Result<Response<ImportReply>, Status> {
        serve(
            "ImportOrders",
            import::import_orders(&self.resources, request.into_inner()),
        )
        .await
    }
}
