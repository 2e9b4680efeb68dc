//! Changes to the stock of one product, which must exist and not be deleted while they commit.

use cqrs_es::Aggregate;
use domain::{
    ProductId,
    product::Product,
    stock::{Stock, StockCommand},
};
use proto::{failure::Failure, v1::StockReply};

use super::{level::Level, refusal::Refusal};
use crate::{context::Context, core::Core, failure, reply};

pub(super) async fn change(
    core: &Core,
    context: &Context,
    product_id: ProductId,
    expected_version: Option<u64>,
    command: StockCommand,
) -> Result<StockReply, Failure> {
    let id = product_id.to_string();
    let plan = context.plan().write::<Stock>(id.as_str());
    let plan = plan.guard::<Product>(id.as_str());
    let stream = id.clone();
    let committed = core
        .store
        .transact(plan, move |transaction| {
            transaction.state::<Product>(&stream).live().map_err(Refusal::Product)?;
            let mut version = transaction.version::<Stock>(&stream);
            // Compared here and not by the plan: that the product is there comes before which version its stock has.
            if let Some(expected) = expected_version.filter(|expected| *expected != version) {
                return Err(Refusal::Version {
                    expected,
                    actual: version,
                });
            }
            let mut stock = transaction.state::<Stock>(&stream).clone();
            let events = stock.decide(&command).map_err(Refusal::Stock)?;
            for event in &events {
                stock.apply(event.clone());
                version += 1;
            }
            transaction.append::<Stock>(&stream, events);
            Ok::<_, Refusal>(Level::of(&stock, version))
        })
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    Ok(StockReply {
        product_id: id,
        level: Some(committed.value.message()),
        committed: Some(reply::committed(&committed, committed.value.version)),
    })
}
