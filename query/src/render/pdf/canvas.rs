//! Text, lines and areas on a page.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};

use super::shape::glyphs;

/// Red, green, blue.
pub(super) type Colour = (u8, u8, u8);

pub(super) const INK: Colour = (0x1d, 0x24, 0x2e);
pub(super) const MUTED: Colour = (0x6b, 0x74, 0x80);
pub(super) const RULE: Colour = (0xd5, 0xda, 0xe0);
pub(super) const PALE: Colour = (0xf4, 0xf6, 0xf9);
pub(super) const ACCENT: Colour = (0x1f, 0x5f, 0x8b);
pub(super) const BEFORE: Colour = (0xb9, 0xc6, 0xd3);
pub(super) const LOSS: Colour = (0xb3, 0x3a, 0x3a);
pub(super) const GAIN: Colour = (0x2e, 0x7d, 0x4f);
pub(super) const WHITE: Colour = (0xff, 0xff, 0xff);

#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

#[derive(Clone, Copy)]
pub(super) struct Style {
    size: f32,
    colour: Colour,
    bold: bool,
}

impl Style {
    pub(super) const fn plain(size: f32, colour: Colour) -> Self {
        Self {
            size,
            colour,
            bold: false,
        }
    }

    pub(super) const fn bold(size: f32, colour: Colour) -> Self {
        Self {
            size,
            colour,
            bold: true,
        }
    }
}

/// The typefaces; what is used of them is embedded.
pub(super) struct Fonts {
    plain: Face,
    bold: Face,
}

struct Face {
    font: Font,
    shaper: rustybuzz::Face<'static>,
    glyphs: Charmap<'static>,
    /// At a size of 1.
    metrics: GlyphMetrics<'static>,
}

impl Face {
    fn load(bytes: &'static [u8]) -> Option<Self> {
        let face = FontRef::new(bytes).ok()?;
        Some(Self {
            font: Font::new(bytes.to_vec().into(), 0)?,
            shaper: rustybuzz::Face::from_slice(bytes, 0)?,
            glyphs: face.charmap(),
            metrics: face.glyph_metrics(Size::new(1.0), LocationRef::default()),
        })
    }

    fn advance(&self, c: char) -> f32 {
        let glyph = self.glyphs.map(c).unwrap_or_default();
        self.metrics.advance_width(glyph).unwrap_or_default()
    }
}

impl Fonts {
    pub(super) fn load() -> Option<Self> {
        Some(Self {
            plain: Face::load(dejavu::sans_condensed::regular())?,
            bold: Face::load(dejavu::sans_condensed::bold())?,
        })
    }

    fn face(&self, style: Style) -> &Face {
        if style.bold { &self.bold } else { &self.plain }
    }

    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        let face = self.face(style);
        text.chars().map(|c| face.advance(c)).sum::<f32>() * style.size
    }

    /// The text, or as much of it as fits.
    fn fitted(&self, text: &str, style: Style, width: f32) -> String {
        let clean = in_one_line(text);
        if self.width(&clean, style) <= width {
            return clean;
        }
        let room = width - self.width("…", style);
        let end = self.reach(&clean, style, room);
        format!("{}…", clean.get(..end).unwrap_or_default().trim_end())
    }

    /// The text in lines that fit, broken at spaces and hyphens where it has some; the last of `most` lines has all that is left.
    pub(super) fn lines(&self, text: &str, style: Style, width: f32, most: usize) -> Vec<String> {
        let clean = in_one_line(text);
        let mut rest = clean.trim();
        let mut lines = Vec::new();
        while lines.len() + 1 < most && self.width(rest, style) > width {
            let end = self.reach(rest, style, width);
            let fits = rest.get(..end).unwrap_or_default();
            let next = rest.get(end..).unwrap_or_default();
            let at_word = if next.starts_with(' ') {
                end
            } else {
                fits.rfind([' ', '-']).map_or(end, |last| last + 1)
            };
            // A letter that is wider than the line stands alone.
            let at = at_word.max(rest.chars().next().map_or(0, char::len_utf8));
            let Some((line, after)) = rest.split_at_checked(at) else {
                break;
            };
            lines.push(line.trim_end().to_owned());
            rest = after.trim_start();
        }
        lines.push(rest.to_owned());
        lines
    }

    /// How many bytes of the text fit.
    fn reach(&self, text: &str, style: Style, width: f32) -> usize {
        let face = self.face(style);
        let mut used = 0.0;
        let beyond = text.char_indices().find(|(_, c)| {
            used += face.advance(*c) * style.size;
            used > width
        });
        beyond.map_or(text.len(), |(index, _)| index)
    }
}

/// A page is no place for line breaks and the like.
fn in_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub(super) struct Canvas<'s, 'p> {
    surface: &'s mut Surface<'p>,
    fonts: &'s Fonts,
}

impl<'s, 'p> Canvas<'s, 'p> {
    pub(super) fn new(surface: &'s mut Surface<'p>, fonts: &'s Fonts) -> Self {
        Self { surface, fonts }
    }

    pub(super) fn fonts(&self) -> &'s Fonts {
        self.fonts
    }

    pub(super) fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        let mut path = PathBuilder::new();
        if let Some(rect) = Rect::from_xywh(x, y, width.max(0.01), height.max(0.01)) {
            path.push_rect(rect);
        }
        if let Some(path) = path.finish() {
            self.surface.set_stroke(None);
            self.surface.set_fill(Some(fill(colour)));
            self.surface.draw_path(&path);
        }
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: &[(f32, f32)], width: f32, colour: Colour) {
        let mut path = PathBuilder::new();
        for (index, (x, y)) in points.iter().enumerate() {
            if index == 0 {
                path.move_to(*x, *y);
            } else {
                path.line_to(*x, *y);
            }
        }
        if let Some(path) = path.finish() {
            self.surface.set_fill(None);
            self.surface.set_stroke(Some(Stroke {
                paint: paint(colour).into(),
                width,
                ..Stroke::default()
            }));
            self.surface.draw_path(&path);
            self.surface.set_stroke(None);
        }
    }

    /// Text that stands on `y` and is cut where it would be wider than `width`.
    pub(super) fn text(&mut self, x: f32, y: f32, text: &str, style: Style, align: Align, width: f32) {
        let text = self.fonts.fitted(text, style, width);
        if text.is_empty() {
            return;
        }
        let face = self.fonts.face(style);
        let glyphs = glyphs(&face.shaper, &text);
        let own = glyphs.iter().map(|glyph| glyph.x_advance).sum::<f32>() * style.size;
        let left = match align {
            Align::Left => x,
            Align::Middle => x - own / 2.0,
            Align::Right => x - own,
        };
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(fill(style.colour)));
        let start = Point::from_xy(left, y);
        self.surface
            .draw_glyphs(start, &glyphs, face.font.clone(), &text, style.size, false);
    }
}

fn paint((red, green, blue): Colour) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}

fn fill(colour: Colour) -> Fill {
    Fill {
        paint: paint(colour).into(),
        opacity: NormalizedF32::ONE,
        rule: krilla::paint::FillRule::default(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "places on a page")]
pub(super) fn float(number: usize) -> f32 {
    number as f32
}
