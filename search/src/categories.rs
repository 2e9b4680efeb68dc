//! Which categories a facet offers.

use std::collections::HashSet;

/// The categories above those that a facet offers when `chosen` are in the filter; `None`: it offers all of them.
///
/// That is one step down from what is chosen. Where nothing is further down, it is what lies beside it.
pub(crate) fn parents<'a>(
    chosen: &'a [String],
    mut counted: impl Iterator<Item = &'a str>,
) -> Option<HashSet<&'a str>> {
    if chosen.is_empty() {
        return None;
    }
    let chosen: HashSet<&str> = chosen.iter().map(String::as_str).collect();
    if counted.any(|path| chosen.contains(parent(path)) && !chosen.contains(path)) {
        return Some(chosen);
    }
    Some(chosen.into_iter().map(parent).collect())
}

/// The category above this one; empty: it is at the top.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
