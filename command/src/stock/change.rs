//! Changes to the stock of one product, which must exist and not be deleted while they commit.

use cqrs_es::Aggregate;
use domain::{
    ProductId, Quantity, Reason,
    product::Product,
    stock::{Stock, StockCommand, adjustment, counted},
};
use eventstore::Transaction;
use proto::{
    failure::Failure,
    v1::{AdjustStockRequest, CommandContext, ReceiveStockRequest, SetStockRequest, StockReply},
};

use crate::{
    context::Context,
    core::Core,
    fields::Fields,
    refusal::{Refusal, Stale},
    reply,
    stock_level::StockLevel,
};

/// Goods came in.
pub(super) async fn receive_stock(core: &Core, request: ReceiveStockRequest) -> Result<StockReply, Failure> {
    let stock = (request.product_id, request.expected_version);
    let read = |fields: &mut Fields| {
        let quantity = fields.check("quantity", Quantity::new(request.quantity));
        let reason = fields.check("reason", Reason::optional(&request.reason));
        Some(StockCommand::Receive {
            quantity: quantity?,
            reason: reason?,
        })
    };
    change(core, "receive_stock", request.context, stock, read).await
}

/// The shelf has more or fewer than the books say.
pub(super) async fn adjust_stock(core: &Core, request: AdjustStockRequest) -> Result<StockReply, Failure> {
    let stock = (request.product_id, request.expected_version);
    let read = |fields: &mut Fields| {
        let delta = fields.check("quantity", adjustment(request.quantity));
        let reason = fields.check("reason", Reason::new(&request.reason));
        Some(StockCommand::Adjust {
            delta: delta?,
            reason: reason?,
        })
    };
    change(core, "adjust_stock", request.context, stock, read).await
}

/// The shelf was counted.
pub(super) async fn set_stock(core: &Core, request: SetStockRequest) -> Result<StockReply, Failure> {
    let stock = (request.product_id, request.expected_version);
    let expected = request.expected;
    let read = |fields: &mut Fields| {
        let quantity = fields.check("quantity", counted(request.quantity));
        let reason = fields.check("reason", Reason::optional(&request.reason));
        Some(StockCommand::Set {
            quantity: quantity?,
            expected,
            reason: reason?,
        })
    };
    change(core, "set_stock", request.context, stock, read).await
}

/// Carries out the command that `read` makes of the rest of a request, on the stock of a product at an expected version.
async fn change(
    core: &Core,
    name: &'static str,
    context: Option<CommandContext>,
    (id, expected_version): (String, Option<u64>),
    read: impl FnOnce(&mut Fields) -> Option<StockCommand>,
) -> Result<StockReply, Failure> {
    let (context, command) = Context::accept(core, name, context, |fields| {
        let id = fields.check("product_id", id.parse::<ProductId>());
        let command = read(fields);
        id.and(command)
    })?;
    let plan = context.plan().write::<Stock>(id.as_str());
    let plan = plan.guard::<Product>(id.as_str());
    let stream = id.clone();
    let decide = move |transaction: &mut Transaction<'_>| {
        transaction.state::<Product>(&stream).live()?;
        let mut version = transaction.version::<Stock>(&stream);
        // Compared here and not by the plan: that the product is there comes before which version its stock has.
        Stale::check(expected_version, version)?;
        let mut stock = transaction.state::<Stock>(&stream).clone();
        let events = stock.decide(&command)?;
        for event in &events {
            stock.apply(event.clone());
            version += 1;
        }
        transaction.append::<Stock>(&stream, events);
        Ok::<_, Refusal>(StockLevel::of(&stock, version))
    };
    let committed = core.commit(plan, decide).await?;
    Ok(StockReply {
        product_id: id,
        level: Some(committed.value.message()),
        committed: Some(reply::committed(&committed, committed.value.version)),
    })
}
