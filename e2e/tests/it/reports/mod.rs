//! `/v1/reports/sales`

mod csv;
mod history;
mod sales;
