//! How well a product matches: BM25F over its parts, and what else counts.

use std::cmp::Ordering;

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
    /// What another form of a word counts (`painting` for `paint`).
    pub stem: f32,
    /// What another spelling of a word counts (`gray` for `grey`).
    pub spelling: f32,
    /// What a longer word counts that ends in a word (`kaffeemaschine` for `maschine`).
    pub head: f32,
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
    /// What a number counts among the words that a product has, beside a word that is as rare.
    pub number: f32,
    /// How much it counts that a product has more of the words, if none or few have all.
    pub share: f32,
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            weight: [3.0, 1.0, 1.6, 0.8, 1.0],
            // Some SKUs are whole descriptions; their words count less than an SKU that is one word.
            length: [0.3, 0.75, 0.3, 0.7, 0.9],
            saturation: 2.0,
            pair: [6.0, 0.0, 0.5, 0.2, 0.05],
            variant: 0.4,
            stem: 0.2,
            spelling: 0.8,
            head: 0.3,
            beginning: 0.5,
            synonym: 0.9,
            typo: 0.3,
            cut: 1.0,
            joined: 1.0,
            number: 0.5,
            share: 1.0,
        }
    }
}

/// How much a word tells, by how many of the products have it.
pub(super) fn rarity(products: u64, all: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a weight, not a count")]
    let (having, all) = (products.min(all) as f32, all as f32);
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}

/// How well a document matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rank {
    pub(super) class: Class,
    pub(super) score: f32,
}

/// What comes first, whatever it scores; the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Has some of the words, or none were typed.
    Some,
    /// Has all of the words.
    All,
    /// Is called as was typed.
    Named,
}

impl Rank {
    pub(super) const NONE: Self = Self {
        class: Class::Some,
        score: 0.0,
    };

    /// The better one first.
    pub(super) fn compare(self, other: Self) -> Ordering {
        let by_score = || other.score.total_cmp(&self.score);
        other.class.cmp(&self.class).then_with(by_score)
    }

    /// A number that is greater for the better one.
    pub(super) fn number(self) -> f32 {
        f32::from(self.class as u8) + self.score / (1.0 + self.score)
    }
}
