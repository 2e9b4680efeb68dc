//! Text, lines and areas on a page.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;

use super::fonts::Fonts;
use super::shape::Line;

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
    pub(super) size: f32,
    colour: Colour,
    pub(super) bold: bool,
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
        for line in self.fonts.lines(text, style.bold, width / style.size, 1) {
            self.put(x, y, &line, style, align);
        }
    }

    /// A line of text that stands on `y`.
    pub(super) fn put(&mut self, x: f32, y: f32, line: &Line, style: Style, align: Align) {
        let own = line.width * style.size;
        let mut left = match align {
            Align::Left => x,
            Align::Middle => x - own / 2.0,
            Align::Right => x - own,
        };
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(fill(style.colour)));
        for part in &line.parts {
            if let Some(face) = self.fonts.face(part.face) {
                let start = Point::from_xy(left, y);
                let font = face.font.clone();
                self.surface
                    .draw_glyphs(start, &part.glyphs, font, &line.text, style.size, false);
            }
            left += part.width * style.size;
        }
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
