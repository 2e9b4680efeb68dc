//! Answers a request from one state of an index.

use std::cmp::Ordering;
use std::collections::HashSet;

use tantivy::schema::Value;
use tantivy::{DocAddress, TantivyDocument};

use super::bits::Bits;
use super::correction;
use super::facets::Counts;
use super::filter::{Filtered, Place};
use super::matching::{Matched, Prepared, matching};
use super::plan::{Alternative, Plan, Planner, Span, Typos, Word, asked};
use super::ranking::{Class, Rank, Ranking};
use super::segment::{Result, compare, insert_all};
use super::state::State;
use super::vocabulary::Vocabulary;
use crate::answer::{Answer, Hit};
use crate::highlight::{marked, marks, snippet};
use crate::request::{FULL_PAGE, Key, MAX_LIMIT, Request, Sort, Start};
use crate::text::sort_key;
use crate::words::Asked;

/// A search over one state of an index.
pub(super) struct Search<'a> {
    pub(super) state: &'a State,
    pub(super) request: &'a Request,
    pub(super) ranking: &'a Ranking,
    pub(super) vocabulary: Vocabulary<'a>,
    places: Vec<Place<'a>>,
    filtered: Vec<Filtered>,
}

/// What a plan finds.
struct Found {
    plan: Plan,
    segments: Vec<FoundIn>,
    /// Some product has the words, whatever values of facets are chosen.
    any: bool,
    relaxed: bool,
}

struct FoundIn {
    matched: Option<Matched>,
    /// The documents that have the words; `None`: no words were asked for.
    matching: Option<Bits>,
    /// Of them, those that fulfil the filter.
    all: Bits,
}

/// A document on its way to the page.
struct Candidate {
    segment: usize,
    document: u32,
    rank: Rank,
    key: Option<Key>,
}

impl<'a> Search<'a> {
    pub(super) fn new(state: &'a State, request: &'a Request, ranking: &'a Ranking) -> Result<Self> {
        let segments = state.searcher.segment_readers();
        let places: Vec<Place<'_>> = segments
            .iter()
            .zip(&state.columns)
            .map(|(segment, columns)| Place {
                segment,
                columns,
                fields: &state.fields,
            })
            .collect();
        let filtered = places
            .iter()
            .map(|place| place.filter(&request.filter))
            .collect::<Result<_>>()?;
        Ok(Self {
            state,
            request,
            ranking,
            vocabulary: Vocabulary {
                segments,
                alike: &state.alike,
                words: state.fields.words,
            },
            places,
            filtered,
        })
    }

    pub(super) fn answer(&self) -> Result<Answer> {
        let asked = asked(self.request, &self.state.rules);
        let mut correction = None;
        // What has no words, not even one character of any, is not a listing: it finds nothing.
        let found = if asked.is_empty() {
            let nothing = !self.request.words.trim().is_empty();
            self.listing(nothing)
        } else {
            let found = self.find(&asked)?;
            if found.relaxed {
                correction = correction::nearest(
                    &self.vocabulary,
                    &asked,
                    |word| self.has(word),
                    |words| self.finds(words),
                )?;
            }
            found
        };
        let mut counts = Counts::new(self.request);
        for ((place, filtered), found) in self.places.iter().zip(&self.filtered).zip(&found.segments) {
            counts.add(place, filtered, found.matching.as_ref(), &found.all)?;
        }
        let (facets, prices) = counts.finish();
        let total = found.segments.iter().map(|found| u64::from(found.all.count())).sum();
        let mut hits = self.hits(&found)?;
        let mut partial = 0;
        if let Some((some, others)) = self.others(&asked, &found, total)? {
            partial = others.len() as u64;
            let before = usize::try_from(total).unwrap_or(usize::MAX);
            let (offset, open) = (self.offset().saturating_sub(before), self.limit() - hits.len());
            hits.extend(self.shown(others.into_iter().skip(offset).take(open), &some.plan)?);
        }
        Ok(Answer {
            hits,
            total,
            partial,
            facets,
            prices,
            correction,
            relaxed: found.relaxed && found.any,
            ..Answer::default()
        })
    }

