use crate::{
    CreditId, Currency, Money,
    order::{LineProblem, OrderStatus},
};

/// Why a command to an order was refused. Lines count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// No such order.
    #[error("there is no such order")]
    NotFound,
    /// The id is in use; `expired`: the order was given up before it was placed.
    #[error("the order exists already and is {status}")]
    AlreadyExists {
        /// How it stands.
        status: OrderStatus,
    },
    /// Too late to call it off.
    #[error("an order that is {status} cannot be cancelled")]
    NotCancellable {
        /// How it stands.
        status: OrderStatus,
    },
    /// Nothing was sold that could be taken back.
    #[error("an order that is {status} cannot be credited")]
    NotCreditable {
        /// How it stands.
        status: OrderStatus,
    },
    /// An order of nothing.
    #[error("an order has at least one line")]
    NoLines,
    /// Too many lines.
    #[error("an order has at most {limit} lines, not {count}")]
    TooManyLines {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A product is priced in another currency.
    #[error("line {line} is priced in {actual}, the order is in {expected}")]
    CurrencyMismatch {
        /// The line.
        line: usize,
        /// The order's currency.
        expected: Currency,
        /// The product's.
        actual: Currency,
    },
    /// The order costs something else than the customer was shown.
    #[error("the order costs {actual}, not {expected}")]
    TotalChanged {
        /// What the customer was shown.
        expected: Money,
        /// What it costs.
        actual: Money,
    },
    /// The order, or one line of it, costs more than [`crate::MAX_TOTAL`].
    #[error("the order costs more than an order can")]
    TotalTooLarge {
        /// The line that does so alone.
        line: Option<usize>,
    },
    /// An imported line contradicts itself.
    #[error("line {line}: {problem}")]
    InvalidLine {
        /// The line.
        line: usize,
        /// What is wrong.
        problem: LineProblem,
    },
    /// The order was imported before, with other content.
    #[error("the order was imported before, with other content")]
    ImportedDifferently,
    /// The credit was recorded before, with another amount or number of units.
    #[error("{credit_id} was recorded before, with other content")]
    CreditedDifferently {
        /// The credit.
        credit_id: CreditId,
    },
    /// The credits of the order add up to more than can be calculated with.
    #[error("the credits of the order are too large to add up")]
    CreditTooLarge,
}
