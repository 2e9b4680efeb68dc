//! Placing an order: stock first, over gRPC, then the order with the products as the stock service saw them.
//!
//! Between the two the stock is reserved for an order that does not exist yet. Whatever goes wrong there releases it again; what a
//! crash leaves behind, the process manager `reservations` finds.

use std::sync::Arc;

use domain::{
    OrderId,
    order::{Order, OrderCommand, OrderError, OrderEvent, PlacedOrder},
};
use eventstore::{Committed, IdempotencyError, IdempotencyKey};
use proto::{
    failure::{Failure, FailureKind},
    v1::{self, OrderReply, PlaceOrderRequest, ReserveStockReply},
};
use serde::{Deserialize, Serialize};

use super::{Inner, refusal::of_order, view, wanted::Wanted};
use crate::{
    context::{Context, Deadline},
    failure, reply,
};

pub(super) async fn place_order(
    orders: &Arc<Inner>,
    deadline: Deadline,
    mut request: PlaceOrderRequest,
) -> Result<OrderReply, Failure> {
    let context = Context::new(&orders.core, "place_order", request.context.take())?;
    let wanted = Wanted::read(request)?;
    // On a task of its own: a caller that goes away must not leave it half done.
    let orders = Arc::clone(orders);
    let run = tokio::spawn(async move { orders.place_once(&context, deadline, wanted).await });
    match tokio::time::timeout_at(deadline.at(), run).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => Err(failure::internal("placing an order broke off", &error)),
        Err(_) => Err(timeout()),
    }
}

fn timeout() -> Failure {
    Failure::new(
        FailureKind::Timeout,
        "timeout",
        "the order was not placed in time; try again with the same idempotency key",
    )
}

/// What is stored under the idempotency key. The rest of the answer is in the order's first event and never changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Placed {
    order_id: OrderId,
    /// Consistency token of its reservation.
    reserved: String,
    /// Not stored: `None` when another run's outcome is told.
    #[serde(skip)]
    order: Option<PlacedOrder>,
}

/// The commit as the caller is told it: the token covers the stock too.
fn told(committed: &Committed<Placed>) -> v1::Committed {
    let mut positions = committed.token();
    reply::merge_token(&mut positions, &committed.value.reserved);
    v1::Committed {
        consistency_token: positions.to_string(),
        ..reply::committed(committed, 1)
    }
}

/// An order that did not come to be.
enum Unplaced {
    /// For certain: what was reserved for it can go back.
    Refused(Failure),
    /// The commit's outcome is unknown: the order may exist, so its stock must stay.
    Unknown(Failure),
}

impl Inner {
    async fn place_once(&self, context: &Context, deadline: Deadline, wanted: Wanted) -> Result<OrderReply, Failure> {
        let Some(key) = &context.key else {
            return self.place(context, deadline, wanted).await;
        };
        let flight = self.flights.enter(key).await;
        // A key that is new to this process is most likely new: the append finds out without asking beforehand.
        if flight.seen
            && let Some(reply) = self.replay(key).await?
        {
            return Ok(reply);
        }
        match self.place(context, deadline, wanted).await {
            Ok(reply) => Ok(reply),
            Err(busy)
                if matches!(
                    busy.kind(),
                    FailureKind::Overloaded | FailureKind::Unavailable | FailureKind::Timeout
                ) =>
            {
                Err(busy)
            }
            // What is refused now may have been placed before, by another process or before a restart.
            Err(refused) => Ok(self.replay(key).await?.ok_or(refused)?),
        }
    }

    /// The answer that is stored under the key, if any.
    async fn replay(&self, key: &IdempotencyKey) -> Result<Option<OrderReply>, Failure> {
        match self.core.store.stored_outcome::<Placed>(key).await {
            Ok(None) => Ok(None),
            Ok(Some(committed)) => self.replayed(committed).await.map(Some),
            Err(IdempotencyError::KeyReused) => Err(failure::key_reused()),
            Err(IdempotencyError::Store(error)) => Err(failure::of_store(&error)),
        }
    }

