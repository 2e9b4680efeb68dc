#![doc = include_str!("../README.md")]

mod answer;
mod categories;
mod correction;
mod document;
mod engine;
mod error;
mod find;
mod highlight;
mod language;
mod measures;
mod meilisearch;
mod parts;
mod range;
mod request;
mod settings;
mod stop_words;
mod tantivy;
mod text;
mod words;

pub use answer::{Answer, FacetCounts, Hit, PriceStatistics, ValueCount};
pub use document::{AttributeValue, Change, Document, Price, Status, ancestors};
pub use engine::{Engine, Statistics};
pub use error::Error;
pub use find::find;
pub use meilisearch::Meilisearch;
pub use range::NumberRange;
pub use request::{
    FULL_PAGE, Facet, Filter, Key, MAX_FACET_VALUES, MAX_LIMIT, MAX_WORDS_CHARS, Page, PriceRange, Request, Sort, Start,
};
pub use settings::{Boosts, Curation, Settings, Synonyms};
pub use tantivy::{Ranking, Tantivy};
pub use text::{normalise, sort_key};
