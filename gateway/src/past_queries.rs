//! Past queries, suggested to visitors who begin to type the same.
//!
//! Kept in the memory of this process and nowhere else, and suggested only once several callers have made the query and it found something.
//! Of the callers there are keyed hashes, as many as it takes to count to "several"; the key dies with the process.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crate::identity::token::Principal;

/// Callers that make a query one of many.
const SEVERAL: usize = 3;
/// Queries that are kept.
const MOST: usize = 2_000;
/// Longest query that is kept, in characters.
const LONGEST: usize = 60;
/// So many digits in a row may be a telephone number.
const DIGITS: usize = 6;
/// Queries that are suggested at most.
const SUGGESTED: usize = 4;

/// The queries of the past.
#[derive(Default)]
pub(crate) struct PastQueries {
    key: RandomState,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    queries: HashMap<String, Made>,
    /// Counts the queries.
    clock: u64,
}

#[derive(Default)]
struct Made {
    callers: Vec<u64>,
    times: u64,
    last: u64,
}

impl Made {
    fn by_several(&self) -> bool {
        self.callers.len() >= SEVERAL
    }
}

impl PastQueries {
    /// Takes in a query that found something.
    pub(crate) fn note(&self, query: &str, address: Option<IpAddr>, visitor: Option<&Principal>) {
        let Some(query) = harmless(query) else { return };
        let caller = match visitor {
            Some(visitor) => self.key.hash_one(&visitor.user_id),
            None => self.key.hash_one(address),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clock += 1;
        let now = known.clock;
        let made = known.queries.entry(query).or_default();
        made.times += 1;
        made.last = now;
        if !made.by_several() && !made.callers.contains(&caller) {
            made.callers.push(caller);
        }
        if known.queries.len() > MOST {
            // What few have made goes first, of it what is longest ago.
            let oldest = known
                .queries
                .iter()
                .min_by_key(|(_, made)| (made.by_several(), made.last));
            if let Some(oldest) = oldest.map(|(query, _)| query.clone()) {
                known.queries.remove(&oldest);
            }
        }
    }

    /// What several have searched for that begins like this and goes on, the most frequent first.
    pub(crate) fn beginning(&self, typed: &str) -> Vec<String> {
        let typed = normal(typed);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = known.queries.iter().filter(|(query, made)| {
            made.by_several() && query.len() > typed.len() && !typed.is_empty() && query.starts_with(&typed)
        });
        let mut begun: Vec<(&String, &Made)> = begun.collect();
        begun.sort_unstable_by_key(|(query, made)| (std::cmp::Reverse(made.times), *query));
        begun
            .into_iter()
            .take(SUGGESTED)
            .map(|(query, _)| query.clone())
            .collect()
    }
}

fn normal(query: &str) -> String {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// The query, unless it may say who somebody is.
fn harmless(query: &str) -> Option<String> {
    let query = normal(query);
    let digits = query
        .split(|character: char| !character.is_ascii_digit())
        .map(str::len)
        .max();
    let fits = (2..=LONGEST).contains(&query.chars().count());
    (fits && !query.contains('@') && digits.unwrap_or_default() < DIGITS).then_some(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: u8) -> IpAddr {
        [10, 0, 0, address].into()
    }

    #[test]
    fn a_query_is_told_once_several_have_made_it() {
        let past = PastQueries::default();
        for _ in 0..9 {
            past.note("Linen  Shirt", Some(from(1)), None);
        }
        past.note("linen shirt", Some(from(2)), None);
        assert!(past.beginning("lin").is_empty(), "two are not several");
        past.note("linen shirt", Some(from(3)), None);
        for caller in 1..=3 {
            past.note("linen trousers", Some(from(caller)), None);
        }
        assert_eq!(past.beginning(" LIN"), ["linen shirt", "linen trousers"]);
        assert_eq!(past.beginning("linen shirt"), Vec::<String>::new(), "that is it");
        assert!(past.beginning("").is_empty() && past.beginning("shirt").is_empty());
    }

    #[test]
    fn what_may_be_personal_is_not_kept() {
        for query in ["ann@example.com", "call 0301234567", "x", &"long ".repeat(20)] {
            assert_eq!(harmless(query), None, "{query}");
        }
        assert_eq!(harmless(" iPhone 15 ").as_deref(), Some("iphone 15"));
    }

    #[test]
    fn the_store_is_bounded_and_keeps_what_many_want() {
        let past = PastQueries::default();
        for caller in 1..=3 {
            past.note("linen shirt", Some(from(caller)), None);
        }
        for number in 0..3 * MOST {
            past.note(&format!("thing {number}"), Some(from(1)), None);
        }
        assert_eq!(past.known.lock().unwrap().queries.len(), MOST);
        assert_eq!(past.beginning("linen"), ["linen shirt"]);
    }
}
