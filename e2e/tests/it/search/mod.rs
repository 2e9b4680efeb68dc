//! Finding products, through the search engine.

mod absence;
mod facets;
mod find;
mod follow;
mod rules;
mod settings;
mod shop;
