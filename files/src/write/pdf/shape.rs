//! Letters into lines of glyphs, from left to right as they stand on the page.

use std::ops::Range;

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, UnicodeBuffer};
use unicode_bidi::BidiInfo;
use unicode_segmentation::UnicodeSegmentation as _;

use super::fonts::{Face, Fonts};

/// A line of a text. Sizes are those of letters of the size 1.
pub(super) struct Line {
    /// The text that it is a part of.
    pub(super) text: String,
    pub(super) parts: Vec<Part>,
    pub(super) width: f32,
}

/// Glyphs of one font.
pub(super) struct Part {
    pub(super) face: usize,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) width: f32,
}

impl Fonts {
    /// The width of a text in one line, at a size of 1.
    pub(super) fn width(&self, text: &str, bold: bool) -> f32 {
        let text = self.readable(text);
        let plain = self.plain_width(&text, bold);
        plain.unwrap_or_else(|| self.shape(&text, 0..text.len(), bold).width)
    }

    /// The text in at most so many lines of a width, broken where its script allows, between letters where it must be. What does not fit
    /// into the last one is cut off.
    pub(super) fn lines(&self, text: &str, bold: bool, width: f32, most: usize) -> Vec<Line> {
        let text = self.readable(text.trim());
        let whole = 0..text.len();
        if self.plain_width(&text, bold).is_some_and(|plain| plain <= width) {
            return vec![self.shape(&text, whole, bold)];
        }
        let line = self.shape(&text, whole, bold);
        if line.width <= width {
            return vec![line];
        }
        let reach = Reach::new(&line, width);
        let breaks: Vec<usize> = unicode_linebreak::linebreaks(&text).map(|(place, _)| place).collect();
        let letters: Vec<usize> = text.grapheme_indices(true).map(|(place, _)| place).collect();
        let (mut lines, mut start) = (Vec::new(), 0);
        while lines.len() + 1 < most && !reach.fits(&text, start..text.len()) {
            let fits = |place: &usize| *place > start && reach.fits(&text, start..*place);
            let behind_mark = |place: &&usize| {
                let before = text.get(..**place).unwrap_or_default();
                before.ends_with(['-', '_', '/', '.'])
            };
            let end = breaks
                .iter()
                .rfind(|place| fits(place))
                .or_else(|| letters.iter().filter(behind_mark).rfind(|place| fits(place)))
                .or_else(|| letters.iter().rfind(|place| fits(place)))
                // A letter that is wider than the line stands alone.
                .or_else(|| letters.iter().find(|place| **place > start));
            let Some(&end) = end else { break };
            lines.push(self.shape(&text, trimmed(&text, start..end), bold));
            start = end + leading(&text, end);
        }
        if reach.fits(&text, start..text.len()) {
            lines.push(self.shape(&text, start..text.len(), bold));
        } else {
            let room = width - self.width("…", bold);
            let fits = |place: &usize| *place > start && reach.within(start..*place, room);
            let end = letters.iter().rfind(|place| fits(place)).copied().unwrap_or(start);
            let cut = format!("{}…", text.get(..end).unwrap_or_default().trim_end());
            lines.push(self.shape(&cut, start.min(cut.len() - '…'.len_utf8())..cut.len(), bold));
        }
        lines
    }

    /// A line of a text. Which way it runs is decided over the whole text, so that a line of digits stands as it would among the others.
    fn shape(&self, text: &str, line: Range<usize>, bold: bool) -> Line {
        let runs = self.runs(text, bold);
        let mut parts: Vec<Part> = Vec::new();
        for (way, rtl) in ways(text, line) {
            let within = |run: &super::fonts::Run| {
                let range = run.range.start.max(way.start)..run.range.end.min(way.end);
                (!range.is_empty()).then_some((run.face, range))
            };
            let mut pieces: Vec<_> = runs.iter().filter_map(within).collect();
            if rtl {
                pieces.reverse();
            }
            for (index, range) in pieces {
                let Some(face) = self.face(index) else { continue };
                let direction = if rtl {
                    Direction::RightToLeft
                } else {
                    Direction::LeftToRight
                };
                let letters = text.get(range.clone()).unwrap_or_default();
                let glyphs = glyphs(face, letters, range.start, direction);
                let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
                match parts.last_mut() {
                    Some(last) if last.face == index => {
                        last.glyphs.extend(glyphs);
                        last.width += width;
                    }
                    _ => parts.push(Part {
                        face: index,
                        glyphs,
                        width,
                    }),
                }
            }
        }
        Line {
            text: text.to_owned(),
            width: parts.iter().map(|part| part.width).sum(),
            parts,
        }
    }
}

