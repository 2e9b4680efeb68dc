//! The services that the seed talks to.

use domain::{EmailAddress, OrderId};
use import::{Service, deliver};
use proto::failure::{Failure, FailureKind};
use proto::transport::Transport;
use proto::v1::audit_query_client::AuditQueryClient;
use proto::v1::import_outcome::Kind;
use proto::v1::order_command_client::OrderCommandClient;
use proto::v1::user_command_client::UserCommandClient;
use proto::v1::{
    CancelOrderRequest, CommandContext, CreateUserRequest, ImportOutcome, PageRequest, PlaceOrderRequest,
    ReadStreamRequest, RecordedEvent, Role,
};
use sha2::{Digest as _, Sha256};

use super::history::SOURCE;
use super::{Error, Options};

/// Rows in a request.
const BATCH: usize = 200;
/// Requests on their way at once.
const IN_FLIGHT: usize = 4;

/// Clients of the services.
pub(super) struct Shop {
    pub(super) products: import::Products,
    pub(super) orders: import::Orders,
    placing: OrderCommandClient<Transport>,
    users: UserCommandClient<Transport>,
    log: AuditQueryClient<Transport>,
    context: CommandContext,
}

impl Shop {
    pub(super) fn new(commands: Transport, queries: Transport, options: &Options) -> Self {
        let context = CommandContext {
            actor: options.actor.clone(),
            request_id: format!("seed-{}", options.correlation_id),
            correlation_id: options.correlation_id.to_string(),
            channel: "seed".to_owned(),
            ..CommandContext::default()
        };
        Self {
            products: import::Products::new(commands.clone(), context.clone()),
            orders: import::Orders::new(commands.clone(), context.clone(), SOURCE),
            placing: OrderCommandClient::new(commands.clone()),
            users: UserCommandClient::new(commands),
            log: AuditQueryClient::new(queries),
            context,
        }
    }

    /// Sends rows, a few requests at a time; `done` is told how many were acknowledged.
    pub(super) async fn import<S: Service>(
        &self,
        service: &S,
        rows: &[S::Row],
        mut done: impl FnMut(usize),
    ) -> Result<Vec<ImportOutcome>, Error> {
        use futures::StreamExt as _;
        let batches = futures::stream::iter(rows.chunks(BATCH).map(|batch| deliver(service, batch)));
        let mut batches = batches.buffered(IN_FLIGHT);
        let mut outcomes = Vec::with_capacity(rows.len());
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let batch: Vec<_> = batch.into_iter().map(|delivered| delivered.outcome).collect();
            if let Some(refused) = batch.iter().find(|outcome| outcome.kind() == Kind::Rejected) {
                return Err(Error::Refused {
                    field: refused.field.clone(),
                    code: refused.code.clone(),
                    message: refused.message.clone(),
                });
            }
            done(batch.len());
            outcomes.extend(batch);
        }
        Ok(outcomes)
    }

    /// The first event of a stream, read from the log itself, so that no read model has to have caught up.
    async fn first_event(&self, aggregate_type: &str, id: String) -> Result<Option<RecordedEvent>, Error> {
        let request = ReadStreamRequest {
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: id,
            page: Some(PageRequest {
                limit: 1,
                cursor: String::new(),
            }),
            ..ReadStreamRequest::default()
        };
        match self.log.clone().read_stream(request).await {
            Ok(reply) => Ok(reply.into_inner().events.into_iter().next()),
            Err(status) => {
                let failure = Failure::from(&status);
                match failure.kind() {
                    FailureKind::NotFound => Ok(None),
                    _ => Err(Error::Service(failure)),
                }
            }
        }
    }

    /// When an order of the demo's history was placed, in microseconds since 1970; `None` when there is no such order.
    pub(super) async fn placed_at(&self, external_id: &str) -> Result<Option<i64>, Error> {
        let id = OrderId::imported(SOURCE, external_id).to_string();
        let event = self.first_event("order", id).await?;
        Ok(event.map(|event| event.occurred_at_micros))
    }

    /// The id of the user with this address, who is made if there is none; true when that was so. Asked for first, because
    /// a password is hashed before the address is found to be taken, and hashing is slow on purpose.
    pub(super) async fn user(
        &self,
        email: &str,
        name: &str,
        role: Role,
        password: &str,
    ) -> Result<(String, bool), Error> {
        if let Ok(address) = EmailAddress::new(email)
            && let Some(event) = self.first_event("email", address.stream_id()).await?
        {
            return Ok((claimed_by(&event), false));
        }
        let request = CreateUserRequest {
            context: Some(self.context.clone()),
            email: email.to_owned(),
            name: name.to_owned(),
            role: role.into(),
            password: password.to_owned(),
        };
        let reply = self.users.clone().create_user(request).await;
        let reply = reply.map_err(|status| Error::Service(Failure::from(&status)))?;
        Ok((reply.into_inner().user.map(|user| user.id).unwrap_or_default(), true))
    }

    /// Places an order once, however often it is asked for; answers with its id, and true when it is a new one.
    pub(super) async fn place(&self, key: &str, mut request: PlaceOrderRequest) -> Result<(String, bool), Error> {
        let mut hash = Sha256::new();
        hash.update(&request.customer_id);
        for line in &request.lines {
            hash.update(format!("|{}*{}", line.product_id, line.quantity));
        }
        request.context = Some(self.once(key, hash.finalize().to_vec()));
        let reply = self.placing.clone().place_order(request).await;
        let reply = reply.map_err(|status| Error::Service(Failure::from(&status)))?;
        let reply = reply.into_inner();
        let replayed = reply.committed.is_some_and(|committed| committed.replayed);
        Ok((reply.order.map(|order| order.id).unwrap_or_default(), !replayed))
    }

    /// Cancels an order; again is no error.
    pub(super) async fn cancel(&self, key: &str, id: String, reason: &str) -> Result<(), Error> {
        let request = CancelOrderRequest {
            context: Some(self.once(key, Sha256::digest(&id).to_vec())),
            id,
            reason: reason.to_owned(),
            ..CancelOrderRequest::default()
        };
        let reply = self.placing.clone().cancel_order(request).await;
        reply.map_err(|status| Error::Service(Failure::from(&status)))?;
        Ok(())
    }

    fn once(&self, key: &str, request_hash: Vec<u8>) -> CommandContext {
        CommandContext {
            idempotency_key: key.to_owned(),
            request_hash,
            ..self.context.clone()
        }
    }
}

fn claimed_by(event: &RecordedEvent) -> String {
    let payload: serde_json::Value = serde_json::from_str(&event.payload).unwrap_or_default();
    let id = payload
        .pointer("/EmailClaimed/user_id")
        .or_else(|| payload.get("user_id"));
    id.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
