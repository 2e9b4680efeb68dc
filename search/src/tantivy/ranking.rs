//! How well a product matches: BM25F over its parts, and what else counts.

use serde::{Deserialize, Serialize};

use super::schema::TEXTS;

/// The weights. By part of the product: name, SKU, category, attributes, description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ranking {
    /// What a word counts in a part.
    pub weight: [f32; TEXTS],
    /// How much a long part waters its words down, 0 to 1.
    pub length: [f32; TEXTS],
    /// How soon more of a word counts no more.
    pub saturation: f32,
    /// What two words side by side count in a part, beside what each counts.
    pub pair: [f32; TEXTS],
    /// What a plural counts for its singular and the other way round.
    pub variant: f32,
    /// What a word counts for its beginning.
    pub beginning: f32,
    /// What a synonym counts.
    pub synonym: f32,
    /// What a word counts for each typo.
    pub typo: f32,
    /// What two words count for one that was typed, side by side.
    pub cut: f32,
    /// What one word counts for several that were typed.
    pub joined: f32,
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            weight: [3.6, 1.0, 1.6, 0.05, 1.0],
            // Some SKUs are whole descriptions; their words count less than an SKU that is one word.
            length: [0.2, 0.75, 0.3, 0.2, 0.9],
            saturation: 2.0,
            pair: [6.0, 0.0, 0.5, 0.2, 0.05],
            variant: 0.4,
            beginning: 0.5,
            synonym: 0.9,
            typo: 0.5,
            cut: 1.0,
            joined: 1.0,
        }
    }
}

/// How much a word tells, by how many of the products have it.
pub(super) fn rarity(products: u64, all: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a weight, not a count")]
    let (having, all) = (products.min(all) as f32, all as f32);
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}
