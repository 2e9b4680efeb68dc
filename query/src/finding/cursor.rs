//! Places in the results of a search, as text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use search::{Key, Start};
use serde::{Deserialize, Serialize};

/// What tells these cursors from those of lists, which begin with a number.
const KIND: &str = "s";

/// A place in the results of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    kind: String,
    /// Of the search: a cursor of another one is refused.
    pub(super) fingerprint: u64,
    pub(super) place: Place,
    /// How many hits come before the page, as far as is known: where the read model goes on when the engine is away.
    pub(super) at: usize,
}

/// Where a page lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// Begins after so many hits: in the order of relevance.
    From(usize),
    /// Ends before the hit with this number.
    To(usize),
    /// Begins after this hit.
    After(Key, String),
    /// Ends before this hit.
    Before(Key, String),
}

impl Cursor {
    pub(super) fn new(fingerprint: u64, place: Place, at: usize) -> Self {
        Self {
            kind: KIND.to_owned(),
            fingerprint,
            place,
            at,
        }
    }

    pub(super) fn encode(&self) -> String {
        // Numbers and strings always serialize.
        let parts = (&self.kind, self.fingerprint, &self.place, self.at);
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
    }

    /// `None` for what is no cursor of a search; it may be one of the list.
    pub(super) fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, fingerprint, place, at): (String, u64, Place, usize) = serde_json::from_slice(&bytes).ok()?;
        (kind == KIND).then_some(Self {
            kind,
            fingerprint,
            place,
            at,
        })
    }
}

/// The page of a search.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) fingerprint: u64,
    pub(super) limit: usize,
    pub(super) cursor: Option<Cursor>,
}

impl Window {
    /// What to ask the engine for: one more hit than shown tells whether there is another page.
    pub(super) fn page(&self) -> search::Page {
        let (limit, start) = match self.place() {
            None => (self.limit + 1, Start::Offset(0)),
            Some(Place::From(offset)) => (self.limit + 1, Start::Offset(*offset)),
            Some(Place::To(end)) => (self.limit.min(*end), Start::Offset(end.saturating_sub(self.limit))),
            Some(Place::After(key, id)) => (self.limit + 1, Start::After(key.clone(), id.clone())),
            Some(Place::Before(key, id)) => (self.limit + 1, Start::Before(key.clone(), id.clone())),
        };
        search::Page { limit, start }
    }

    fn place(&self) -> Option<&Place> {
        self.cursor.as_ref().map(|cursor| &cursor.place)
    }

    /// How many hits come before the page, as far as is known.
    pub(super) fn at(&self) -> usize {
        self.cursor.as_ref().map_or(0, |cursor| cursor.at)
    }

    /// Cuts the hits to the page, and returns the cursors of the pages before and after it.
    pub(super) fn cut(&self, hits: &mut Vec<search::Hit>, total: u64) -> (String, String) {
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        let at = self.at();
        match self.place() {
            Some(Place::Before(..)) => {
                let more = hits.len() > self.limit;
                if more {
                    hits.remove(0);
                }
                let first = at.saturating_sub(hits.len());
                let prev = if more { self.before(hits, first) } else { String::new() };
                (prev, self.after(hits, first))
            }
            Some(Place::To(end)) => {
                let first = end.saturating_sub(self.limit);
                let prev = if first > 0 {
                    self.cursor(Place::To(first), first)
                } else {
                    String::new()
                };
                (prev, self.cursor(Place::From(*end), *end))
            }
            place => {
                let more = hits.len() > self.limit;
                hits.truncate(self.limit);
                let next = if more { self.after(hits, at) } else { String::new() };
                let prev = match place {
                    Some(Place::From(offset)) if *offset > 0 => {
                        // Beyond the end the way back leads to the last page.
                        let end = if hits.is_empty() { total.min(*offset) } else { *offset };
                        self.cursor(Place::To(end), end)
                    }
                    Some(Place::After(key, id)) if hits.is_empty() => {
                        self.cursor(Place::Before(key.clone(), id.clone()), at)
                    }
                    Some(Place::After(..)) => self.before(hits, at),
                    _ => String::new(),
                };
                (prev, next)
            }
        }
    }

