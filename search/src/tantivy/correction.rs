//! The nearest query that would find something.

use super::search::Search;
use super::segment::Result;
use crate::correction::{MAX_TRIED, Nearest, queries, shown};
use crate::words::Asked;

/// The words near to one that are looked at.
const MAX_NEAR: usize = 64;

/// A query of words that products under the filter have, as near as possible to what was asked, that finds something there.
pub(super) fn nearest(search: &Search<'_>, asked: &[Asked]) -> Result<Option<String>> {
    let mut candidates: Vec<Vec<String>> = Vec::with_capacity(asked.len());
    let mut unknown = false;
    for word in asked {
        if search.has(&word.text)? {
            candidates.push(vec![word.text.clone()]);
            continue;
        }
        unknown = true;
        let mut nearest = Nearest::new(&word.text);
        search
            .vocabulary
            .each(|known, products| nearest.add(known, u64::from(products)))?;
        let mut words = Vec::with_capacity(MAX_TRIED);
        for near in nearest.words().take(MAX_NEAR) {
            if words.len() < MAX_TRIED && search.has(&near)? {
                words.push(near);
            }
        }
        candidates.push(words);
    }
    if !unknown {
        return Ok(None);
    }
    for query in queries(&candidates) {
        if search.finds(&query)? {
            return Ok(Some(shown(&query, asked)));
        }
    }
    Ok(None)
}
