//! Reports.

mod csv;
pub(crate) mod sales;
