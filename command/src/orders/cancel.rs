//! Calling an order off and giving its stock back, in one commit.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    OrderId, Reason,
    order::{Order, OrderCommand, OrderError, OrderStatus},
    stock::{Stock, StockCommand},
};
use eventstore::Transaction;
use proto::{
    failure::Failure,
    v1::{self, CancelOrderRequest, OrderReply},
};
use serde::{Deserialize, Serialize};

use super::{resources::Resources, view};
use crate::{
    context::Context,
    failure,
    refusal::{Refusal, Stale},
    reply,
};

/// What is stored under the idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cancelled {
    version: u64,
    /// `None`: it was cancelled before.
    cancelled_at: Option<DateTime<Utc>>,
}

pub(super) async fn cancel_order(orders: &Resources, request: CancelOrderRequest) -> Result<OrderReply, Failure> {
    let (context, (order_id, reason)) = Context::accept(&orders.core, "cancel_order", request.context, |fields| {
        let order_id = fields.check("id", request.id.parse::<OrderId>());
        let reason = fields.check("reason", Reason::new(&request.reason));
        Some((order_id?, reason?))
    })?;

    // Its products, for the plan: which they are never changes.
    let before = orders.core.load::<Order>(&request.id).await?.aggregate;
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
    let decide = move |transaction: &mut Transaction<'_>| {
        let order = transaction.state::<Order>(&stream);
        let version = transaction.version::<Order>(&stream);
        if !only_customer.is_empty() && !belongs_to(order, &only_customer) {
            return Err(Refusal::Order(OrderError::NotFound));
        }
        // Compared here and not by the plan: whose order it is comes before which version it has.
        Stale::check(expected_version.filter(|_| version > 0), version)?;
        // Given up before it was placed: for clients it never was.
        if order.status() == Some(OrderStatus::Expired) {
            return Err(Refusal::Order(OrderError::NotFound));
        }
        let events = order.decide(&OrderCommand::Cancel { reason: reason.clone() })?;
        let cancelled_at = (!events.is_empty()).then_some(now);
        let version = version + u64::from(!events.is_empty());
        transaction.append::<Order>(&stream, events);
        for stock in &stocks {
            let events = transaction.state::<Stock>(stock).decide(&release)?;
            transaction.append::<Stock>(stock, events);
        }
        Ok(Cancelled { version, cancelled_at })
    };
    let committed = orders.core.commit(plan, decide).await?;

    let order = orders.core.load::<Order>(&request.id).await?.aggregate;
    let Some(placed) = order.placed() else {
        return Err(failure::internal("a cancelled order is not there", &order_id));
    };
    let cancelled_at = match committed.value.cancelled_at {
        Some(at) => at.timestamp_micros(),
        None => orders.core.last_change_micros::<Order>(&request.id).await?,
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

fn belongs_to(order: &Order, customer_id: &str) -> bool {
    order
        .placed()
        .is_some_and(|placed| placed.customer_id.to_string() == customer_id)
}
