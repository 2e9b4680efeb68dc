//! The nearest query that would find something.

use super::segment::Result;
use super::vocabulary::Vocabulary;
use crate::correction::{MAX_TRIED, Nearest, queries, shown};
use crate::words::Asked;

/// The words near to one that are looked at.
const MAX_NEAR: usize = 64;

/// The query nearest to `asked` that finds a product under the filter; `None` if all words are known or no such query was found.
///
/// `has` says whether a product under the filter has the word, `finds` whether one has all of the words.
pub(super) fn nearest(
    vocabulary: &Vocabulary<'_>,
    asked: &[Asked],
    has: impl Fn(&str) -> Result<bool>,
    finds: impl Fn(&[String]) -> Result<bool>,
) -> Result<Option<String>> {
    let mut candidates: Vec<Vec<String>> = Vec::with_capacity(asked.len());
    let mut unknown = false;
    for word in asked {
        if has(&word.text)? {
            candidates.push(vec![word.text.clone()]);
            continue;
        }
        unknown = true;
        let mut nearest = Nearest::new(&word.text);
        vocabulary.each(|known, products| nearest.add(known, u64::from(products)))?;
        let mut words = Vec::with_capacity(MAX_TRIED);
        for near in nearest.words().take(MAX_NEAR) {
            if words.len() < MAX_TRIED && has(&near)? {
                words.push(near);
            }
        }
        candidates.push(words);
    }
    if !unknown {
        return Ok(None);
    }
    for query in queries(&candidates) {
        if finds(&query)? {
            return Ok(Some(shown(&query, asked)));
        }
    }
    Ok(None)
}
