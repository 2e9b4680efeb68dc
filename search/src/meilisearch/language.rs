//! In which language a shop on the server writes: by its most frequent words, as the engine inside the process does it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{MutexGuard, PoisonError};

use meilisearch_sdk::search::MatchingStrategies;

use super::Meilisearch;
use super::row::Shown;
use super::search::{Counted, count};
use super::settings::{all, stop_words, typos};
use super::tasks::failed;
use crate::language::Language;
use crate::stop_words::StopWords;
use crate::{Error, Settings};

/// What this process knows of an index.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// As it was set up; `None`: by another process.
    settings: Option<Settings>,
    /// Products that it was given before the language was looked at last, and since.
    before: usize,
    since: usize,
}

impl Known {
    /// Notes that so many products are given. Whether there are twice as many as when the language was looked at: so a new shop has its
    /// language with the first products, one of them in another language does not decide, and a large one is hardly ever asked.
    fn is_due(&mut self, products: usize) -> bool {
        self.since += products;
        let due = self.since > 0 && self.since >= self.before;
        if due {
            self.before += std::mem::take(&mut self.since);
        }
        due
    }
}

impl Meilisearch {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what an index is set to.
    pub(super) fn is_set(&self, index: &str, settings: &Settings) {
        self.known().entry(index.to_owned()).or_default().settings = Some(settings.clone());
    }

    /// Notes that an index has another name by now.
    pub(super) fn is_renamed(&self, from: &str, to: &str) {
        let mut known = self.known();
        if let Some(renamed) = known.remove(from) {
            known.insert(to.to_owned(), renamed);
        }
    }

    /// Notes that an index is no more.
    pub(super) fn is_dropped(&self, index: &str) {
        self.known().remove(index);
    }

    /// The language that an index is set to.
    pub(super) async fn language(&self, index: &str) -> Result<Option<Language>, Error> {
        Ok(self.stop_words(index).await?.language())
    }

    async fn stop_words(&self, index: &str) -> Result<StopWords, Error> {
        let set = self.index(index)?.get_typo_tolerance().await;
        set.map(stop_words)
            .map_err(|error| failed(index, "read settings", error))
    }

    /// Sets the index to the language of its texts, now that it was given so many products, if it is time to look.
    pub(super) async fn follow_language(&self, index: &str, products: usize) -> Result<(), Error> {
        if !self.known().entry(index.to_owned()).or_default().is_due(products) {
            return Ok(());
        }
        let on_server = self.index(index)?;
        let whole = Counted {
            words: "",
            filter: String::new(),
            facets: Vec::new(),
            strategy: MatchingStrategies::ALL,
        };
        let frequent = count(&on_server, &whole, &["words"]).execute::<Shown>().await;
        let frequent = frequent.map_err(|error| failed(index, "look at the words of an index", error))?;
        let distribution = frequent.facet_distribution.unwrap_or_default().remove("words");
        let language = of_words(&distribution.unwrap_or_default());
        let set = self.stop_words(index).await?;
        if language.is_none() || language == set.language() {
            return Ok(());
        }
        let settings = self.known().get(index).and_then(|known| known.settings.clone());
        let task = if let Some(settings) = settings {
            on_server.set_settings(&all(&settings, language)).await
        } else {
            // The synonyms follow when they are set again.
            let words = StopWords::with(language, set.own().cloned());
            on_server.set_typo_tolerance(&typos(&words)).await
        };
        self.done(index, "set the language of an index", task).await
    }
}

/// The language of a shop by how many of its products have which word; of the server's words only the most frequent are told.
fn of_words(products: &HashMap<String, usize>) -> Option<Language> {
    let having = |word: &str| Ok::<u64, Infallible>(products.get(word).copied().unwrap_or_default() as u64);
    Language::of(having).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_words_tell_the_language() {
        let words = |words: &[(&str, usize)]| words.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
        let german = words(&[("hose", 40), ("mit", 30), ("und", 12), ("with", 20), ("the", 15)]);
        assert_eq!(of_words(&german), Some(Language::German));
        assert_eq!(of_words(&words(&[("hose", 40)])), None);
    }

    #[test]
    fn the_language_is_looked_at_when_the_shop_has_doubled() {
        let mut known = Known::default();
        assert!(!known.is_due(0));
        let due: Vec<usize> = (1..=100).filter(|_| known.is_due(1)).collect();
        assert_eq!(due, [1, 2, 4, 8, 16, 32, 64]);
        let mut known = Known::default();
        assert!(known.is_due(2_000) && !known.is_due(1_999) && known.is_due(1));
    }
}
