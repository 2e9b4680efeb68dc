//! An order: placed here, or imported from another system as a fact.

mod command;
mod decide;
mod discount;
mod error;
mod event;
mod line;
mod state;

pub use self::{
    command::{ImportOrder, OrderCommand, PlaceLine, PlaceOrder},
    discount::{Campaign, Discount, DiscountCode, DiscountKind},
    error::OrderError,
    event::{CancelledOrder, ImportedOrder, OrderEvent, PlacedOrder},
    line::{ImportedLine, LineKind, LineProblem, MAX_IMPORTED_LINES, MAX_LINES, OrderLine},
    state::{Order, OrderCredit, OrderFacts, OrderStatus},
};

pub(crate) use self::{
    discount::name_discount,
    line::{LineFacts, is_zero, sum_totals},
};
