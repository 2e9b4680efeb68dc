use std::collections::HashMap;
use std::sync::Arc;

use tantivy::Searcher;
use tantivy::index::SegmentId;

use super::alike::Alike;
use super::matching::Corpus;
use super::plan::Rules;
use super::schema::Fields;
use super::segment::{Columns, Result};
use super::vocabulary::Vocabulary;
use crate::language::Language;
use crate::request::Sort;
use crate::settings::Settings;

/// The state of an index after a change. A search keeps the state that it began with.
pub(super) struct State {
    pub(super) searcher: Searcher,
    pub(super) fields: Fields,
    /// By segment.
    pub(super) columns: Vec<Arc<Columns>>,
    pub(super) alike: Arc<Alike>,
    pub(super) corpus: Corpus,
    pub(super) settings: Arc<Settings>,
    pub(super) rules: Arc<Rules>,
}

impl State {
    /// The state that a searcher sees. What the state before has in memory of the same segments is taken over.
    pub(super) fn new(searcher: Searcher, fields: Fields, settings: &Settings, before: Option<&Self>) -> Result<Self> {
        let known: HashMap<SegmentId, &Arc<Columns>> = before.map(Self::by_segment).unwrap_or_default();
        let mut columns = Vec::with_capacity(searcher.segment_readers().len());
        for segment in searcher.segment_readers() {
            let ready = if let Some(ready) = known.get(&segment.segment_id()) {
                Arc::clone(ready)
            } else {
                let columns = Columns::read(segment)?;
                // Now, and not in the search that would wait for it.
                columns.order(Sort::Newest);
                Arc::new(columns)
            };
            columns.push(ready);
        }
        let corpus = Corpus::read(searcher.segment_readers(), &fields)?;
        let alike = before.map(|before| Arc::clone(&before.alike)).unwrap_or_default();
        alike.keep(searcher.segment_readers());
        let vocabulary = Vocabulary {
            segments: searcher.segment_readers(),
            alike: &alike,
            words: fields.words,
        };
        let language = Language::of(|word| vocabulary.products(word))?;
        Ok(Self {
            searcher,
            fields,
            columns,
            alike,
            corpus,
            settings: Arc::new(settings.clone()),
            rules: Arc::new(Rules::new(settings, language)),
        })
    }

    fn by_segment(&self) -> HashMap<SegmentId, &Arc<Columns>> {
        let segments = self
            .searcher
            .segment_readers()
            .iter()
            .map(tantivy::SegmentReader::segment_id);
        segments.zip(&self.columns).collect()
    }
}
