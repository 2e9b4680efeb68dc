//! One order of another system.

use domain::{
    OrderId,
    order::{ImportOrder, Order, OrderCommand},
};
use eventstore::Transaction;
use proto::failure::Failure;

use super::{
    record::{Recorded, Refusal, imported, keep_snapshots},
    row::Row,
};
use crate::{context::Context, core::Core, import::Imported};

pub(super) async fn import(core: &Core, context: &Context, row: Row) -> Result<Imported, Failure> {
    let order_id = OrderId::imported(row.source.as_str(), row.external_id.as_str());
    let id = order_id.to_string();
    let plan = context.plan_at(row.occurred_at).create::<Order>(id.as_str());
    let unknown = row.unknown_product();
    let unnamed = row.unnamed_lines();
    let import = ImportOrder {
        order_id,
        source: row.source,
        external_id: row.external_id,
        customer_id: row.customer_id,
        customer_reference: row.customer_reference,
        country: row.country,
        currency: row.currency,
        lines: row.lines.into_iter().map(|line| line.item).collect(),
    };
    let stream = id.clone();
    let record = move |transaction: &mut Transaction<'_>| {
        let order = transaction.state::<Order>(&stream);
        let mut import = import.clone();
        match order.imported() {
            Some(present) => keep_snapshots(&present.lines, &mut import.lines, &unnamed),
            None => Refusal::unless_known(unknown.as_ref())?,
        }
        let events = order.decide(&OrderCommand::Import(import))?;
        let new = !events.is_empty();
        transaction.append::<Order>(&stream, events);
        Ok::<_, Refusal>(Recorded { new })
    };
    let committed = core.commit(plan, record).await?;
    Ok(imported(id, &committed))
}
