//! What holds for all reads: representation, caching, replicas, pages.

mod cache;
mod conditional;
mod lists;
mod pages;
mod redis;
mod replicas;
mod shape;
