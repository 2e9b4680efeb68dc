//! A credit of another system: money given back, for goods or not, for orders that are known or not.

mod command;
mod decide;
mod error;
mod event;
mod line;
mod state;

pub use self::{
    command::{CreditCommand, IssueCredit},
    error::CreditError,
    event::{CreditEvent, IssuedCredit},
    line::{CreditLine, by_order},
    state::Credit,
};
