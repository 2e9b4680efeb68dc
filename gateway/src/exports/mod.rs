//! Files of reports that are made in the background.

pub(crate) mod cancel;
pub(crate) mod file;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod start;
mod view;

/// Prefix of an export's id.
const EXPORT: &str = "exp";

use crate::{endpoint::Described, id::path_id};

/// The endpoints of exports.
pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        list::endpoint(),
        start::endpoint(),
        get::endpoint(),
        cancel::endpoint(),
        file::endpoint(),
    ]
}

path_id! {
    /// The id of an export in an address.
    ExportId, EXPORT, "not_found", "there is no such export"
}
