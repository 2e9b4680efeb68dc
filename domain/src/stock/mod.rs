//! The stock of one product: what is on the shelf, and for whom part of it is kept.
//!
//! Available = on hand - reserved, and is never negative.
//!
//! An order id holds stock of a product at most once in its life. When its hold ends, by release or by
//! commit, the id is closed: a reservation that arrives late, for example a retry of a call that was
//! thought lost, is refused instead of holding stock that nobody will ever give back. The state
//! remembers the latest closed ids; for older ones it uses that order ids are UUIDs of version 7 and
//! sort by time: an id below all remembered ones that holds nothing counts as closed.
//!
//! A release that finds nothing held makes no event and closes nothing. Who gives up an order whose
//! reservation may still be on its way must therefore close the order's own stream (abandon it) and let
//! the reservation depend on that stream, or release again when a reservation of it shows up.

mod command;
mod decide;
mod error;
mod event;
mod state;

pub use self::{
    command::StockCommand,
    error::StockError,
    event::StockEvent,
    state::{REMEMBERED_CLOSED, Stock},
};
pub use values::{MAX_ON_HAND, adjustment, counted};