    fn before(&self, hits: &[search::Hit], at: usize) -> String {
        match hits.first() {
            Some(search::Hit { key: Some(key), id, .. }) => self.cursor(Place::Before(key.clone(), id.clone()), at),
            _ => String::new(),
        }
    }

    fn after(&self, hits: &[search::Hit], at: usize) -> String {
        let at = at + hits.len();
        match hits.last() {
            Some(search::Hit { key: Some(key), id, .. }) => self.cursor(Place::After(key.clone(), id.clone()), at),
            Some(_) => self.cursor(Place::From(at), at),
            None => String::new(),
        }
    }

    fn cursor(&self, place: Place, at: usize) -> String {
        Cursor::new(self.fingerprint, place, at).encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: usize, cursor: &str) -> Window {
        Window {
            fingerprint: 7,
            limit,
            cursor: Cursor::decode(cursor),
        }
    }

    fn hits(range: std::ops::Range<usize>, keyed: bool) -> Vec<search::Hit> {
        let hit = |number: usize| search::Hit {
            id: format!("p{number}"),
            score: 0.0,
            key: keyed.then(|| Key::Integer(i64::try_from(number).unwrap())),
            name: None,
            snippet: None,
        };
        range.map(hit).collect()
    }

    /// What an engine with hits 0 to `total` answers.
    fn answer(page: &search::Page, total: usize, keyed: bool) -> Vec<search::Hit> {
        let number = |key: &Key| match key {
            Key::Integer(number) => usize::try_from(*number).unwrap(),
            Key::Text(_) => unreachable!(),
        };
        match &page.start {
            Start::Offset(offset) => hits(*offset.min(&total)..total.min(offset + page.limit), keyed),
            Start::After(key, _) => hits(number(key) + 1..total.min(number(key) + 1 + page.limit), keyed),
            Start::Before(key, _) => hits(number(key).saturating_sub(page.limit)..number(key), keyed),
        }
    }

    #[test]
    fn pages_lead_to_the_end_and_back() {
        for keyed in [true, false] {
            for (total, limit) in [(7, 3), (6, 3), (1, 3), (0, 3)] {
                let (mut seen, mut cursor, mut last) = (Vec::new(), String::new(), String::new());
                loop {
                    let window = window(limit, &cursor);
                    let mut page = answer(&window.page(), total, keyed);
                    let (prev, next) = window.cut(&mut page, total as u64);
                    assert_eq!(prev.is_empty(), cursor.is_empty());
                    seen.extend(page.into_iter().map(|hit| hit.id));
                    if next.is_empty() {
                        last.clone_from(&prev);
                        break;
                    }
                    cursor = next;
                }
                let all: Vec<_> = (0..total).map(|number| format!("p{number}")).collect();
                assert_eq!(seen, all, "{keyed} {total}");
                let mut back = Vec::new();
                while !last.is_empty() {
                    let window = window(limit, &last);
                    let mut page = answer(&window.page(), total, keyed);
                    let (prev, next) = window.cut(&mut page, total as u64);
                    assert!(!next.is_empty());
                    back.splice(0..0, page.into_iter().map(|hit| hit.id));
                    last = prev;
                }
                let before_last = total.saturating_sub(1) / limit * limit;
                assert_eq!(back, all[..before_last], "{keyed} {total}");
            }
        }
    }

    #[test]
    fn other_texts_are_no_cursors_of_a_search() {
        let cursor = Cursor::new(7, Place::From(24), 24);
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for text in ["", "nonsense", "WzEsMl0"] {
            assert_eq!(Cursor::decode(text), None);
        }
    }
}
