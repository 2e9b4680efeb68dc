//! One credit of another system, recorded on the orders that it undoes too, in the same commit.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    CreditId, Currency, OrderId, Sku,
    credit::{Credit, CreditCommand, CreditError, CreditLine, IssueCredit, by_order},
    order::{ImportedLine, Order, OrderCommand, OrderError, OrderStatus},
};
use eventstore::Transaction;
use proto::failure::Failure;

use super::{
    order::{Recorded, unknown_product},
    plan,
    row::Row,
};
use crate::{
    context::Context,
    core::Core,
    failure,
    import::Imported,
    orders::refusal::{conflict, of_line, of_order},
};

pub(super) async fn import(core: &Core, context: &Context, row: Row) -> Result<Imported, Failure> {
    let credit_id = CreditId::imported(row.source.as_str(), row.external_id.as_str());
    let id = credit_id.to_string();
    let plan = plan(context, &row).create::<Credit>(id.as_str());
    let unknown = row.unknown_product().map(|line| (line, row.lines[line].sku.clone()));
    let unnamed = row.unnamed_lines();
    let source = row.source.clone();
    let lines: Vec<CreditLine> = row
        .lines
        .into_iter()
        .map(|line| CreditLine {
            kind: line.kind,
            product_id: line.product_id,
            sku: line.sku,
            name: line.name,
            category: line.category,
            quantity: line.quantity,
            unit_price: line.unit_price,
            total: line.total,
            discount: line.discount,
            discounts: line.discounts,
            tax: line.tax,
            order_id: line
                .credits
                .map(|order| OrderId::imported(source.as_str(), order.as_str())),
        })
        .collect();
    let orders: BTreeMap<OrderId, String> = lines
        .iter()
        .filter_map(|line| line.order_id)
        .collect::<BTreeSet<_>>()
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
    let job = Job {
        stream: id.clone(),
        issue,
        orders,
        unnamed,
        unknown,
    };
    let committed = core
        .store
        .transact(plan, move |transaction| job.record(transaction))
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    Ok(Imported {
        kind: committed.value.kind(),
        id,
        positions: committed.token(),
    })
}

struct Job {
    stream: String,
    issue: IssueCredit,
    /// The orders that lines link to, with their streams.
    orders: BTreeMap<OrderId, String>,
    /// Lines whose name is not the row's own.
    unnamed: Vec<usize>,
    unknown: Option<(usize, Sku)>,
}

impl Job {
    fn record(&self, transaction: &mut Transaction<'_>) -> Result<Recorded, Refusal> {
        let credit = transaction.state::<Credit>(&self.stream);
        let mut issue = self.issue.clone();
        if let Some(present) = credit.issued() {
            keep_snapshots(&present.lines, &mut issue.lines, &self.unnamed);
        } else {
            if let Some((line, sku)) = &self.unknown {
                return Err(Refusal::UnknownProduct {
                    line: *line,
                    sku: sku.clone(),
                });
            }
            for line in &mut issue.lines {
                line.order_id = line.order_id.filter(|order| self.can_be_credited(transaction, *order));
                // What is taken back leaves the category that it was sold in, wherever the product is now.
                if let Some(sold) = self.sold(transaction, line) {
                    line.category = sold.category.clone();
                }
            }
        }
        let credit_id = issue.credit_id;
        let per_order = by_order(&issue.lines).map_err(Refusal::Credit)?;
        let issued = credit.decide(&CreditCommand::Issue(issue)).map_err(Refusal::Credit)?;
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
            let events = transaction
                .state::<Order>(stream)
                .decide(&command)
                .map_err(Refusal::Order)?;
            transaction.append::<Order>(stream, events);
        }
        Ok(Recorded { new: true })
    }

    /// The line of the order that a line undoes.
    fn sold<'t>(&self, transaction: &'t Transaction<'_>, line: &CreditLine) -> Option<&'t ImportedLine> {
        let stream = self.orders.get(&line.order_id?)?;
        let order = transaction.state::<Order>(stream).imported()?;
        order
            .lines
            .iter()
            .find(|sold| sold.kind == line.kind && sold.sku == line.sku)
    }

    /// A link to an order that is not there, or that is in another currency, is left out.
    fn can_be_credited(&self, transaction: &Transaction<'_>, order_id: OrderId) -> bool {
        let Some(stream) = self.orders.get(&order_id) else {
            return false;
        };
        let order = transaction.state::<Order>(stream);
        let currency: Option<Currency> = order.currency();
        currency == Some(self.issue.currency)
            && matches!(order.status(), Some(OrderStatus::Completed | OrderStatus::Confirmed))
    }
}

/// As for orders; and a link that was left out then stays out.
fn keep_snapshots(present: &[CreditLine], again: &mut [CreditLine], unnamed: &[usize]) {
    for (index, (present, again)) in present.iter().zip(again).enumerate() {
        if present.sku == again.sku && present.kind == again.kind {
            again.product_id = present.product_id;
            again.category.clone_from(&present.category);
            if unnamed.binary_search(&index).is_ok() {
                again.name.clone_from(&present.name);
            }
            if present.order_id.is_none() {
                again.order_id = None;
            }
        }
    }
}

enum Refusal {
    UnknownProduct { line: usize, sku: Sku },
    Credit(CreditError),
    Order(OrderError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownProduct { line, sku } => unknown_product(line, &sku),
            Refusal::Credit(error) => of_credit(error),
            Refusal::Order(error) => of_order(error),
        }
    }
}

fn of_credit(error: CreditError) -> Failure {
    match error {
        CreditError::NoLines => Failure::invalid("lines", "required", error.to_string()),
        CreditError::TooManyLines { .. } => Failure::invalid("lines", "too_many", error.to_string()),
        CreditError::InvalidLine { line, problem } => of_line(line, problem),
        CreditError::TotalTooLarge => Failure::invalid("lines", "out_of_range", error.to_string()),
        CreditError::IssuedDifferently => conflict("already_imported_differently", error.to_string()),
    }
}