    fn limit(&self) -> usize {
        self.request.page.limit.min(MAX_LIMIT)
    }

    /// The hits before the page, in the order of relevance.
    fn offset(&self) -> usize {
        match self.request.page.start {
            Start::Offset(offset) => offset,
            // Only other orders have keys.
            Start::After(..) | Start::Before(..) => usize::MAX,
        }
    }

    /// Whether a product has all of the words, and fulfils the filter but for the values of facets.
    pub(super) fn finds(&self, words: &[String]) -> Result<bool> {
        let words: Vec<Asked> = words.iter().cloned().map(Asked::from).collect();
        Ok(self.with(&words, Typos::InUnknown, false, false)?.any)
    }

    /// Whether a product has the word, and fulfils the filter but for the values of facets.
    pub(super) fn has(&self, word: &str) -> Result<bool> {
        for (place, filtered) in self.places.iter().zip(&self.filtered) {
            let mut having = Bits::none(place.segment.max_doc());
            insert_all(place.segment, place.fields.words, word, &mut having)?;
            if filtered.has_any(&having) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn listing(&self, nothing: bool) -> Found {
        let segments = self.filtered.iter().zip(&self.places).map(|(filtered, place)| {
            let matching = nothing.then(|| Bits::none(place.segment.max_doc()));
            FoundIn {
                matched: None,
                all: filtered.all(matching.as_ref()),
                matching,
            }
        });
        Found {
            plan: Plan::default(),
            segments: segments.collect(),
            any: true,
            relaxed: false,
        }
    }

    /// First the words as they are, those that are not known with typos; then all with typos; then some of the words as they are, and if
    /// nothing has any, with typos.
    fn find(&self, asked: &[Asked]) -> Result<Found> {
        let scored = self.request.effective_sort() == Sort::Relevance;
        for typos in [Typos::InUnknown, Typos::Everywhere] {
            let found = self.with(asked, typos, scored, false)?;
            if found.any {
                return Ok(found);
            }
        }
        let found = self.with(asked, Typos::Nowhere, scored, true)?;
        if found.any {
            return Ok(found);
        }
        self.with(asked, Typos::InUnknown, scored, true)
    }

    /// What has some of the words, and the best of that in order, to follow those that have all: as many as are missing from a full page.
    fn others(&self, asked: &[Asked], found: &Found, total: u64) -> Result<Option<(Found, Vec<Candidate>)>> {
        let request = self.request;
        let missing = FULL_PAGE.saturating_sub(usize::try_from(total).unwrap_or(usize::MAX));
        let wanted = !request.all_words && request.effective_sort() == Sort::Relevance;
        if missing == 0 || !wanted || asked.len() < 2 || found.relaxed || request.page.limit == 0 {
            return Ok(None);
        }
        let mut some = self.with(asked, Typos::Nowhere, true, true)?;
        for (some, full) in some.segments.iter_mut().zip(&found.segments) {
            some.all.subtract(&full.all);
        }
        let best = self.best(&some, missing);
        Ok(Some((some, best)))
    }

    fn with(&self, asked: &[Asked], typos: Typos, scored: bool, relaxed: bool) -> Result<Found> {
        let planner = Planner {
            vocabulary: &self.vocabulary,
            rules: &self.state.rules,
            ranking: self.ranking,
            as_you_type: self.request.as_you_type,
            typos,
        };
        let plan = planner.plan(asked)?;
        let prepared = Prepared::new(&plan, &self.vocabulary, &self.state.corpus, self.ranking)?;
        let mut segments = Vec::with_capacity(self.places.len());
        let mut any = false;
        for (place, filtered) in self.places.iter().zip(&self.filtered) {
            let matched = matching(place.segment, place.fields, &prepared, scored, relaxed)?;
            let matching = if relaxed { matched.any() } else { matched.all() };
            any |= matching.as_ref().is_some_and(|matching| filtered.has_any(matching));
            segments.push(FoundIn {
                all: filtered.all(matching.as_ref()),
                matched: Some(matched),
                matching,
            });
        }
        Ok(Found {
            plan,
            segments,
            any,
            relaxed,
        })
    }

    fn hits(&self, found: &Found) -> Result<Vec<Hit>> {
        let limit = self.limit();
        if limit == 0 {
            return Ok(Vec::new());
        }
        let sort = self.request.effective_sort();
        if sort == Sort::Relevance {
            let offset = self.offset();
            let best = if offset == usize::MAX {
                Vec::new()
            } else {
                self.best(found, offset.saturating_add(limit))
            };
            self.shown(best.into_iter().skip(offset), &found.plan)
        } else {
            self.shown(self.by_field(found, sort, limit).into_iter(), &found.plan)
        }
    }

    fn shown(&self, page: impl Iterator<Item = Candidate>, plan: &Plan) -> Result<Vec<Hit>> {
        let terms = self.request.highlight.then(|| Terms::of(plan));
        page.map(|candidate| self.hit(candidate, terms.as_ref())).collect()
    }

    /// The best `wanted` candidates, in order.
    fn best(&self, found: &Found, wanted: usize) -> Vec<Candidate> {
        let key = sort_key(&self.request.words);
        let mut candidates = Vec::new();
        for (at, (place, found_in)) in self.places.iter().zip(&found.segments).enumerate() {
            // A dictionary that can't be read has no name.
            let named = place.columns.place_of_name(&key).unwrap_or_default();
            let rank = |document| self.rank(place, found_in, !found.relaxed, named, document);
            let mut best: Vec<(Rank, u32, u32)> = found_in
                .all
                .iter()
                .map(|document| (rank(document), place.columns.id_rank[document as usize], document))
                .collect();
            let order =
                |left: &(Rank, u32, u32), right: &(Rank, u32, u32)| left.0.compare(right.0).then(left.1.cmp(&right.1));
            if best.len() > wanted {
                best.select_nth_unstable_by(wanted, order);
                best.truncate(wanted);
            }
            candidates.extend(best.into_iter().map(|(rank, _, document)| Candidate {
                segment: at,
                document,
                rank,
                key: None,
            }));
        }
        candidates.sort_unstable_by(|left, right| {
            left.rank
                .compare(right.rank)
                .then_with(|| self.id(left).cmp(self.id(right)))
        });
        candidates.truncate(wanted);
        candidates
    }

    fn rank(&self, place: &Place<'_>, found: &FoundIn, is_full: bool, named: Option<u32>, document: u32) -> Rank {
        let Some(matched) = &found.matched else {
            return Rank::NONE;
        };
        let mut score = matched.score(document, self.ranking);
        if !is_full {
            score *= matched.share(document).powf(self.ranking.share);
        }
        let boosts = self.state.settings.boosts;
        if boosts.in_stock > 0.0 && place.columns.in_stock[document as usize] {
            score *= 1.0 + boosts.in_stock;
        }
        if boosts.best_selling > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "a weight")]
            let units = place.columns.units_sold[document as usize].max(0) as f32;
            // A thousand units are worth the whole boost.
            score *= 1.0 + boosts.best_selling * (units + 1.0).log10() / 3.0;
        }
        let class = match named {
            _ if !is_full => Class::Some,
            Some(named) if named == place.columns.name_place(document) => Class::Named,
            _ => Class::All,
        };
        Rank { class, score }
    }

    fn by_field(&self, found: &Found, sort: Sort, limit: usize) -> Vec<Candidate> {
        let (offset, backward) = match &self.request.page.start {
            Start::Offset(offset) => (*offset, false),
            Start::After(..) => (0, false),
            Start::Before(..) => (0, true),
        };
        let wanted = offset.saturating_add(limit);
        let mut candidates = Vec::new();
        for (at, (place, found_in)) in self.places.iter().zip(&found.segments).enumerate() {
            let order = place.columns.order(sort);
            let first = self.first_of(place, sort, order);
            let in_page = |document: &&u32| found_in.all.contains(**document);
            let documents: Vec<u32> = if backward {
                order[..first]
                    .iter()
                    .rev()
                    .filter(in_page)
                    .take(wanted)
                    .copied()
                    .collect()
            } else {
                order[first..].iter().filter(in_page).take(wanted).copied().collect()
            };
            candidates.extend(documents.into_iter().map(|document| Candidate {
                segment: at,
                document,
                rank: Rank::NONE,
                key: Some(place.columns.key(sort, document)),
            }));
        }
        candidates.sort_unstable_by(|left, right| self.compare(sort, left, right));
        if backward {
            let skipped = candidates.len().saturating_sub(limit);
            candidates.drain(..skipped);
        }
        candidates.into_iter().skip(offset).take(limit).collect()
    }

    /// Where in the order of a segment the page begins, or, going backward, ends.
    fn first_of(&self, place: &Place<'_>, sort: Sort, order: &[u32]) -> usize {
        let (key, id, itself) = match &self.request.page.start {
            Start::Offset(_) => return 0,
            Start::After(key, id) => (key, id, Ordering::Equal),
            Start::Before(key, id) => (key, id, Ordering::Less),
        };
        order.partition_point(|document| {
            let by_key = compare(sort, &place.columns.key(sort, *document), key);
            let ordering = by_key.then_with(|| (*place.columns.ids[*document as usize]).cmp(id.as_str()));
            ordering <= itself
        })
    }

    fn compare(&self, sort: Sort, left: &Candidate, right: &Candidate) -> Ordering {
        let by_key = match (&left.key, &right.key) {
            (Some(left), Some(right)) => compare(sort, left, right),
            _ => Ordering::Equal,
        };
        by_key.then_with(|| self.id(left).cmp(self.id(right)))
    }

    fn id(&self, candidate: &Candidate) -> &str {
        &self.places[candidate.segment].columns.ids[candidate.document as usize]
    }

    fn hit(&self, candidate: Candidate, terms: Option<&Terms>) -> Result<Hit> {
        let (mut name, mut part) = (None, None);
        if let Some(terms) = terms {
            let address = DocAddress::new(u32::try_from(candidate.segment).unwrap_or(u32::MAX), candidate.document);
            let stored: TantivyDocument = self.state.searcher.doc(address)?;
            let text = |field| {
                stored
                    .get_first(field)
                    .and_then(|value| value.as_str())
                    .unwrap_or_default()
            };
            let shown = text(self.state.fields.name);
            name = Some(marked(shown, &marks(shown, |word| terms.has(word))));
            let description = text(self.state.fields.description);
            if !description.is_empty() {
                part = Some(snippet(description, &marks(description, |word| terms.has(word))));
            }
        }
        Ok(Hit {
            id: self.id(&candidate).to_owned(),
            score: if candidate.key.is_none() {
                candidate.rank.number()
            } else {
                0.0
            },
            key: candidate.key,
            name,
            snippet: part,
        })
    }
}

/// The words of documents that a plan finds.
struct Terms {
    words: HashSet<String>,
    beginnings: Vec<String>,
}

impl Terms {
    fn of(plan: &Plan) -> Self {
        let mut terms = Self {
            words: HashSet::new(),
            beginnings: Vec::new(),
        };
        let of_words = plan.words.iter().flat_map(Word::all);
        for alternative in of_words.chain(plan.spans.iter().flat_map(Span::all)) {
            match alternative {
                Alternative::Term { text, .. } => {
                    terms.words.insert(text.clone());
                }
                Alternative::Beginning { text, .. } => terms.beginnings.push(text.clone()),
                Alternative::Phrase { words, .. } => terms.words.extend(words.iter().cloned()),
            }
        }
        terms
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(word)
            || self
                .beginnings
                .iter()
                .any(|beginning| word.starts_with(beginning.as_str()))
    }
}
