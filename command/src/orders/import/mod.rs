//! History of another system, recorded as facts: no stock moves, no price is checked.
//!
//! Ids are derived from the source's own, so a row that comes again meets the order or credit that it made. Orders of a request go in
//! before its credits, which link to them.

mod credit;
mod order;
mod record;
mod row;

use domain::Source;
use proto::{
    failure::Failure,
    v1::{ImportOrderRow, ImportOrdersRequest, ImportReply},
};

use self::row::Row;
use super::resources::Resources;
use crate::{
    context::Context,
    import::{Outcomes, check_row_count},
};

pub(super) async fn import_orders(orders: &Resources, request: ImportOrdersRequest) -> Result<ImportReply, Failure> {
    let (context, source) = Context::accept(&orders.core, "import_orders", request.context, |fields| {
        fields.check("source", Source::new(&request.source))
    })?;
    check_row_count(request.rows.len())?;
    let skus = request
        .rows
        .iter()
        .flat_map(|row| &row.lines)
        .map(|line| line.sku.as_str());
    let products = orders.catalogue.find(&orders.core, skus).await?;
    let core = &orders.core;
    let (context, source, products) = (&context, &source, &products);
    let import = move |row: ImportOrderRow| async move {
        let credit = row.credit;
        let row = Row::read(&row, source, products)?;
        if credit {
            credit::import(core, context, row).await
        } else {
            order::import(core, context, row).await
        }
    };

    // Credits look their orders up, so they come after all orders of the request.
    let (credits, sales): (Vec<_>, Vec<_>) = request.rows.into_iter().enumerate().partition(|(_, row)| row.credit);
    let mut outcomes = Outcomes::default();
    for part in [sales, credits] {
        outcomes.import(part, |row| row.external_id.clone(), import).await?;
    }
    Ok(outcomes.into_reply())
}
