//! Letters into glyphs, from left to right as they stand on the page.

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::BidiInfo;

/// The glyphs of a line, their widths for letters of the size 1.
pub(super) fn glyphs(face: &Face<'_>, line: &str) -> Vec<KrillaGlyph> {
    let mut glyphs = Vec::with_capacity(line.len());
    if line.is_ascii() {
        push(face, line, 0, Direction::LeftToRight, &mut glyphs);
        return glyphs;
    }
    let bidi = BidiInfo::new(line, None);
    for paragraph in &bidi.paragraphs {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let direction = match levels.get(run.start) {
                Some(level) if level.is_rtl() => Direction::RightToLeft,
                _ => Direction::LeftToRight,
            };
            let text = line.get(run.clone()).unwrap_or_default();
            push(face, text, run.start, direction, &mut glyphs);
        }
    }
    glyphs
}

/// Adds the glyphs of a run that is read one way; `start` is where it begins in its line.
fn push(face: &Face<'_>, run: &str, start: usize, direction: Direction, glyphs: &mut Vec<KrillaGlyph>) {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(run);
    buffer.guess_segment_properties();
    buffer.set_direction(direction);
    let shaped = rustybuzz::shape(face, &[], buffer);
    let first_byte = |cluster: u32| usize::try_from(cluster).unwrap_or(run.len());
    let mut clusters: Vec<usize> = shaped
        .glyph_infos()
        .iter()
        .map(|info| first_byte(info.cluster))
        .collect();
    clusters.sort_unstable();
    let scale = 1.0 / length(face.units_per_em());
    for (info, position) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
        let from = first_byte(info.cluster);
        let next = clusters.partition_point(|cluster| *cluster <= from);
        let to = clusters.get(next).copied().unwrap_or(run.len());
        glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            length(position.x_advance) * scale,
            length(position.x_offset) * scale,
            length(position.y_offset) * scale,
            length(position.y_advance) * scale,
            start + from..start + to,
            None,
        ));
    }
}

#[expect(clippy::cast_precision_loss, reason = "thousands at most")]
fn length(units: i32) -> f32 {
    units as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read where, from left to right.
    fn order(line: &str) -> Vec<&str> {
        let face = Face::from_slice(dejavu::sans_condensed::regular(), 0).unwrap();
        glyphs(&face, line)
            .iter()
            .map(|glyph| &line[glyph.text_range.clone()])
            .collect()
    }

    #[test]
    fn each_script_runs_its_own_way() {
        assert_eq!(order("ab 12"), ["a", "b", " ", "1", "2"]);
        assert_eq!(order("אבג"), ["ג", "ב", "א"]);
        assert_eq!(order("Mug אב red"), ["M", "u", "g", " ", "ב", "א", " ", "r", "e", "d"]);
        assert_eq!(order("אב 12"), ["1", "2", " ", "ב", "א"]);
    }

    #[test]
    fn arabic_letters_are_joined_between_latin_ones_too() {
        let face = Face::from_slice(dejavu::sans_condensed::regular(), 0).unwrap();
        let ids = |line: &str| {
            glyphs(&face, line)
                .iter()
                .map(|glyph| glyph.glyph_id)
                .collect::<Vec<_>>()
        };
        let (alone, between) = (ids("كوب"), ids("Mug كوب red"));
        assert!(between.windows(alone.len()).any(|part| part == alone));
    }
}
