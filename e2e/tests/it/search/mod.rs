//! Finding products, through the search engine.

mod absence;
mod facets;
mod find;
mod follow;
mod pages;
mod restore;
mod rules;
mod sales;
mod settings;
mod shop;
mod suggest;
