//! Which font has which letter.

use std::borrow::Cow;
use std::ops::Range;

use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::text::is_invisible;

macro_rules! bundled {
    ($($name:literal)*) => { [$(include_bytes!(concat!("../../../fonts/", $name, ".ttf")).as_slice()),*] };
}

/// What the crate's typeface has not got. The first one that has a letter shows it.
const OTHERS: [&[u8]; 16] = bundled! {
    "DroidSansFallback" "NotoEmoji-Regular" "NotoSansThai-Regular" "NotoSansDevanagari-Regular" "NotoSansBengali-Regular"
    "NotoSansGujarati-Regular" "NotoSansGurmukhi-Regular" "NotoSansTamil-Regular" "NotoSansTelugu-Regular" "NotoSansKannada-Regular"
    "NotoSansMalayalam-Regular" "NotoSansSinhala-Regular" "NotoSansOriya-Regular" "NotoSansKhmer-Regular" "NotoSansMyanmar-Regular"
    "NotoSansEthiopic-Regular"
};

/// The typefaces; what is used of them is embedded.
pub(super) struct Fonts {
    /// Plain, bold, then those that come in when both lack a letter.
    faces: Vec<Face>,
}

pub(super) struct Face {
    pub(super) font: Font,
    pub(super) shaper: rustybuzz::Face<'static>,
    glyphs: Charmap<'static>,
    /// At a size of 1.
    metrics: GlyphMetrics<'static>,
}

impl Face {
    fn load(bytes: &'static [u8]) -> Option<Self> {
        let face = FontRef::new(bytes).ok()?;
        Some(Self {
            font: Font::new(bytes.into(), 0)?,
            shaper: rustybuzz::Face::from_slice(bytes, 0)?,
            glyphs: face.charmap(),
            metrics: face.glyph_metrics(Size::new(1.0), LocationRef::default()),
        })
    }

    fn has(&self, c: char) -> bool {
        is_invisible(c) || self.glyphs.map(c).is_some()
    }
}

/// Letters that stand in one font.
pub(super) struct Run {
    pub(super) face: usize,
    pub(super) range: Range<usize>,
}

impl Fonts {
    pub(super) fn load() -> Option<Self> {
        let dejavu = [dejavu::sans_condensed::regular(), dejavu::sans_condensed::bold()];
        let faces = dejavu.into_iter().chain(OTHERS).map(Face::load);
        Some(Self {
            faces: faces.collect::<Option<_>>()?,
        })
    }

    pub(super) fn face(&self, index: usize) -> Option<&Face> {
        self.faces.get(index)
    }

    /// The first font that has all of these letters.
    fn find(&self, letters: &str, bold: bool) -> Option<usize> {
        let dejavu = if bold { [1, 0] } else { [0, 1] };
        let has = |index: &usize| {
            self.face(*index)
                .is_some_and(|face| letters.chars().all(|c| face.has(c)))
        };
        dejavu.into_iter().chain(2..self.faces.len()).find(has)
    }

    /// The text in one line, and what no font has by its number: a box would say nothing.
    pub(super) fn readable<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let printable = |c: char| matches!(c, ' '..='~');
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if text.chars().all(printable) {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        for letters in text.graphemes(true) {
            if !letters.contains(breaks) && self.find(letters, false).is_some() {
                shown.push_str(letters);
                continue;
            }
            for c in letters.chars() {
                if breaks(c) {
                    shown.push(' ');
                } else if self.find(c.encode_utf8(&mut [0; 4]), false).is_some() {
                    shown.push(c);
                } else {
                    let number = format!("[U+{:04X}]", u32::from(c));
                    shown.push_str(&number);
                }
            }
        }
        Cow::Owned(shown)
    }

    /// The fonts of a text, from its first letter to its last.
    pub(super) fn runs(&self, text: &str, bold: bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut add = |face: usize, range: Range<usize>| match runs.last_mut() {
            Some(last) if last.face == face => last.range.end = range.end,
            _ => runs.push(Run { face, range }),
        };
        for (start, letters) in text.grapheme_indices(true) {
            if let Some(face) = self.find(letters, bold) {
                add(face, start..start + letters.len());
                continue;
            }
            for (place, c) in letters.char_indices() {
                let face = self.find(c.encode_utf8(&mut [0; 4]), bold).unwrap_or_default();
                add(face, start + place..start + place + c.len_utf8());
            }
        }
        runs
    }

    /// The width of a text without marks and ligatures, at a size of 1; `None`: it has to be shaped to know.
    pub(super) fn plain_width(&self, text: &str, bold: bool) -> Option<f32> {
        let face = self.face(usize::from(bold))?;
        let advance = |c: char| match c {
            ' '..='\u{2ff}' | '\u{2010}'..='\u{2026}' | '−' => face.metrics.advance_width(face.glyphs.map(c)?),
            _ => None,
        };
        text.chars().map(advance).sum()
    }
}
