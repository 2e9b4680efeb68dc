//! Which documents of a segment have the words, and how well.

use std::ops::Range;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::query::{EnableScoring, PhraseQuery, Query};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, SegmentReader, TERMINATED, Term};

use super::bits::Bits;
use super::plan::{Alternative, MAX_WORDS, Plan, Word};
use super::ranking::{Ranking, rarity};
use super::schema::{Fields, NAME, TEXTS};
use super::segment::{Result, insert_all};
use super::vocabulary::Vocabulary;

/// The words that stand for one and count in the score; what is beyond matches only.
const MAX_SCORED: usize = 48;

/// Figures of the whole index that scores need.
pub(super) struct Corpus {
    pub(super) products: u64,
    /// The mean length of each part, in words.
    pub(super) mean: [f32; TEXTS],
}

impl Corpus {
    pub(super) fn read(segments: &[SegmentReader], fields: &Fields) -> Result<Self> {
        let products: u64 = segments.iter().map(|segment| u64::from(segment.max_doc())).sum();
        let mut mean = [1.0; TEXTS];
        for (mean, field) in mean.iter_mut().zip(fields.texts) {
            let mut words = 0;
            for segment in segments {
                words += segment.inverted_index(field)?.total_num_tokens();
            }
            #[expect(clippy::cast_precision_loss, reason = "a mean")]
            let length = words as f32 / products.max(1) as f32;
            *mean = length.max(1.0);
        }
        Ok(Self { products, mean })
    }
}

/// A plan with what all segments say about its words.
pub(super) struct Prepared<'a> {
    plan: &'a Plan,
    scored: Vec<Scored<'a>>,
    pairs: Vec<Pair>,
    norms: Vec<[f32; 256]>,
    /// By word: what it is of all that were typed.
    shares: Vec<f32>,
    ranking: &'a Ranking,
}

/// What counts in the score for some words in a row.
struct Scored<'a> {
    words: Range<usize>,
    alternatives: &'a [Alternative],
    rarity: f32,
    /// Each has all that the words mean: the best one counts, not their sum.
    synonyms: bool,
}

/// Two words side by side.
struct Pair {
    words: [String; 2],
    weight: f32,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        vocabulary: &Vocabulary<'_>,
        corpus: &Corpus,
        ranking: &'a Ranking,
    ) -> Result<Self> {
        let weigh = |alternatives: &[Alternative]| weigh(alternatives, vocabulary, corpus);
        let rarity = plan.words.iter().map(|word| {
            weigh(if word.alternatives.is_empty() {
                &word.synonyms
            } else {
                &word.alternatives
            })
        });
        let rarity = rarity.collect::<Result<Vec<f32>>>()?;
        let mut scored = Vec::new();
        let mut add = |words: Range<usize>, own: f32, alternatives: &'a [Alternative], synonyms: &'a [Alternative]| {
            // However rare a synonym is, it tells no more than what was typed.
            let most = rarity[words.clone()].iter().copied().fold(f32::INFINITY, f32::min);
            let of_synonyms = weigh(synonyms)?.min(most);
            for (alternatives, rarity, synonyms) in [(alternatives, own, false), (synonyms, of_synonyms, true)] {
                if !alternatives.is_empty() {
                    scored.push(Scored {
                        words: words.clone(),
                        alternatives,
                        rarity,
                        synonyms,
                    });
                }
            }
            Ok::<(), tantivy::TantivyError>(())
        };
        for (at, word) in plan.words.iter().enumerate() {
            add(at..at + 1, rarity[at], &word.alternatives, &word.synonyms)?;
        }
        for span in &plan.spans {
            add(
                span.words.clone(),
                weigh(&span.alternatives)?,
                &span.alternatives,
                &span.synonyms,
            )?;
        }
        let mut pairs = Vec::new();
        for (at, words) in plan.words.windows(2).enumerate() {
            let weight = f32::midpoint(rarity[at], rarity[at + 1]);
            if let (Some(left), Some(right)) = (nearest(&words[0]), nearest(&words[1])) {
                pairs.push(Pair {
                    words: [left.to_owned(), right.to_owned()],
                    weight,
                });
            }
        }
        let counts = plan.words.iter().zip(&rarity).map(|(word, rarity)| word.share * rarity);
        let all: f32 = counts.clone().sum();
        let shares = counts.map(|count| count / all.max(f32::MIN_POSITIVE)).collect();
        let norms = (0..TEXTS)
            .map(|part| norms(ranking.length[part], corpus.mean[part]))
            .collect();
        Ok(Self {
            plan,
            scored,
            pairs,
            norms,
            shares,
            ranking,
        })
    }
}

