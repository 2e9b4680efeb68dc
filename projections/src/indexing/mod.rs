//! The search indexes: documents that follow the rows of the read models.
//!
//! A document is never made of an event. Whatever changes the rows of a product marks the product as dirty in the same transaction
//! ([`mod@mark`]), once for every index that is registered. The one process that holds an index's lease takes the rows as they are by then,
//! gives the engine what has changed and removes the marks, unless they were renewed meanwhile. So nothing is lost, in whatever order
//! things fail, and a document that is late is a late copy of the present, not of the past.

mod check;
mod document;
mod fill;
mod follow;
mod indexer;
mod lease;
mod mark;
mod rows;
mod status;

pub use indexer::{Indexer, Indexing};
pub(crate) use mark::{mark, mark_all, mark_streams, wake};
pub use status::{IndexStatus, ask_for_rebuild, index_status};
