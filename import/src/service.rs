//! The command services that take rows.

use std::future::Future;

use proto::transport::Transport;
use proto::v1::order_command_client::OrderCommandClient;
use proto::v1::product_command_client::ProductCommandClient;
use proto::v1::{
    CommandContext, ImportOrderRow, ImportOrdersRequest, ImportProductRow, ImportProductsRequest, ImportReply,
};
use tonic::Status;

/// Largest answer to a request, in bytes.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// A command service that takes rows of one kind.
pub trait Service: Clone + Send + Sync + 'static {
    /// What it takes.
    type Row: Clone + Send + Sync + 'static;

    /// Sends rows; the reply has one outcome for each.
    fn import(&self, rows: Vec<Self::Row>) -> impl Future<Output = Result<ImportReply, Status>> + Send;
}

/// Sends products.
#[derive(Clone, Debug)]
pub struct Products {
    client: ProductCommandClient<Transport>,
    context: CommandContext,
}

impl Products {
    /// To `commands`, in the name of `context`.
    #[must_use]
    pub fn new(commands: Transport, context: CommandContext) -> Self {
        Self {
            client: ProductCommandClient::new(commands).max_decoding_message_size(MAX_MESSAGE),
            context,
        }
    }
}

impl Service for Products {
    type Row = ImportProductRow;

    async fn import(&self, rows: Vec<ImportProductRow>) -> Result<ImportReply, Status> {
        let request = ImportProductsRequest {
            context: Some(self.context.clone()),
            rows,
        };
        let reply = self.client.clone().import_products(request).await?;
        Ok(reply.into_inner())
    }
}

/// Sends orders and credits.
#[derive(Clone, Debug)]
pub struct Orders {
    client: OrderCommandClient<Transport>,
    context: CommandContext,
    source: String,
}

impl Orders {
    /// To `commands`, in the name of `context`, as those of the system `source`.
    #[must_use]
    pub fn new(commands: Transport, context: CommandContext, source: &str) -> Self {
        Self {
            client: OrderCommandClient::new(commands).max_decoding_message_size(MAX_MESSAGE),
            context,
            source: source.to_owned(),
        }
    }
}

impl Service for Orders {
    type Row = ImportOrderRow;

    async fn import(&self, rows: Vec<ImportOrderRow>) -> Result<ImportReply, Status> {
        let request = ImportOrdersRequest {
            context: Some(self.context.clone()),
            source: self.source.clone(),
            rows,
        };
        let reply = self.client.clone().import_orders(request).await?;
        Ok(reply.into_inner())
    }
}
