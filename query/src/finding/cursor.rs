//! Places in the results of a search, as text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use search::{Key, MAX_LIMIT, Start};
use serde::{Deserialize, Serialize};

use crate::list::hash;

/// What tells these cursors from those of lists, which begin with a number.
const KIND: &str = "s";

/// The hits beside a boundary that a cursor remembers: as long as one of them is found, the boundary is where it is.
const ANCHORS: usize = 16;
/// How far a boundary may move, by hits that come or go in front of it, until the engine is asked again.
const NEAR: usize = 16;

/// A place in the results of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    kind: String,
    /// Of the search: a cursor of another one is refused.
    pub(super) fingerprint: u64,
    pub(super) place: Place,
    /// How many hits come before the page, as far as is known: where the read model goes on when the engine is away.
    pub(super) at: usize,
    /// The last word was found as the beginning of longer ones, and is on all pages.
    pub(super) begun: bool,
}

/// Where a page lies. In the order of relevance that is beside some hits, told by their numbers of [`anchor`] in the usual order, or,
/// when all of them are gone, beside as many hits as there were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// Begins after the last one of these, or after so many hits.
    From(usize, Vec<u32>),
    /// Ends before the first one of these, or before the hit with this number.
    To(usize, Vec<u32>),
    /// Begins after this hit.
    After(Key, String),
    /// Ends before this hit.
    Before(Key, String),
}

impl Cursor {
    pub(super) fn encode(&self) -> String {
        // Numbers and strings always serialize.
        let parts = (&self.kind, self.fingerprint, &self.place, self.at, self.begun);
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
    }

    /// `None` if the text is not a cursor of a search; it may be one of the list.
    pub(super) fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, fingerprint, place, at, begun): (String, u64, Place, usize, bool) =
            serde_json::from_slice(&bytes).ok()?;
        (kind == KIND).then_some(Self {
            kind,
            fingerprint,
            place,
            at,
            begun,
        })
    }
}

/// The page of a search.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) fingerprint: u64,
    pub(super) limit: usize,
    pub(super) cursor: Option<Cursor>,
    /// See [`Cursor::begun`].
    pub(super) begun: bool,
}

/// Where a page lies in what the engine answered with.
struct Span {
    from: usize,
    to: usize,
    /// Nothing that the engine was not asked for could change it.
    sure: bool,
}

impl Window {
    /// What to ask the engine for: the second only if the first does not [`Window::shows`] the page.
    pub(super) fn pages(&self) -> [search::Page; 2] {
        let page = |limit, start| search::Page { limit, start };
        let beside = |reach: usize| match self.place() {
            Some(Place::From(offset, _)) => {
                let start = offset.saturating_sub(reach);
                page(offset - start + self.limit + 1 + reach, Start::Offset(start))
            }
            Some(Place::To(end, _)) => {
                let start = end.saturating_sub(self.limit + reach);
                page(end - start + reach, Start::Offset(start))
            }
            Some(Place::After(key, id)) => page(self.limit + 1, Start::After(key.clone(), id.clone())),
            Some(Place::Before(key, id)) => page(self.limit + 1, Start::Before(key.clone(), id.clone())),
            None => page(self.limit + 1, Start::Offset(0)),
        };
        let far = MAX_LIMIT.saturating_sub(self.limit + 1) / 2;
        [beside(NEAR), beside(far)]
    }

    /// Whether what the engine answered to this page has the page that is wanted, as surely as can be.
    pub(super) fn shows(&self, page: &search::Page, hits: &[search::Hit]) -> bool {
        match (&page.start, self.place()) {
            (Start::Offset(start), Some(place)) => self.span(place, *start, hits, page.limit).sure,
            _ => true,
        }
    }

