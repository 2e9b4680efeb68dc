//! Reports.

mod figures;
mod file;
mod format;
mod links;
pub(crate) mod orders;
mod params;
pub(crate) mod sales;

pub(crate) use file::attachment;
pub(crate) use format::{FILE_FORMATS, FileFormat};
pub(crate) use orders::SalesOrdersParams;
pub(crate) use sales::SalesParams;

use crate::endpoint::Described;

/// The endpoints of reports.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![sales::endpoint(), orders::endpoint()]
}