/// How far a text reaches.
struct Reach {
    /// Where clusters begin, and how wide all before them is.
    places: Vec<(usize, f32)>,
    width: f32,
}

impl Reach {
    fn new(whole: &Line, width: f32) -> Self {
        let glyphs = whole.parts.iter().flat_map(|part| &part.glyphs);
        let mut places: Vec<(usize, f32)> = glyphs.map(|glyph| (glyph.text_range.start, glyph.x_advance)).collect();
        places.sort_by_key(|(place, _)| *place);
        let mut before = 0.0;
        for (_, advance) in &mut places {
            before += std::mem::replace(advance, before);
        }
        places.push((usize::MAX, before));
        Self { places, width }
    }

    fn before(&self, place: usize) -> f32 {
        let index = self.places.partition_point(|(start, _)| *start < place);
        self.places.get(index).map_or(0.0, |(_, before)| *before)
    }

    fn within(&self, range: Range<usize>, width: f32) -> bool {
        self.before(range.end) - self.before(range.start) <= width
    }

    /// Spaces at the end need no room.
    fn fits(&self, text: &str, range: Range<usize>) -> bool {
        self.within(trimmed(text, range), self.width)
    }
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    range.start..range.start + part.trim_end().len()
}

/// How many bytes of spaces there are from here on.
fn leading(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.len() - rest.trim_start().len()
}

/// The runs of a line that are read one way, from left to right, and whether that is from right to left.
fn ways(text: &str, line: Range<usize>) -> Vec<(Range<usize>, bool)> {
    if text.is_ascii() {
        return vec![(line, false)];
    }
    let bidi = BidiInfo::new(text, None);
    let Some(paragraph) = bidi.paragraphs.first() else {
        return Vec::new();
    };
    let (levels, runs) = bidi.visual_runs(paragraph, line);
    let rtl = |run: &Range<usize>| levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
    runs.into_iter().map(|run| (run.clone(), rtl(&run))).collect()
}

/// The glyphs of letters that are read one way; `start` is where they begin in their text.
fn glyphs(face: &Face, letters: &str, start: usize, direction: Direction) -> Vec<KrillaGlyph> {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(letters);
    buffer.guess_segment_properties();
    buffer.set_direction(direction);
    let shaped = rustybuzz::shape(&face.shaper, &[], buffer);
    let first_byte = |cluster: u32| usize::try_from(cluster).unwrap_or(letters.len());
    let mut clusters: Vec<usize> = shaped
        .glyph_infos()
        .iter()
        .map(|info| first_byte(info.cluster))
        .collect();
    clusters.sort_unstable();
    let scale = 1.0 / length(face.shaper.units_per_em());
    let glyph = |(info, position): (&rustybuzz::GlyphInfo, &rustybuzz::GlyphPosition)| {
        let from = first_byte(info.cluster);
        let next = clusters.partition_point(|cluster| *cluster <= from);
        let to = clusters.get(next).copied().unwrap_or(letters.len());
        KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            length(position.x_advance) * scale,
            length(position.x_offset) * scale,
            length(position.y_offset) * scale,
            length(position.y_advance) * scale,
            start + from..start + to,
            None,
        )
    };
    let (infos, positions) = (shaped.glyph_infos(), shaped.glyph_positions());
    infos.iter().zip(positions).map(glyph).collect()
}

#[expect(clippy::cast_precision_loss, reason = "thousands at most")]
fn length(units: i32) -> f32 {
    units as f32
}

#[cfg(test)]
mod tests;
