//! What orders and credits of another system have in common: what is answered, and how a row that comes again is compared.

use domain::{
    Sku,
    credit::CreditError,
    order::{ImportedLine, OrderError},
};
use eventstore::Committed;
use proto::{failure::Failure, v1::import_outcome::Kind};

use crate::{
    failure::conflict,
    import::Imported,
    refusal::{of_line, of_order, product_not_found},
};

/// Whether the row was new.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Recorded {
    pub(super) new: bool,
}

/// The answer for a row that became the order or credit of this id.
pub(super) fn imported(id: String, committed: &Committed<Recorded>) -> Imported {
    Imported {
        kind: if committed.value.new {
            Kind::Created
        } else {
            Kind::Unchanged
        },
        id,
        positions: committed.token(),
    }
}

/// A row that comes again is compared by what it says itself: what its lines took from the products then is no difference when the
/// products have changed since. `unnamed`: lines whose name is not the row's own, ascending.
pub(super) fn keep_snapshots<'a>(
    present: impl IntoIterator<Item = &'a ImportedLine>,
    again: impl IntoIterator<Item = &'a mut ImportedLine>,
    unnamed: &[usize],
) {
    for (index, (present, again)) in present.into_iter().zip(again).enumerate() {
        if is_same_item(present, again) {
            again.product_id = present.product_id;
            again.category.clone_from(&present.category);
            if unnamed.binary_search(&index).is_ok() {
                again.name.clone_from(&present.name);
            }
        }
    }
}

/// Whether two lines are about the same thing.
pub(super) fn is_same_item(left: &ImportedLine, right: &ImportedLine) -> bool {
    left.sku == right.sku && left.kind == right.kind
}

/// Why a row is refused.
pub(super) enum Refusal {
    /// A line names a SKU that no product has.
    UnknownProduct(usize, Sku),
    Order(OrderError),
    Credit(CreditError),
}

impl Refusal {
    /// Refuses a row that is new and has a line whose product is not known.
    pub(super) fn unless_known(unknown: Option<&(usize, Sku)>) -> Result<(), Self> {
        match unknown {
            Some((line, sku)) => Err(Self::UnknownProduct(*line, sku.clone())),
            None => Ok(()),
        }
    }
}

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        Self::Order(error)
    }
}

impl From<CreditError> for Refusal {
    fn from(error: CreditError) -> Self {
        Self::Credit(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownProduct(line, sku) => product_not_found().with_field(
                format!("lines[{line}].sku"),
                "product_not_found",
                format!("no product has the SKU {sku}; import products first"),
            ),
            Refusal::Order(error) => of_order(error),
            Refusal::Credit(error) => of_credit(error),
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
