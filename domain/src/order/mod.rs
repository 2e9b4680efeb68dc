//! An order: placed here, or imported from another system as a fact.

mod command;
mod decide;
mod discount;
mod error;
mod event;
mod line;
mod placed;
mod state;
mod status;

pub use self::{
    command::{ImportOrder, OrderCommand, PlaceLine, PlaceOrder},
    discount::{Campaign, Discount, DiscountCode, DiscountKind},
    error::OrderError,
    event::{ImportedOrder, OrderEvent},
    line::{ImportedLine, LineKind, LineProblem, MAX_IMPORTED_LINES, MAX_LINES, OrderLine},
    placed::{CancelledOrder, PlacedOrder},
    state::{Order, OrderCredit, OrderFacts},
    status::OrderStatus,
};

pub(crate) use self::line::{check_lines, sum_totals};
