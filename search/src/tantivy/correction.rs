//! The nearest query that would find something.

use super::search::Search;
use super::segment::Result;
use crate::correction::{Nearest, queries};

/// A query of words that the index knows, as near as possible to what was asked, that finds something under the same filter.
pub(super) fn nearest(search: &Search<'_>, asked: &[String]) -> Result<Option<String>> {
    let mut candidates: Vec<Vec<String>> = Vec::with_capacity(asked.len());
    let mut unknown = false;
    for word in asked {
        if search.vocabulary.products(word)? > 0 {
            candidates.push(vec![word.clone()]);
            continue;
        }
        unknown = true;
        let mut nearest = Nearest::new(word);
        search
            .vocabulary
            .each(|known, products| nearest.add(known, u64::from(products)))?;
        candidates.push(nearest.words());
    }
    if !unknown {
        return Ok(None);
    }
    for query in queries(&candidates) {
        if search.finds(&query)? {
            return Ok(Some(query.join(" ")));
        }
    }
    Ok(None)
}