    fn span(&self, place: &Place, start: usize, hits: &[search::Hit], asked: usize) -> Span {
        let known = |at: usize, anchors: &[u32]| hits.get(at).is_some_and(|hit| anchors.contains(&anchor(&hit.id)));
        // A product that ranks elsewhere by now has left its neighbours, so two that are still side by side tell better where they were.
        let first_of = |anchors: &[u32], order: &mut dyn Iterator<Item = &u32>| {
            let places: Vec<usize> = order
                .filter_map(|number| hits.iter().position(|hit| anchor(&hit.id) == *number))
                .collect();
            let stayed = |at: &&usize| known(**at + 1, anchors) || **at > 0 && known(**at - 1, anchors);
            places.iter().find(stayed).or(places.first()).copied()
        };
        match place {
            Place::To(end, anchors) => {
                let place = first_of(anchors, &mut anchors.iter());
                let to = place.unwrap_or(end.saturating_sub(start)).min(hits.len());
                Span {
                    from: to.saturating_sub(self.limit),
                    to,
                    sure: anchors.is_empty() || place.is_some() && (to >= self.limit || start == 0),
                }
            }
            Place::From(offset, anchors) => {
                let place = first_of(anchors, &mut anchors.iter().rev());
                let from = place
                    .map_or(offset.saturating_sub(start), |place| place + 1)
                    .min(hits.len());
                let to = (from + self.limit).min(hits.len());
                let is_last = hits.len() < asked;
                Span {
                    from,
                    to,
                    sure: anchors.is_empty() || place.is_some() && (to < hits.len() || is_last),
                }
            }
            Place::After(..) | Place::Before(..) => Span {
                from: 0,
                to: hits.len(),
                sure: true,
            },
        }
    }

    fn place(&self) -> Option<&Place> {
        self.cursor.as_ref().map(|cursor| &cursor.place)
    }

    /// How many hits come before the page, as far as is known.
    pub(super) fn at(&self) -> usize {
        self.cursor.as_ref().map_or(0, |cursor| cursor.at)
    }

    /// Cuts what the engine answered to this page to the page that is wanted, and returns the cursors of the pages before and after it.
    pub(super) fn cut(&self, page: &search::Page, hits: &mut Vec<search::Hit>, total: u64) -> (String, String) {
        let at = self.at();
        match (&page.start, self.place()) {
            (Start::Before(..), _) => {
                let more = hits.len() > self.limit;
                if more {
                    hits.remove(0);
                }
                let first = at.saturating_sub(hits.len());
                let prev = if more { self.before(hits, first) } else { String::new() };
                (prev, self.after(hits, first))
            }
            (Start::Offset(start), Some(place)) => {
                let span = self.span(place, *start, hits, page.limit);
                self.cut_span(place, *start, &span, hits, total)
            }
            (Start::Offset(start), None) if hits.iter().all(|hit| hit.key.is_none()) => {
                let place = Place::From(0, Vec::new());
                let span = self.span(&place, *start, hits, page.limit);
                self.cut_span(&place, *start, &span, hits, total)
            }
            (_, place) => {
                let more = hits.len() > self.limit;
                hits.truncate(self.limit);
                let next = if more { self.after(hits, at) } else { String::new() };
                let prev = match place {
                    Some(Place::After(key, id)) if hits.is_empty() => {
                        self.cursor(Place::Before(key.clone(), id.clone()), at)
                    }
                    Some(_) => self.before(hits, at),
                    None => String::new(),
                };
                (prev, next)
            }
        }
    }

    fn cut_span(
        &self,
        place: &Place,
        start: usize,
        span: &Span,
        hits: &mut Vec<search::Hit>,
        total: u64,
    ) -> (String, String) {
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        let anchors: Vec<u32> = hits.iter().map(|hit| anchor(&hit.id)).collect();
        // Beyond the end the way back leads to the last page.
        let (first, end) = ((start + span.from).min(total), start + span.to);
        let prev = if first > 0 {
            let beside = anchors.iter().skip(span.from).take(ANCHORS);
            self.cursor(Place::To(first, beside.copied().collect()), first)
        } else {
            String::new()
        };
        let next = if matches!(place, Place::To(..)) || span.to < hits.len() {
            let beside = anchors.iter().take(span.to).skip(span.to.saturating_sub(ANCHORS));
            // What was shown and ranks beyond this page by now is not to be shown there.
            let ahead = anchors.iter().skip(span.to).filter(|number| match place {
                Place::From(_, seen) => seen.contains(number),
                _ => false,
            });
            let beside = beside.chain(ahead);
            self.cursor(Place::From(end, beside.copied().collect()), end)
        } else {
            String::new()
        };
        hits.truncate(span.to);
        hits.drain(..span.from);
        if let Place::From(_, seen) | Place::To(_, seen) = place {
            // What now ranks on this side was shown on the other.
            hits.retain(|hit| !seen.contains(&anchor(&hit.id)));
        }
        (prev, next)
    }