/// The word of the index that is most like what was typed.
fn nearest(word: &Word) -> Option<&str> {
    word.all().find_map(|alternative| match alternative {
        Alternative::Term { text, .. } => Some(text.as_str()),
        Alternative::Beginning { .. } | Alternative::Phrase { .. } => None,
    })
}

fn weigh(alternatives: &[Alternative], vocabulary: &Vocabulary<'_>, corpus: &Corpus) -> Result<f32> {
    let mut products = 0;
    for alternative in alternatives.iter().take(MAX_SCORED) {
        products += match alternative {
            Alternative::Term { text, .. } => vocabulary.products(text)?,
            // Rarer than its rarest word; counted as one so that the word keeps its weight.
            Alternative::Phrase { .. } | Alternative::Beginning { .. } => 1,
        };
    }
    Ok(rarity(products, corpus.products))
}

fn norms(length: f32, mean: f32) -> [f32; 256] {
    let mut norms = [0.0; 256];
    for (id, norm) in (0_u8..=255).zip(&mut norms) {
        #[expect(clippy::cast_precision_loss, reason = "a weight")]
        let words = FieldNormReader::id_to_fieldnorm(id) as f32;
        *norm = 1.0 / (1.0 - length + length * words / mean);
    }
    norms
}

/// What matches in a segment.
pub(super) struct Matched {
    /// By word: the documents that have it.
    pub(super) words: Vec<Bits>,
    shares: Vec<f32>,
    units: Vec<Unit>,
    pairs: Vec<f32>,
}

/// A word, or a span of words, with its weight in every document.
struct Unit {
    words: Range<usize>,
    weight: Vec<f32>,
    rarity: f32,
}

impl Matched {
    /// The documents that have all of the words.
    pub(super) fn all(&self) -> Option<Bits> {
        let (first, others) = self.words.split_first()?;
        let mut all = first.clone();
        for word in others {
            all.intersect(word);
        }
        Some(all)
    }

    /// The documents that have at least one of the words.
    pub(super) fn any(&self) -> Option<Bits> {
        let (first, others) = self.words.split_first()?;
        let mut any = first.clone();
        for word in others {
            any.unite(word);
        }
        Some(any)
    }

    /// The share of the words that a document has, by how rare they are.
    pub(super) fn share(&self, document: u32) -> f32 {
        let words = self.words.iter().zip(&self.shares);
        let having = words.filter(|(word, _)| word.contains(document));
        having.map(|(_, share)| share).sum()
    }

    /// How well a document matches.
    pub(super) fn score(&self, document: u32, ranking: &Ranking) -> f32 {
        let at = document as usize;
        let mut words = [0.0_f32; MAX_WORDS];
        for unit in &self.units {
            let weight = unit.weight[at];
            if weight > 0.0 {
                let score = unit.rarity * weight / (weight + ranking.saturation);
                for word in unit.words.clone() {
                    if let Some(best) = words.get_mut(word) {
                        *best = best.max(score);
                    }
                }
            }
        }
        let pairs = self.pairs.get(at).copied().unwrap_or_default();
        words.iter().sum::<f32>() + pairs
    }
}

/// Matches a plan; with `scored`, [`Matched::score`] can be asked for the documents that have all words or, `any`, some.
pub(super) fn matching(
    segment: &SegmentReader,
    fields: &Fields,
    prepared: &Prepared<'_>,
    scored: bool,
    any: bool,
) -> Result<Matched> {
    let plan = prepared.plan;
    let mut words = Vec::with_capacity(plan.words.len());
    for word in &plan.words {
        let mut bits = Bits::none(segment.max_doc());
        insert_alternatives(segment, fields, word.all(), &mut bits)?;
        words.push(bits);
    }
    for span in &plan.spans {
        let mut bits = Bits::none(segment.max_doc());
        insert_alternatives(segment, fields, span.all(), &mut bits)?;
        for word in span.words.clone() {
            words[word].unite(&bits);
        }
    }
    let mut matched = Matched {
        words,
        shares: prepared.shares.clone(),
        units: Vec::new(),
        pairs: Vec::new(),
    };
    let wanted = if any { matched.any() } else { matched.all() };
    let Some(wanted) = wanted.filter(|wanted| scored && !wanted.is_empty()) else {
        return Ok(matched);
    };
    let weigher = Weigher {
        segment,
        fields,
        prepared,
        wanted: &wanted,
    };
    let units = prepared.scored.iter().map(|scored| weigher.unit(scored));
    let units = units.collect::<Result<_>>()?;
    let pairs = weigher.pairs()?;
    matched.units = units;
    matched.pairs = pairs;
    Ok(matched)
}

