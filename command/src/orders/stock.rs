//! The stock service, as orders call it.

use proto::{
    failure::Failure,
    transport::Transport,
    v1::{CheckStockReply, CheckStockRequest, StockLine, stock_command_client::StockCommandClient},
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

    /// Whether the products exist, are for sale and are there in the quantity.
    pub(super) async fn check(&self, deadline: Deadline, lines: Vec<StockLine>) -> Result<CheckStockReply, Failure> {
        let mut request = Request::new(CheckStockRequest { lines });
        request.set_timeout(deadline.left());
        let reply = self.client.clone().check_stock(request).await;
        reply
            .map(tonic::Response::into_inner)
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