    async fn replayed(&self, committed: Committed<Placed>) -> Result<OrderReply, Failure> {
        let order_id = committed.value.order_id.to_string();
        let order = self
            .core
            .store
            .load::<Order>(&order_id)
            .await
            .map_err(|error| failure::of_store(&error))?;
        let placed = order
            .aggregate
            .placed()
            .ok_or_else(|| failure::internal("an idempotency key stands for an order that is not there", &order_id))?;
        Ok(OrderReply {
            order: Some(view::placed(placed)),
            committed: Some(told(&committed)),
        })
    }

    async fn place(&self, context: &Context, deadline: Deadline, mut wanted: Wanted) -> Result<OrderReply, Failure> {
        self.customers.check(&self.core, context, wanted.customer_id).await?;
        let order_id = OrderId::new(self.core.mint(context.now));
        let lines = std::mem::take(&mut wanted.lines);
        let product_ids: Vec<String> = lines.iter().map(|line| line.product_id.clone()).collect();
        let cause = context.caused();
        let reserved = match self.stock.reserve(cause, deadline, order_id, lines).await {
            Ok(reserved) => reserved,
            Err(failure) => {
                // These may hide a reservation that was made.
                if matches!(
                    failure.kind(),
                    FailureKind::Unavailable | FailureKind::Timeout | FailureKind::Internal
                ) {
                    self.release(context, order_id, product_ids).await;
                }
                return Err(failure);
            }
        };
        match self.append(context, deadline, order_id, &wanted, reserved).await {
            // Another run under the same key came first; its order holds its own stock. Told by the order: what is released here must
            // never be what a placed order holds.
            Ok(committed) if committed.value.order_id != order_id => {
                self.release(context, order_id, product_ids).await;
                self.replayed(committed).await
            }
            Ok(mut committed) => {
                let order = committed
                    .value
                    .order
                    .take()
                    .ok_or_else(|| failure::internal("a placed order is missing from its own commit", &order_id))?;
                Ok(OrderReply {
                    order: Some(view::placed(&order)),
                    committed: Some(told(&committed)),
                })
            }
            Err(Unplaced::Refused(failure)) => {
                self.release(context, order_id, product_ids).await;
                Err(failure)
            }
            Err(Unplaced::Unknown(failure)) => Err(failure),
        }
    }

    async fn append(
        &self,
        context: &Context,
        deadline: Deadline,
        order_id: OrderId,
        wanted: &Wanted,
        stock: ReserveStockReply,
    ) -> Result<Committed<Placed>, Unplaced> {
        let mut place = wanted
            .price(context, order_id, &stock.products)
            .map_err(Unplaced::Refused)?;
        if deadline.left().is_zero() {
            return Err(Unplaced::Refused(timeout()));
        }
        // Decided once beforehand, so that an order that is refused takes no number.
        Order::default()
            .decide(&OrderCommand::Place(place.clone()))
            .map_err(|error| Unplaced::Refused(of_order(error)))?;
        place.number = self.numbers.next().await.map_err(Unplaced::Refused)?;
        let stream = order_id.to_string();
        let plan = context.plan().create::<Order>(stream.as_str());
        let command = OrderCommand::Place(place);
        let reserved = stock.committed.unwrap_or_default().consistency_token;
        let committed = self.core.store.transact(plan, move |transaction| {
            let events = transaction.state::<Order>(&stream).decide(&command)?;
            let order = events.iter().find_map(|event| match event {
                OrderEvent::OrderPlaced(placed) => Some(placed.clone()),
                _ => None,
            });
            transaction.append::<Order>(&stream, events);
            Ok::<_, OrderError>(Placed {
                order_id,
                reserved: reserved.clone(),
                order,
            })
        });
        committed.await.map_err(|error| {
            let unplaced = if error.in_doubt() {
                Unplaced::Unknown
            } else {
                Unplaced::Refused
            };
            unplaced(failure::of_transaction(error, of_order))
        })
    }

    /// As well as can be done now; what fails here runs out later.
    async fn release(&self, context: &Context, order_id: OrderId, product_ids: Vec<String>) {
        let cause = context.caused();
        let released = self
            .stock
            .release(cause, order_id, product_ids, "the order was not placed")
            .await;
        if let Err(failure) = released {
            tracing::warn!(%order_id, code = failure.code, "stock of an order that was not placed stays reserved until it runs out");
        }
    }
}
