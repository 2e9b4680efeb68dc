//! One credit of another system, recorded on the orders that it undoes too, in the same commit.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    CreditId, OrderId, Sku,
    credit::{Credit, CreditCommand, CreditLine, IssueCredit, by_order},
    order::{ImportedLine, Order, OrderCommand, OrderStatus},
};
use eventstore::Transaction;
use proto::failure::Failure;

use super::{
    record::{Recorded, Refusal, imported, is_same_item, keep_snapshots},
    row::Row,
};
use crate::{context::Context, core::Core, import::Imported};

pub(super) async fn import(core: &Core, context: &Context, row: Row) -> Result<Imported, Failure> {
    let credit_id = CreditId::imported(row.source.as_str(), row.external_id.as_str());
    let id = credit_id.to_string();
    let plan = context.plan_at(row.occurred_at).create::<Credit>(id.as_str());
    let unknown = row.unknown_product();
    let unnamed = row.unnamed_lines();
    let source = row.source.clone();
    let lines = row.lines.into_iter().map(|line| CreditLine {
        line: line.item,
        order_id: line
            .credits
            .map(|order| OrderId::imported(source.as_str(), order.as_str())),
    });
    let lines: Vec<CreditLine> = lines.collect();
    let orders: BTreeSet<OrderId> = lines.iter().filter_map(|line| line.order_id).collect();
    let orders: BTreeMap<OrderId, String> = orders
        .into_iter()
        .map(|order_id| (order_id, order_id.to_string()))
        .collect();
    let plan = orders
        .values()
        .fold(plan, |plan, stream| plan.write::<Order>(stream.as_str()));
    let issue = IssueCredit {
        credit_id,
        source: row.source,
        external_id: row.external_id,
        customer_id: row.customer_id,
        customer_reference: row.customer_reference,
        country: row.country,
        currency: row.currency,
        lines,
    };
    let record = CreditRecord {
        stream: id.clone(),
        issue,
        orders,
        unnamed,
        unknown,
    };
    let committed = core.commit(plan, move |transaction| record.append(transaction)).await?;
    Ok(imported(id, &committed))
}

/// What is to be recorded.
struct CreditRecord {
    stream: String,
    issue: IssueCredit,
    /// The orders that lines link to, with their streams.
    orders: BTreeMap<OrderId, String>,
    /// Lines whose name is not the row's own.
    unnamed: Vec<usize>,
    unknown: Option<(usize, Sku)>,
}

impl CreditRecord {
    fn append(&self, transaction: &mut Transaction<'_>) -> Result<Recorded, Refusal> {
        let credit = transaction.state::<Credit>(&self.stream);
        let mut issue = self.issue.clone();
        if let Some(present) = credit.issued() {
            keep_snapshots(
                present.lines.iter().map(|line| &line.line),
                issue.lines.iter_mut().map(|line| &mut line.line),
                &self.unnamed,
            );
            // A link that was left out then stays out.
            for (present, again) in present.lines.iter().zip(&mut issue.lines) {
                if present.order_id.is_none() && is_same_item(&present.line, &again.line) {
                    again.order_id = None;
                }
            }
        } else {
            Refusal::unless_known(self.unknown.as_ref())?;
            for line in &mut issue.lines {
                line.order_id = line.order_id.filter(|order| self.can_be_credited(transaction, *order));
                // What is taken back leaves the category that it was sold in, wherever the product is now.
                if let Some(sold) = self.sold(transaction, line) {
                    line.line.category = sold.category.clone();
                }
            }
        }
        let credit_id = issue.credit_id;
        let per_order = by_order(&issue.lines)?;
        let issued = credit.decide(&CreditCommand::Issue(issue))?;
        if issued.is_empty() {
            return Ok(Recorded { new: false });
        }
        transaction.append::<Credit>(&self.stream, issued);
        for (order_id, taken) in per_order {
            let Some(stream) = self.orders.get(&order_id) else {
                continue;
            };
            let command = OrderCommand::Credit {
                credit_id,
                amount: taken.amount,
                units: taken.units,
            };
            let events = transaction.state::<Order>(stream).decide(&command)?;
            transaction.append::<Order>(stream, events);
        }
        Ok(Recorded { new: true })
    }

    /// The line of the order that a line undoes.
    fn sold<'t>(&self, transaction: &'t Transaction<'_>, line: &CreditLine) -> Option<&'t ImportedLine> {
        let stream = self.orders.get(&line.order_id?)?;
        let order = transaction.state::<Order>(stream).imported()?;
        order.lines.iter().find(|sold| is_same_item(sold, &line.line))
    }

    /// A link to an order that is not there, or that is in another currency, is left out.
    fn can_be_credited(&self, transaction: &Transaction<'_>, order_id: OrderId) -> bool {
        let Some(stream) = self.orders.get(&order_id) else {
            return false;
        };
        let order = transaction.state::<Order>(stream);
        order.currency() == Some(self.issue.currency)
            && matches!(order.status(), Some(OrderStatus::Completed | OrderStatus::Confirmed))
    }
}
