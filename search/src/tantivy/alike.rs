//! The words of segments that are alike, remembered: reading all words takes longer than the rest of a search.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::SegmentReader;
use tantivy::index::SegmentId;
use tantivy::schema::Field;

use super::segment::{Result, after};

/// The words that an index remembers, in all: about 8 MB of them.
const MAX_REMEMBERED: usize = 131_072;
/// What a list takes beside its words, counted in words.
const LIST: usize = 4;

/// Words and how many documents have each, the most frequent first.
pub(super) type Frequent = Vec<(Box<str>, u32)>;

/// Lists of words that are alike, by what was looked for and where. Those of an index, of all of its segments.
#[derive(Default)]
pub(super) struct Alike(Mutex<Lists>);

#[derive(Default)]
struct Lists {
    by_segment: HashMap<SegmentId, HashMap<String, Arc<Frequent>>>,
    /// What all lists take, in words.
    taken: usize,
}

impl Alike {
    /// The list of a segment with this name; what `read` says, if none is remembered.
    pub(super) fn of(
        &self,
        segment: SegmentId,
        name: &str,
        read: impl FnOnce() -> Result<Frequent>,
    ) -> Result<Arc<Frequent>> {
        let lists = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lists()
            .by_segment
            .get(&segment)
            .and_then(|lists| lists.get(name).cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let list = Arc::new(read()?);
        lists().insert(segment, name, Arc::clone(&list), MAX_REMEMBERED);
        Ok(list)
    }

    /// Forgets the lists of all other segments.
    pub(super) fn keep(&self, segments: &[SegmentReader]) {
        let kept: HashSet<SegmentId> = segments.iter().map(SegmentReader::segment_id).collect();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|segment| kept.contains(segment));
    }
}

impl Lists {
    fn insert(&mut self, segment: SegmentId, name: &str, list: Arc<Frequent>, most: usize) {
        let taken = list.len() + LIST;
        if self.taken + taken > most {
            *self = Self::default();
        }
        if taken > most {
            return;
        }
        let lists = self.by_segment.entry(segment).or_default();
        // Two searches may have read the same.
        if lists.insert(name.to_owned(), list).is_none() {
            self.taken += taken;
        }
    }

    fn retain(&mut self, keeps: impl Fn(&SegmentId) -> bool) {
        self.by_segment.retain(|segment, _| keeps(segment));
        let lists = self.by_segment.values().flat_map(HashMap::values);
        self.taken = lists.map(|list| list.len() + LIST).sum();
    }
}

/// The most frequent words of a segment with a beginning that `is_like` says so of.
pub(super) fn frequent(
    segment: &SegmentReader,
    words: Field,
    beginning: &str,
    is_like: impl Fn(&str) -> bool,
    most: usize,
) -> Result<Frequent> {
    let index = segment.inverted_index(words)?;
    let mut stream = index
        .terms()
        .range()
        .ge(beginning.as_bytes())
        .lt(after(beginning))
        .into_stream()?;
    let mut frequent = Frequent::new();
    let mut least = 0;
    while stream.advance() {
        let documents = stream.value().doc_freq;
        if documents <= least {
            continue;
        }
        if let Ok(word) = std::str::from_utf8(stream.key())
            && is_like(word)
        {
            frequent.push((word.into(), documents));
        }
        if frequent.len() >= 4 * most {
            frequent.select_nth_unstable_by_key(most, |(_, documents)| Reverse(*documents));
            least = frequent[most].1;
            frequent.truncate(most);
        }
    }
    frequent.sort_unstable_by_key(|(_, documents)| Reverse(*documents));
    frequent.truncate(most);
    frequent.shrink_to_fit();
    Ok(frequent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u8) -> SegmentId {
        SegmentId::from_uuid_string(&format!("{number:032x}")).unwrap()
    }

    fn list(words: usize) -> Arc<Frequent> {
        Arc::new((0..words).map(|at| (at.to_string().into(), 1)).collect())
    }

    #[test]
    fn lists_are_forgotten_before_they_take_too_much() {
        let mut lists = Lists::default();
        for number in 0..100_u8 {
            for name in ["a", "b"] {
                lists.insert(segment(number), name, list(usize::from(number)), 100);
                assert!(lists.taken <= 100, "{number}");
                let held: usize = lists
                    .by_segment
                    .values()
                    .flat_map(HashMap::values)
                    .map(|list| list.len() + LIST)
                    .sum();
                assert_eq!(lists.taken, held, "{number}");
            }
        }
        lists.insert(segment(1), "c", list(200), 100);
        assert_eq!(lists.taken, 0, "one that never fits is not kept");
    }

    #[test]
    fn a_list_that_two_read_counts_once_and_goes_with_its_segment() {
        let mut lists = Lists::default();
        for _ in 0..2 {
            lists.insert(segment(1), "a", list(10), 100);
        }
        lists.insert(segment(2), "a", list(20), 100);
        assert_eq!(lists.taken, 38);
        lists.retain(|kept| *kept == segment(2));
        assert_eq!(lists.taken, 24);
    }
}
