//! What was probably meant.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::language::has_digits;
use crate::words::Asked;

/// The words that are tried for one that is not known.
pub(crate) const MAX_TRIED: usize = 4;
/// The queries that are tried.
const MAX_QUERIES: usize = 16;

/// Looks for the known words that are nearest to what was typed.
pub(crate) struct Nearest {
    typed: Vec<char>,
    has_digits: bool,
    most: usize,
    found: Vec<(usize, Reverse<u64>, String)>,
}

impl Nearest {
    pub(crate) fn new(typed: &str) -> Self {
        let has_digits = has_digits(typed);
        let typed: Vec<char> = typed.chars().collect();
        Self {
            // About a third of it may be wrong, but of two characters none. Another number is another thing.
            most: if typed.len() < 3 || typed.iter().all(|character| character.is_numeric()) {
                0
            } else {
                ((typed.len() + 1) / 3).min(4)
            },
            has_digits,
            typed,
            found: Vec::new(),
        }
    }

    /// Takes in a known word and how many products have it.
    pub(crate) fn add(&mut self, known: &str, products: u64) {
        // Nobody means a part number with a word, and there may be one for every product.
        if !self.has_digits && has_digits(known) {
            return;
        }
        let length = known.chars().count();
        if self.most == 0 || length < 2 || length.abs_diff(self.typed.len()) > self.most {
            return;
        }
        if let Some(distance) = distance(&self.typed, known, self.most) {
            self.found.push((distance, Reverse(products), known.to_owned()));
        }
    }

    /// The nearest ones, then the most frequent.
    pub(crate) fn words(mut self) -> impl Iterator<Item = String> {
        self.found.sort_unstable();
        let mut seen = HashSet::new();
        let words = self.found.into_iter().map(|(_, _, word)| word);
        words.filter(move |word| seen.insert(word.clone()))
    }
}

/// Combinations, the ones with the nearest words first.
pub(crate) fn queries(candidates: &[Vec<String>]) -> Vec<Vec<String>> {
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

/// A query as people write it: what was typed as it was typed.
pub(crate) fn shown(query: &[String], asked: &[Asked]) -> String {
    let typed = |text: &String| asked.iter().find(|word| word.text == *text).map(|word| &word.typed);
    let words: Vec<&str> = query.iter().map(|text| typed(text).unwrap_or(text).as_str()).collect();
    words.join(" ")
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
    fn a_word_is_not_meant_as_a_number() {
        let nearest = |typed: &str| {
            let mut nearest = Nearest::new(typed);
            for known in ["ms123", "mugs", "m5123"] {
                nearest.add(known, 1);
            }
            nearest.words().collect::<Vec<_>>()
        };
        assert_eq!(nearest("mags"), ["mugs"]);
        assert_eq!(nearest("m5124"), ["m5123", "ms123"]);
        assert!(nearest("5123").is_empty(), "nor a number as another");
    }

    #[test]
    fn most_of_a_short_word_is_right() {
        let mut nearest = Nearest::new("true");
        for known in ["the", "rug", "tree"] {
            nearest.add(known, 1);
        }
        assert_eq!(nearest.words().collect::<Vec<_>>(), ["tree"]);
    }

    #[test]
    fn the_nearest_combinations_come_first() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let queries = queries(&[words(&["a", "b"]), words(&["c", "d"])]);
        assert_eq!(queries[0], ["a", "c"]);
        assert_eq!(queries.last().unwrap(), &["b", "d"]);
    }
}