fn insert_alternatives<'a>(
    segment: &SegmentReader,
    fields: &Fields,
    alternatives: impl Iterator<Item = &'a Alternative>,
    bits: &mut Bits,
) -> Result<()> {
    for alternative in alternatives {
        match alternative {
            Alternative::Term { text, .. } => {
                insert_all(segment, fields.words, text, bits)?;
            }
            Alternative::Beginning { text, .. } => {
                insert_all(segment, fields.beginnings, text, bits)?;
            }
            Alternative::Phrase { words, between, .. } => {
                each_phrase(segment, fields, words, *between, |_, document| bits.insert(document))?;
            }
        }
    }
    Ok(())
}

/// Calls with the part and the document wherever the words stand one after the other, with up to so many others between them.
fn each_phrase(
    segment: &SegmentReader,
    fields: &Fields,
    words: &[String],
    between: u32,
    mut call: impl FnMut(usize, u32),
) -> Result<()> {
    for (part, field) in fields.texts.iter().enumerate() {
        let terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(*field, word)).collect();
        let mut query = PhraseQuery::new(terms);
        query.set_slop(between);
        let weight = query.weight(EnableScoring::disabled_from_schema(segment.schema()))?;
        let mut scorer = weight.scorer(segment, 1.0)?;
        let mut document = scorer.doc();
        while document != TERMINATED {
            call(part, document);
            document = scorer.advance();
        }
    }
    Ok(())
}

struct Weigher<'a> {
    segment: &'a SegmentReader,
    fields: &'a Fields,
    prepared: &'a Prepared<'a>,
    wanted: &'a Bits,
}

impl Weigher<'_> {
    fn unit(&self, scored: &Scored<'_>) -> Result<Unit> {
        let none = || vec![0.0_f32; self.segment.max_doc() as usize];
        let mut weight = none();
        let mut alternatives = scored.alternatives.iter().take(MAX_SCORED);
        if scored.synonyms {
            for alternative in alternatives {
                let mut sums = none();
                self.add(alternative, &mut sums)?;
                for (best, sum) in weight.iter_mut().zip(sums) {
                    *best = best.max(sum);
                }
            }
        } else {
            alternatives.try_for_each(|alternative| self.add(alternative, &mut weight))?;
        }
        Ok(Unit {
            words: scored.words.clone(),
            weight,
            rarity: scored.rarity,
        })
    }

    fn add(&self, alternative: &Alternative, sums: &mut [f32]) -> Result<()> {
        match alternative {
            Alternative::Term { text, weight } => self.add_term(text, *weight, sums),
            Alternative::Beginning { words, .. } => words
                .iter()
                .try_for_each(|word| self.add_term(word, self.prepared.ranking.beginning, sums)),
            Alternative::Phrase { words, weight, between } => {
                each_phrase(self.segment, self.fields, words, *between, |part, document| {
                    sums[document as usize] += weight * self.prepared.ranking.weight[part];
                })
            }
        }
    }

    fn add_term(&self, text: &str, weight: f32, sums: &mut [f32]) -> Result<()> {
        for (part, field) in self.fields.texts.iter().enumerate() {
            let weight = weight * self.prepared.ranking.weight[part];
            let index = self.segment.inverted_index(*field)?;
            let Some(info) = index.terms().get(text.as_bytes())? else {
                continue;
            };
            let lengths = self.segment.get_fieldnorms_reader(*field)?;
            let norms = &self.prepared.norms[part];
            let mut postings: BlockSegmentPostings =
                index.read_block_postings_from_terminfo(&info, IndexRecordOption::WithFreqs)?;
            while !postings.docs().is_empty() {
                for (document, times) in postings.docs().iter().zip(postings.freqs()) {
                    if self.wanted.contains(*document) {
                        #[expect(clippy::cast_precision_loss, reason = "a weight")]
                        // A name that repeats a word says it once.
                        let times = if part == NAME { 1.0 } else { *times as f32 };
                        let norm = norms[usize::from(lengths.fieldnorm_id(*document))];
                        sums[*document as usize] += weight * times * norm;
                    }
                }
                postings.advance();
            }
        }
        Ok(())
    }

    fn pairs(&self) -> Result<Vec<f32>> {
        let mut sums = Vec::new();
        for pair in &self.prepared.pairs {
            if sums.is_empty() {
                sums = vec![0.0; self.segment.max_doc() as usize];
            }
            each_phrase(self.segment, self.fields, &pair.words, 0, |part, document| {
                sums[document as usize] += pair.weight * self.prepared.ranking.pair[part];
            })?;
        }
        Ok(sums)
    }
}