    fn before(&self, hits: &[search::Hit], at: usize) -> String {
        match hits.first() {
            Some(search::Hit { key: Some(key), id, .. }) => self.cursor(Place::Before(key.clone(), id.clone()), at),
            _ => String::new(),
        }
    }

    fn after(&self, hits: &[search::Hit], at: usize) -> String {
        match hits.last() {
            Some(search::Hit { key: Some(key), id, .. }) => {
                self.cursor(Place::After(key.clone(), id.clone()), at + hits.len())
            }
            _ => String::new(),
        }
    }

    fn cursor(&self, place: Place, at: usize) -> String {
        let cursor = Cursor {
            kind: KIND.to_owned(),
            fingerprint: self.fingerprint,
            place,
            at,
            begun: self.begun,
        };
        cursor.encode()
    }
}

/// A short number that tells a product from the few around it.
fn anchor(id: &str) -> u32 {
    u32::try_from(hash(id.bytes()) >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: usize, cursor: &str) -> Window {
        Window {
            fingerprint: 7,
            limit,
            cursor: Cursor::decode(cursor),
            begun: false,
        }
    }

    fn hit(number: usize, keyed: bool) -> search::Hit {
        search::Hit {
            id: format!("p{number}"),
            score: 0.0,
            key: keyed.then(|| Key::Integer(i64::try_from(number).unwrap())),
            name: None,
            snippet: None,
        }
    }

    /// What an engine answers that finds products with these numbers, in this order; with `keyed`, it ascends.
    fn answer(page: &search::Page, found: &[usize], keyed: bool) -> Vec<search::Hit> {
        let place = |key: &Key| match key {
            Key::Integer(number) => found.partition_point(|found| *found < usize::try_from(*number).unwrap()),
            Key::Text(_) | Key::Price(..) => unreachable!(),
        };
        let range = match &page.start {
            Start::Offset(offset) => *offset..offset + page.limit,
            Start::After(key, _) => place(key) + 1..place(key) + 1 + page.limit,
            Start::Before(key, _) => place(key).saturating_sub(page.limit)..place(key),
        };
        let numbers = found.iter().take(range.end).skip(range.start);
        numbers.map(|number| hit(*number, keyed)).collect()
    }

    /// The products of a page, and the cursors before and after it.
    fn page(limit: usize, cursor: &str, found: &[usize], keyed: bool) -> (Vec<usize>, String, String) {
        let window = window(limit, cursor);
        let [mut asked, far] = window.pages();
        let mut hits = answer(&asked, found, keyed);
        if !window.shows(&asked, &hits) {
            asked = far;
            hits = answer(&asked, found, keyed);
        }
        let (prev, next) = window.cut(&asked, &mut hits, found.len() as u64);
        let numbers = hits.iter().map(|hit| hit.id[1..].parse().unwrap()).collect();
        (numbers, prev, next)
    }

    #[test]
    fn pages_lead_to_the_end_and_back() {
        for keyed in [true, false] {
            for (total, limit) in [(7, 3), (6, 3), (1, 3), (0, 3), (90, 7)] {
                let found: Vec<usize> = (0..total).collect();
                let (mut seen, mut cursor, mut last) = (Vec::new(), String::new(), String::new());
                loop {
                    let (hits, prev, next) = page(limit, &cursor, &found, keyed);
                    assert_eq!(prev.is_empty(), cursor.is_empty());
                    seen.extend(hits);
                    if next.is_empty() {
                        last.clone_from(&prev);
                        break;
                    }
                    cursor = next;
                }
                assert_eq!(seen, found, "{keyed} {total}");
                let mut back = Vec::new();
                while !last.is_empty() {
                    let (hits, prev, next) = page(limit, &last, &found, keyed);
                    assert!(!next.is_empty());
                    back.splice(0..0, hits);
                    last = prev;
                }
                let before_last = total.saturating_sub(1) / limit * limit;
                assert_eq!(back, found[..before_last], "{keyed} {total}");
            }
        }
    }

    #[test]
    fn by_relevance_nothing_comes_twice_or_is_left_out_while_others_come_and_go() {
        proptest::proptest!(|(
            limit in 1_usize..40,
            rounds in proptest::collection::vec((0..ANCHORS, 0_usize..100), 1..12),
        )| {
            // Even numbers are there all along; odd ones come between two pages, and go before the next.
            let settled: Vec<usize> = (0..100).map(|number| number * 2).collect();
            let mut found = settled.clone();
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            let mut rounds = rounds.into_iter();
            loop {
                let (hits, _, next) = page(limit, &cursor, &found, false);
                seen.extend(hits.into_iter().filter(|number| number % 2 == 0));
                if next.is_empty() {
                    break;
                }
                cursor = next;
                found.clone_from(&settled);
                if let Some((come, place)) = rounds.next() {
                    let fresh = ANCHORS * rounds.len();
                    found.splice(place..place, (fresh..fresh + come).map(|number| 2 * number + 1));
                }
            }
            proptest::prop_assert_eq!(seen, settled);
        });
    }

    #[test]
    fn a_page_begins_where_the_one_before_ended() {
        let all: Vec<usize> = (0..60).collect();
        let (_, _, next) = page(10, "", &all, false);
        let (second, prev, _) = page(10, &next, &all, false);
        assert_eq!(second, (10..20).collect::<Vec<_>>());
        let changes: [(&str, Vec<usize>); 5] = [
            ("three are gone", (3..60).collect()),
            ("all but one are gone", [0].into_iter().chain(10..60).collect()),
            ("a few are new", (900..905).chain(0..60).collect()),
            ("many are new", (600..950).chain(0..60).collect()),
            ("both", (600..700).chain(5..60).collect()),
        ];
        for (what, found) in changes {
            assert_eq!(page(10, &next, &found, false).0, second, "{what}");
            let (before, ..) = page(10, &prev, &found, false);
            let place = found.iter().position(|number| *number == 10).unwrap();
            assert_eq!(before, found[place.saturating_sub(10)..place], "{what}, backwards");
        }
        let gone: Vec<usize> = (10..60).collect();
        assert_eq!(
            page(10, &next, &gone, false).0,
            (20..30).collect::<Vec<_>>(),
            "by number"
        );
        let last_moved: Vec<usize> = (0..9).chain(10..50).chain([9]).chain(50..60).collect();
        assert_eq!(
            page(10, &next, &last_moved, false).0,
            second,
            "the last one ranks elsewhere"
        );
        let first_moved: Vec<usize> = [10].into_iter().chain(0..10).chain(11..60).collect();
        assert_eq!(page(10, &prev, &first_moved, false).0, (0..10).collect::<Vec<_>>());
        let moved: Vec<usize> = (0..9).chain([10, 9]).chain(11..60).collect();
        assert!(!page(10, &next, &moved, false).0.contains(&8), "what was seen");
    }

    #[test]
    fn other_texts_are_no_cursors_of_a_search() {
        let window = window(24, "");
        let cursor = window.cursor(Place::From(24, vec![1, u32::MAX]), 24);
        assert_eq!(Cursor::decode(&cursor).map(|cursor| cursor.encode()), Some(cursor));
        for text in ["", "nonsense", "WzEsMl0"] {
            assert_eq!(Cursor::decode(text), None);
        }
    }
}
