//! What a value is, however it was typed or pasted: rules that writers and readers must apply alike.
//!
//! Two texts that look the same must be the same where a text identifies something. [`identifier`] gives such a text its one
//! form, and [`disguise()`] finds what no form can settle. [`prose`] cleans texts that only people read.

mod disguise;
mod text;

pub use disguise::{Disguise, disguise};
pub use text::{identifier, is_blank, paragraph, prose};
