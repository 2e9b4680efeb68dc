use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    OrderId,
    credit::CreditError,
    order::{ImportedLine, LineKind, OrderCredit, sum_totals},
};

/// A line of a credit. Positive numbers are taken back from the customer and given back in money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditLine {
    /// What is taken back. A discount is the part that goes with it.
    #[serde(flatten)]
    pub line: ImportedLine,
    /// The order that the line undoes, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
}

/// What the lines take back of each order that they name: the matter of an
/// [`crate::order::OrderCommand::Credit`] to each. Units are those of product lines.
pub fn by_order(lines: &[CreditLine]) -> Result<BTreeMap<OrderId, OrderCredit>, CreditError> {
    let mut credits = BTreeMap::<OrderId, OrderCredit>::new();
    for CreditLine { line, order_id } in lines {
        let Some(order_id) = *order_id else {
            continue;
        };
        let credit = credits.entry(order_id).or_default();
        credit.amount = sum_totals([credit.amount, line.total]).ok_or(CreditError::TotalTooLarge)?;
        if line.kind == LineKind::Product {
            credit.units = credit
                .units
                .checked_add(line.quantity)
                .ok_or(CreditError::TotalTooLarge)?;
        }
    }
    Ok(credits)
}
