use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::normalise;

/// What a shop sets about its search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Words that mean other words.
    pub synonyms: Vec<Synonyms>,
    /// Words that carry no meaning. A query of nothing else is searched as it is.
    pub stop_words: Vec<String>,
    /// What lifts a product among equally good matches.
    pub boosts: Boosts,
    /// Products that a query shows first or never; by the query as [`normalise`] writes it.
    pub curations: BTreeMap<String, Curation>,
}

impl Settings {
    /// What was set for a query, however it is written.
    #[must_use]
    pub fn curation(&self, words: &str) -> Option<&Curation> {
        self.curations.get(&normalise(words))
    }
}

/// Words or phrases that a query may use for one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Synonyms {
    /// Each finds all of the others.
    Group {
        /// The words.
        words: Vec<String>,
    },
    /// One finds the others; they don't find it.
    OneWay {
        /// What is typed.
        from: String,
        /// What it finds too.
        to: Vec<String>,
    },
}

/// What lifts a product among equally good matches; 0 is nothing and the default, 1 is strong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Boosts {
    /// That it can be had.
    pub in_stock: f32,
    /// That it sells well.
    pub best_selling: f32,
}

/// What a query shows first, and what it never shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Curation {
    /// Ids of products to show first, in this order, whether the words match or not. Filters hold for them too. Orders other than
    /// by relevance are not touched.
    pub pinned: Vec<String>,
    /// Ids of products never to show for this query.
    pub hidden: Vec<String>,
}
