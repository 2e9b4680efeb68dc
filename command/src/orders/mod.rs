//! Orders: one file per use case.

mod cancel;
mod customers;
mod flight;
mod import;
mod number;
mod place;
mod refusal;
mod stock;
mod view;
mod wanted;

use std::sync::Arc;

use proto::{
    transport::Transport,
    v1::{
        CancelOrderRequest, ImportOrdersRequest, ImportReply, OrderReply, PlaceOrderRequest,
        order_command_server::OrderCommand,
    },
};
use tonic::{Request, Response, Status};

use self::{customers::Customers, flight::Flights, import::Catalogue, number::Numbers, stock::StockService};
use crate::{context::Deadline, core::Core, serve::serve};

/// The gRPC service `OrderCommand`.
#[derive(Clone)]
pub(crate) struct Orders {
    inner: Arc<Inner>,
}

struct Inner {
    core: Core,
    stock: StockService,
    numbers: Numbers,
    flights: Flights,
    catalogue: Catalogue,
    customers: Customers,
}

impl Orders {
    pub(crate) fn new(core: Core, stock: Transport) -> Self {
        Self {
            inner: Arc::new(Inner {
                stock: StockService::new(stock),
                numbers: Numbers::new(core.pool.clone()),
                core,
                flights: Flights::default(),
                catalogue: Catalogue::default(),
                customers: Customers::default(),
            }),
        }
    }

    /// Gives back what is taken in advance.
    pub(crate) async fn close(&self) {
        self.inner.numbers.give_back().await;
    }
}

#[tonic::async_trait]
impl OrderCommand for Orders {
    async fn place_order(&self, request: Request<PlaceOrderRequest>) -> Result<Response<OrderReply>, Status> {
        let deadline = Deadline::of(request.metadata());
        serve(
            "PlaceOrder",
            place::place_order(&self.inner, deadline, request.into_inner()),
        )
        .await
    }

    async fn cancel_order(&self, request: Request<CancelOrderRequest>) -> Result<Response<OrderReply>, Status> {
        serve("CancelOrder", cancel::cancel_order(&self.inner, request.into_inner())).await
    }

    async fn import_orders(&self, request: Request<ImportOrdersRequest>) -> Result<Response<ImportReply>, Status> {
        serve("ImportOrders", import::import_orders(&self.inner, request.into_inner())).await
    }
}
