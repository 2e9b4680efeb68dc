pub use values::{MAX_HIDDEN, MAX_PINNED, MAX_STOP_WORDS, MAX_SYNONYM_WORDS, MAX_SYNONYMS};

/// Most rules.
pub const MAX_RULES: usize = 500;
