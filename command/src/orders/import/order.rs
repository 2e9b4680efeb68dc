//! One order of another system.

use domain::{
    OrderId, Sku,
    order::{ImportOrder, ImportedLine, Order, OrderCommand, OrderError},
};
use eventstore::Transaction;
use proto::{failure::Failure, v1::import_outcome::Kind};

use super::{plan, row::Row};
use crate::{
    context::Context, core::Core, failure, import::Imported, orders::refusal::of_order, products::product_not_found,
};

pub(super) async fn import(core: &Core, context: &Context, row: Row) -> Result<Imported, Failure> {
    let order_id = OrderId::imported(row.source.as_str(), row.external_id.as_str());
    let id = order_id.to_string();
    let plan = plan(context, &row).create::<Order>(id.as_str());
    let unknown = row.unknown_product().map(|line| (line, row.lines[line].sku.clone()));
    let unnamed = row.unnamed_lines();
    let import = ImportOrder {
        order_id,
        source: row.source,
        external_id: row.external_id,
        customer_id: row.customer_id,
        customer_reference: row.customer_reference,
        country: row.country,
        currency: row.currency,
        lines: row
            .lines
            .into_iter()
            .map(|line| ImportedLine {
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
            })
            .collect(),
    };
    let mut command = OrderCommand::Import(import);
    let stream = id.clone();
    let committed = core
        .store
        .transact(plan, move |transaction| {
            record(transaction, &stream, &mut command, &unnamed, unknown.as_ref())
        })
        .await
        .map_err(|error| failure::of_transaction(error, Failure::from))?;
    Ok(Imported {
        kind: committed.value.kind(),
        id,
        positions: committed.token(),
    })
}

fn record(
    transaction: &mut Transaction<'_>,
    stream: &str,
    command: &mut OrderCommand,
    unnamed: &[usize],
    unknown: Option<&(usize, Sku)>,
) -> Result<Recorded, Refusal> {
    let order = transaction.state::<Order>(stream);
    match (order.imported(), &mut *command) {
        (Some(present), OrderCommand::Import(import)) => keep_snapshots(&present.lines, &mut import.lines, unnamed),
        (None, _) => {
            if let Some((line, sku)) = unknown {
                return Err(Refusal::UnknownProduct {
                    line: *line,
                    sku: sku.clone(),
                });
            }
        }
        _ => {}
    }
    let events = order.decide(command).map_err(Refusal::Order)?;
    let recorded = Recorded {
        new: !events.is_empty(),
    };
    transaction.append::<Order>(stream, events);
    Ok(recorded)
}

/// A row that comes again is compared by what it says itself: what its lines took from the products then is no difference when the
/// products have changed since.
fn keep_snapshots(present: &[ImportedLine], again: &mut [ImportedLine], unnamed: &[usize]) {
    for (index, (present, again)) in present.iter().zip(again).enumerate() {
        if present.sku == again.sku && present.kind == again.kind {
            again.product_id = present.product_id;
            again.category.clone_from(&present.category);
            if unnamed.binary_search(&index).is_ok() {
                again.name.clone_from(&present.name);
            }
        }
    }
}

/// Whether the row was new.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Recorded {
    pub(super) new: bool,
}

impl Recorded {
    pub(super) fn kind(self) -> Kind {
        if self.new { Kind::Created } else { Kind::Unchanged }
    }
}

pub(super) enum Refusal {
    UnknownProduct { line: usize, sku: Sku },
    Order(OrderError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownProduct { line, sku } => unknown_product(line, &sku),
            Refusal::Order(error) => of_order(error),
        }
    }
}

/// A line names a SKU that no product has.
pub(super) fn unknown_product(line: usize, sku: &Sku) -> Failure {
    product_not_found().with_field(
        format!("lines[{line}].sku"),
        "product_not_found",
        format!("no product has the SKU {sku}; import products first"),
    )
}
