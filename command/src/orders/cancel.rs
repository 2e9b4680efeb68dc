//! Calling an order off and giving its stock back, in one commit.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    OrderId, Reason,
    order::{Order, OrderCommand, OrderError, OrderEvent, OrderStatus},
    stock::{Stock, StockCommand, StockError},
};
use proto::{
    failure::Failure,
    v1::{self, CancelOrderRequest, OrderReply},
};
use serde::{Deserialize, Serialize};

use super::{Inner, refusal::of_order, view};
use crate::{context::Context, failure, fields::Fields, history, reply, stock::refusal::of_stock};

/// What is stored under the idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cancelled {
    version: u64,
    /// `None`: it was cancelled before.
    cancelled_at: Option<DateTime<Utc>>,
}

pub(super) async fn cancel_order(orders: &Inner, request: CancelOrderRequest) -> Result<OrderReply, Failure> {
    let context = Context::new(&orders.core, "cancel_order", request.context)?;
    let mut fields = Fields::default();
    let order_id: Option<OrderId> = fields.check("id", request.id.parse());
    let reason = fields.check("reason", Reason::new(&request.reason));
    fields.into_result()?;
    let (Some(order_id), Some(reason)) = (order_id, reason) else {
        return Err(Fields::default().into_failure());
    };

    // Its products, for the plan: which they are never changes.
    let before = load(orders, &request.id).await?;
    let lines = before.placed().map_or(&[][..], |placed| &placed.lines);
    let stocks: BTreeSet<String> = lines.iter().map(|line| line.product_id.to_string()).collect();
    let plan = stocks
        .iter()
        .fold(context.plan().write::<Order>(request.id.as_str()), |plan, stock| {
            plan.write::<Stock>(stock.as_str())
        });
    let release = StockCommand::Release {
        order_id,
        reason: Reason::new("the order was cancelled").map_err(|error| failure::internal("a reason", &error))?,
    };
    let now = context.now;
    let stream = request.id.clone();
    let only_customer = request.only_customer_id;
    let expected_version = request.expected_version;
    let committed = orders
        .core
        .store
        .transact(plan, move |transaction| {
            let order = transaction.state::<Order>(&stream);
            let version = transaction.version::<Order>(&stream);
            if !only_customer.is_empty() && !belongs_to(order, &only_customer) {
                return Err(Refusal::Order(OrderError::NotFound));
            }
            // Compared here and not by the plan: whose order it is comes before which version it has.
            if let Some(expected) = expected_version.filter(|expected| version > 0 && *expected != version) {
                return Err(Refusal::Version {
                    expected,
                    actual: version,
                });
            }
            // Given up before it was placed: for clients it never was.
            if order.status() == Some(OrderStatus::Expired) {
                return Err(Refusal::Order(OrderError::NotFound));
            }
            let cancel = OrderCommand::Cancel { reason: reason.clone() };
            let events: Vec<OrderEvent> = order.decide(&cancel).map_err(Refusal::Order)?;
            let cancelled_at = (!events.is_empty()).then_some(now);
            let version = version + u64::from(!events.is_empty());
            transaction.append::<Order>(&stream, events);
            for stock in &stocks {
                let events = transaction
                    .state::<Stock>(stock)
                    .decide(&release)
                    .map_err(Refusal::Stock)?;
                transaction.append::<Stock>(stock, events);
            }
            Ok::<_, Refusal>(Cancelled { version, cancelled_at })
        })
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;

    let order = load(orders, &request.id).await?;
    let Some(placed) = order.placed() else {
        return Err(failure::internal("a cancelled order is not there", &order_id));
    };
    let cancelled_at = match committed.value.cancelled_at {
        Some(at) => at.timestamp_micros(),
        None => history::last_change_micros::<Order>(&orders.core, &request.id)
            .await
            .map_err(|error| failure::of_store(&error))?,
    };
    Ok(OrderReply {
        order: Some(v1::Order {
            status: v1::OrderStatus::Cancelled.into(),
            cancelled_at_micros: Some(cancelled_at),
            cancel_reason: order.reason().map(ToString::to_string).unwrap_or_default(),
            version: committed.value.version,
            updated_at_micros: cancelled_at,
            ..view::placed(placed)
        }),
        committed: Some(reply::committed(&committed, committed.value.version)),
    })
}

async fn load(orders: &Inner, id: &str) -> Result<Order, Failure> {
    let loaded = orders.core.store.load::<Order>(id).await;
    Ok(loaded.map_err(|error| failure::of_store(&error))?.aggregate)
}

fn belongs_to(order: &Order, customer_id: &str) -> bool {
    order
        .placed()
        .is_some_and(|placed| placed.customer_id.to_string() == customer_id)
}

enum Refusal {
    Order(OrderError),
    Stock(StockError),
    Version { expected: u64, actual: u64 },
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Order(error) => of_order(error),
            Refusal::Stock(error) => of_stock(error),
            Refusal::Version { expected, actual } => failure::version_mismatch(expected, actual),
        }
    }
}
