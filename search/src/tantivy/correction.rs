//! The nearest query that would find something.

use super::plan::typos;
use super::search::Search;
use super::segment::Result;

/// The words that are tried for one that is not known.
const MAX_TRIED: usize = 4;
/// The queries that are tried.
const MAX_QUERIES: usize = 16;

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
        let near = near(search, word)?;
        if near.is_empty() {
            return Ok(None);
        }
        candidates.push(near);
    }
    if !unknown {
        return Ok(None);
    }
    for query in queries(&candidates) {
        if search.count(&query)? > 0 {
            return Ok(Some(query.join(" ")));
        }
    }
    Ok(None)
}

/// Combinations, the ones with the nearest words first.
fn queries(candidates: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut queries: Vec<(usize, Vec<String>)> = vec![(0, Vec::new())];
    for words in candidates {
        let mut longer = Vec::new();
        for (rank, query) in &queries {
            for (at, word) in words.iter().enumerate() {
                let mut query = query.clone();
                query.push(word.clone());
                longer.push((rank + at, query));
            }
        }
        longer.sort_by_key(|(rank, _)| *rank);
        longer.truncate(MAX_QUERIES);
        queries = longer;
    }
    queries.into_iter().map(|(_, query)| query).collect()
}

/// Known words within a third of the length, the nearest and most frequent first.
fn near(search: &Search<'_>, word: &str) -> Result<Vec<String>> {
    let typed: Vec<char> = word.chars().collect();
    let most = (typed.len() / 3).clamp(usize::from(typos(word)).max(1), 4);
    if typed.len() < 3 {
        return Ok(Vec::new());
    }
    let mut found: Vec<(usize, std::cmp::Reverse<u32>, String)> = Vec::new();
    search.vocabulary.each(|known, products| {
        let length = known.chars().count();
        if length.abs_diff(typed.len()) > most || length < 2 {
            return;
        }
        if let Some(distance) = distance(&typed, known, most) {
            found.push((distance, std::cmp::Reverse(products), known.to_owned()));
        }
    })?;
    found.sort_unstable();
    let mut words: Vec<String> = Vec::new();
    for (_, _, word) in found {
        if words.len() == MAX_TRIED {
            break;
        }
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Ok(words)
}

/// Typos between two words, swapped neighbours as one; `None`: more than `most`.
fn distance(typed: &[char], known: &str, most: usize) -> Option<usize> {
    let known: Vec<char> = known.chars().collect();
    let mut before: Vec<usize> = vec![0; known.len() + 1];
    let mut last: Vec<usize> = (0..=known.len()).collect();
    for (row, typed_here) in typed.iter().enumerate() {
        let mut next = vec![row + 1; known.len() + 1];
        for (column, known_here) in known.iter().enumerate() {
            let replaced = last[column] + usize::from(typed_here != known_here);
            let mut best = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            let swapped = row > 0 && column > 0 && typed[row - 1] == *known_here && *typed_here == known[column - 1];
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            next[column + 1] = best;
        }
        if next.iter().all(|distance| *distance > most) {
            return None;
        }
        before = last;
        last = next;
    }
    last.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_typos() {
        let between = |typed: &str, known: &str| distance(&typed.chars().collect::<Vec<_>>(), known, 3);
        assert_eq!(between("keyboard", "keyboard"), Some(0));
        assert_eq!(between("kyeboard", "keyboard"), Some(1));
        assert_eq!(between("keybord", "keyboard"), Some(1));
        assert_eq!(between("kiibort", "keyboard"), None);
        assert_eq!(between("heatfone", "headphone"), Some(3));
    }

    #[test]
    fn the_nearest_combinations_come_first() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let queries = queries(&[words(&["a", "b"]), words(&["c", "d"])]);
        assert_eq!(queries[0], ["a", "c"]);
        assert_eq!(queries.last().unwrap(), &["b", "d"]);
    }
}
