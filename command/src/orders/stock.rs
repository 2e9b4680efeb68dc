//! The stock service, as orders call it.

use domain::OrderId;
use proto::{
    failure::Failure,
    transport::Transport,
    v1::{
        CommandContext, OrderStockRequest, ReserveStockReply, ReserveStockRequest, StockLine,
        stock_command_client::StockCommandClient,
    },
};
use tonic::Request;

use crate::context::Deadline;

#[derive(Clone)]
pub(super) struct StockService {
    client: StockCommandClient<Transport>,
}

impl StockService {
    pub(super) fn new(transport: Transport) -> Self {
        Self {
            client: StockCommandClient::new(transport),
        }
    }

    pub(super) async fn reserve(
        &self,
        context: CommandContext,
        deadline: Deadline,
        order_id: OrderId,
        lines: Vec<StockLine>,
    ) -> Result<ReserveStockReply, Failure> {
        let mut request = Request::new(ReserveStockRequest {
            context: Some(context),
            order_id: order_id.to_string(),
            lines,
        });
        request.set_timeout(deadline.left());
        let reply = self.client.clone().reserve_stock(request).await;
        reply
            .map(tonic::Response::into_inner)
            .map_err(|status| failure(&status))
    }

    /// Gives back what the order holds of the products; answers with the consistency token. Gets the default time, not what is left of the caller's: it cleans up.
    pub(super) async fn release(
        &self,
        context: CommandContext,
        order_id: OrderId,
        product_ids: Vec<String>,
        reason: &str,
    ) -> Result<String, Failure> {
        let mut request = Request::new(OrderStockRequest {
            context: Some(context),
            order_id: order_id.to_string(),
            product_ids,
            reason: reason.to_owned(),
        });
        request.set_timeout(proto::transport::DEFAULT_DEADLINE);
        let reply = self.client.clone().release_stock(request).await;
        reply
            .map(|reply| reply.into_inner().committed.unwrap_or_default().consistency_token)
            .map_err(|status| failure(&status))
    }
}

/// What the service says; one that does not say anything itself did not answer, which is logged here.
fn failure(status: &tonic::Status) -> Failure {
    if status.details().is_empty() {
        tracing::warn!(code = ?status.code(), message = status.message(), "the stock service did not answer");
    }
    Failure::from(status)
}
