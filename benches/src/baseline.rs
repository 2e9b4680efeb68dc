//! Plain BM25, as any library has it: all text of a product is one, and any of the words will do.
#![expect(clippy::cast_precision_loss, reason = "weights")]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use frostem::{Algorithm, Stemmer};
use search::{AttributeValue, Document};

const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.75;
/// Those of Lucene.
const STOP_WORDS: &str = "a an and are as at be but by for if in into is it no not of on or such that the their then there these they \
                          this to was will with";

pub(crate) struct Bm25<'a> {
    ids: Vec<&'a str>,
    /// By word: the products that have it, and how often.
    words: HashMap<String, Vec<(usize, f64)>>,
    lengths: Vec<f64>,
    stemmer: Option<Stemmer>,
}

impl<'a> Bm25<'a> {
    /// With `stems`, forms of a word are one, and stop words none.
    pub(crate) fn new(products: &'a [Document], stems: bool) -> Self {
        let mut baseline = Self {
            ids: products.iter().map(|product| product.id.as_str()).collect(),
            words: HashMap::new(),
            lengths: Vec::new(),
            stemmer: stems.then(|| Stemmer::new(Algorithm::English)),
        };
        for (at, product) in products.iter().enumerate() {
            let texts = product.attributes.values().filter_map(|value| match value {
                AttributeValue::Text(text) => Some(text.as_str()),
                _ => None,
            });
            let words: Vec<String> = [product.name.as_str(), product.description.as_str()]
                .into_iter()
                .chain(texts)
                .flat_map(|text| baseline.cut(text))
                .collect();
            baseline.lengths.push(words.len() as f64);
            let mut times: BTreeMap<String, f64> = BTreeMap::new();
            for word in words {
                *times.entry(word).or_default() += 1.0;
            }
            for (word, times) in times {
                baseline.words.entry(word).or_default().push((at, times));
            }
        }
        baseline
    }

    fn cut(&self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase();
        let words = lower.split(|character: char| !character.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty());
        match &self.stemmer {
            None => words.map(str::to_owned).collect(),
            Some(stemmer) => words
                .filter(|word| !STOP_WORDS.split_whitespace().any(|stop| stop == *word))
                .map(|word| stemmer.stem(word).into_owned())
                .collect(),
        }
    }

    /// The best products for a query.
    pub(crate) fn best(&self, query: &str, most: usize) -> Vec<&'a str> {
        let all = self.ids.len() as f64;
        let mean = self.lengths.iter().sum::<f64>() / all.max(1.0);
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for word in self.cut(query).into_iter().collect::<BTreeSet<_>>() {
            let having = self.words.get(&word).map_or(&[][..], Vec::as_slice);
            let count = having.len() as f64;
            let rarity = (1.0 + (all - count + 0.5) / (count + 0.5)).ln();
            for (product, times) in having {
                let norm = SATURATION * (1.0 - LENGTH + LENGTH * self.lengths[*product] / mean);
                *scores.entry(*product).or_default() += rarity * times * (SATURATION + 1.0) / (times + norm);
            }
        }
        let mut best: Vec<(usize, f64)> = scores.into_iter().collect();
        best.sort_by(|left, right| {
            right
                .1
                .total_cmp(&left.1)
                .then_with(|| self.ids[left.0].cmp(self.ids[right.0]))
        });
        best.into_iter()
            .take(most)
            .map(|(product, _)| self.ids[product])
            .collect()
    }
}
