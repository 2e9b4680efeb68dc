//! Events of before in today's shape.

use serde_json::{Map, Value};

/// Version 2 says who opened the account. Until then nobody but staff could.
pub(super) fn user_registered_1(data: &mut Map<String, Value>) {
    data.insert("opened_by".to_owned(), "staff".into());
}
