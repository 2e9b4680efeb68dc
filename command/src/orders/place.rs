//! Placing an order: the stock service says whether it can be had, then the stock is taken and the order placed in one commit.
//!
//! What was asked beforehand is advice. The commit decides on the very state that it follows, all lines or none, so there is no stock
//! held for an order that is not there, nor an order without its stock.

use std::sync::Arc;

use domain::{
    OrderId,
    order::{Order, OrderCommand, OrderError, OrderEvent, PlacedOrder},
};
use eventstore::{Committed, IdempotencyError, IdempotencyKey, TransactError, Transaction};
use proto::{
    failure::{Failure, FailureKind},
    v1::{self, OrderReply, PlaceOrderRequest, StockLine},
};
use serde::{Deserialize, Serialize};

use super::{request::OrderRequest, resources::Resources, view};
use crate::{
    basket,
    context::{Context, Deadline},
    failure,
    refusal::of_order,
    reply,
};

pub(super) async fn place_order(
    orders: &Arc<Resources>,
    deadline: Deadline,
    mut request: PlaceOrderRequest,
) -> Result<OrderReply, Failure> {
    let context = request.context.take();
    let lines = std::mem::take(&mut request.lines);
    let lines: Vec<StockLine> = lines
        .into_iter()
        .map(|line| StockLine {
            product_id: line.product_id,
            quantity: line.quantity,
        })
        .collect();
    let (context, order) = Context::accept(&orders.core, "place_order", context, |fields| {
        OrderRequest::read(fields, &request, &lines)
    })?;
    // On a task of its own: a caller that goes away must not take its number along.
    let orders = Arc::clone(orders);
    let run = tokio::spawn(async move { orders.place_once(&context, deadline, order, lines).await });
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
    /// Consistency token of the reservation, of orders that were placed when that was a commit of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reserved: String,
    /// Not stored: `None` when it is another run's outcome.
    #[serde(skip)]
    order: Option<PlacedOrder>,
}

/// The commit as the caller gets it: the token covers the stock too.
fn answered(committed: &Committed<Placed>) -> v1::Committed {
    let mut positions = committed.token();
    reply::merge_token(&mut positions, &committed.value.reserved);
    v1::Committed {
        consistency_token: positions.to_string(),
        ..reply::committed(committed, 1)
    }
}

/// Why an order was not placed.
enum Refusal {
    Basket(basket::Refusal),
    Order(OrderError),
}

impl From<basket::Refusal> for Refusal {
    fn from(refusal: basket::Refusal) -> Self {
        Self::Basket(refusal)
    }
}

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        Self::Order(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Basket(refusal) => refusal.into(),
            Refusal::Order(error) => of_order(error),
        }
    }
}

impl Resources {
    async fn place_once(
        &self,
        context: &Context,
        deadline: Deadline,
        request: OrderRequest,
        lines: Vec<StockLine>,
    ) -> Result<OrderReply, Failure> {
        let Some(key) = &context.key else {
            return self.place(context, deadline, request, lines).await;
        };
        let flight = self.flights.enter(key).await;
        // A key that is new to this process is most likely new: the append finds out without asking beforehand.
        if flight.seen
            && let Some(reply) = self.replay(key).await?
        {
            return Ok(reply);
        }
        match self.place(context, deadline, request, lines).await {
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
        let order = self.core.load::<Order>(&order_id).await?;
        let placed = order
            .aggregate
            .placed()
            .ok_or_else(|| failure::internal("an idempotency key stands for an order that is not there", &order_id))?;
        Ok(OrderReply {
            order: Some(view::placed(placed)),
            committed: Some(answered(&committed)),
        })
    }

    async fn place(
        &self,
        context: &Context,
        deadline: Deadline,
        request: OrderRequest,
        lines: Vec<StockLine>,
    ) -> Result<OrderReply, Failure> {
        self.customers.check(&self.core, context, request.customer_id).await?;
        self.stock.check(deadline, lines).await?;
        if deadline.left().is_zero() {
            return Err(timeout());
        }
        let order_id = OrderId::new(self.core.mint(context.now));
        let number = self.numbers.next().await?;
        let placed = self.append(context, order_id, number, request).await;
        let in_use = match &placed {
            Ok(committed) => committed.value.order_id == order_id,
            Err(error) => error.in_doubt(),
        };
        if !in_use {
            self.numbers.put_back(number).await;
        }
        let mut committed = placed.map_err(failure::of_transaction)?;
        match committed.value.order.take() {
            Some(order) => Ok(OrderReply {
                order: Some(view::placed(&order)),
                committed: Some(answered(&committed)),
            }),
            // Another run under the same key came first.
            None => self.replayed(committed).await,
        }
    }

    /// Takes the stock and places the order, both or neither.
    async fn append(
        &self,
        context: &Context,
        order_id: OrderId,
        number: u64,
        request: OrderRequest,
    ) -> Result<Committed<Placed>, TransactError<Refusal>> {
        let stream = order_id.to_string();
        let plan = request.basket.plan(context.plan().create::<Order>(stream.as_str()));
        let now = context.now;
        let decide = move |transaction: &mut Transaction<'_>| {
            let products = request.basket.reserve(transaction, order_id)?;
            let command = OrderCommand::Place(request.price(order_id, number, &products, now)?);
            let events = transaction.state::<Order>(&stream).decide(&command)?;
            let order = events.iter().find_map(|event| match event {
                OrderEvent::OrderPlaced(placed) => Some(placed.clone()),
                _ => None,
            });
            transaction.append::<Order>(&stream, events);
            Ok(Placed {
                order_id,
                reserved: String::new(),
                order,
            })
        };
        self.core.store.transact(plan, decide).await
    }
}
