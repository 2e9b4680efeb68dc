//! What the sales report says, adds up and refuses.

mod compare;
mod csv;
mod drill;
mod exports;
mod files;
mod history;
mod refusals;
mod sales;
