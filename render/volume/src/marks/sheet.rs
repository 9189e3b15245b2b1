//! Flat shapes over a picture, in pixels: what marks are made of.

use super::letters::Letters;
use crate::look::linear_from_srgb;

/// A parallelogram: filled, or showing a part of the picture of glyphs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quad {
    /// Its first corner, in pixels from the left and from the top.
    pub(crate) corner: [f32; 2],
    /// Its two edges from there.
    pub(crate) edges: [[f32; 2]; 2],
    /// Left, top, width and height in the picture of glyphs; no width: filled, with soft edges.
    pub(crate) glyph: [f32; 4],
    /// Linear, premultiplied.
    pub(crate) colour: [f32; 4],
}

/// sRGB and opacity as linear and premultiplied.
pub(crate) fn ink([r, g, b]: [u8; 3], opacity: f32) -> [f32; 4] {
    let [r, g, b] = [r, g, b].map(|c| linear_from_srgb(f32::from(c) / 255.0) * opacity);
    [r, g, b, opacity]
}

/// Left, top, right, bottom in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect(pub(crate) [f64; 4]);

impl Rect {
    pub(crate) fn at(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self([left, top, left + width, top + height])
    }

    pub(crate) fn width(&self) -> f64 {
        self.0[2] - self.0[0]
    }

    pub(crate) fn height(&self) -> f64 {
        self.0[3] - self.0[1]
    }

    pub(crate) fn middle(&self) -> [f64; 2] {
        [f64::midpoint(self.0[0], self.0[2]), f64::midpoint(self.0[1], self.0[3])]
    }

    pub(crate) fn grown(&self, by: f64) -> Self {
        let [l, t, r, b] = self.0;
        Self([l - by, t - by, r + by, b + by])
    }

    pub(crate) fn moved(&self, x: f64, y: f64) -> Self {
        let [l, t, r, b] = self.0;
        Self([l + x, t + y, r + x, b + y])
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        let ([l, t, r, b], [ol, ot, or, ob]) = (self.0, other.0);
        l < or && ol < r && t < ob && ot < b
    }

    pub(crate) fn inside(&self, other: &Self) -> bool {
        let ([l, t, r, b], [ol, ot, or, ob]) = (self.0, other.0);
        l >= ol && t >= ot && r <= or && b <= ob
    }

    pub(crate) fn holds(&self, [x, y]: [f64; 2]) -> bool {
        self.meets(&Self([x, y, x, y]))
    }

    /// Whether the straight line between two points runs through it (Liang and Barsky 1984).
    pub(crate) fn crossed(&self, from: [f64; 2], to: [f64; 2]) -> bool {
        let (mut first, mut last) = (0.0_f64, 1.0_f64);
        for axis in 0..2 {
            let (start, step) = (from[axis], to[axis] - from[axis]);
            let (low, high) = (self.0[axis] - start, self.0[axis + 2] - start);
            if step.abs() < 1e-9 {
                if low >= 0.0 || high <= 0.0 {
                    return false;
                }
            } else {
                let (a, b) = (low / step, high / step);
                (first, last) = (first.max(a.min(b)), last.min(a.max(b)));
            }
        }
        first < last
    }

    /// The place in it that is nearest to a point.
    pub(crate) fn nearest(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [x.clamp(self.0[0], self.0[2]), y.clamp(self.0[1], self.0[3])]
    }
}

/// Height of a line of text over the em.
const LINE: f64 = 1.3;
/// From a line's top to its baseline over the em.
const BASELINE: f64 = 1.02;

/// Shapes in the order of drawing, and the letters for them.
pub(crate) struct Sheet<'a> {
    letters: &'a mut Letters,
    /// Pixels of the em.
    pub(crate) em: f64,
    pub(crate) quads: Vec<Quad>,
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(letters: &'a mut Letters, em: f64) -> Self {
        Self { letters, em, quads: Vec::new() }
    }

    pub(crate) fn line_height(&self) -> f64 {
        (self.em * LINE).round()
    }

    /// How wide words are.
    pub(crate) fn width(&mut self, words: &str) -> f64 {
        words.chars().map(|c| f64::from(self.letters.glyph(c, self.em as f32).advance)).sum()
    }

    /// Words in lines no wider than `most`, broken at spaces where there are any.
    pub(crate) fn wrapped(&mut self, words: &str, most: f64) -> Vec<String> {
        let mut lines = Vec::new();
        for part in words.lines() {
            let mut line = String::new();
            for letter in part.chars() {
                line.push(letter);
                if self.width(&line) > most && line.chars().count() > 1 {
                    let cut = line.rfind(' ').filter(|&n| n > 0);
                    let cut = cut.unwrap_or_else(|| line.len() - letter.len_utf8());
                    let rest = line.split_off(cut).trim_start().to_owned();
                    lines.push(std::mem::replace(&mut line, rest));
                }
            }
            lines.push(line);
        }
        lines
    }

    /// A rectangle.
    pub(crate) fn fill(&mut self, rect: Rect, colour: [f32; 4]) {
        let [left, top, ..] = rect.0;
        self.parallelogram([left, top], [rect.width(), 0.0], [0.0, rect.height()], colour);
    }

    /// A parallelogram from a corner along two edges.
    pub(crate) fn parallelogram(&mut self, corner: [f64; 2], u: [f64; 2], v: [f64; 2], colour: [f32; 4]) {
        let [corner, u, v] = [corner, u, v].map(|p| p.map(|c| c as f32));
        self.quads.push(Quad { corner, edges: [u, v], glyph: [0.0; 4], colour });
    }

    /// A straight line of a width.
    pub(crate) fn stroke(&mut self, from: [f64; 2], to: [f64; 2], width: f64, colour: [f32; 4]) {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy);
        if length < 1e-6 {
            return;
        }
        let side = [-dy / length * width, dx / length * width].map(|c| c as f32);
        let corner = [(from[0] as f32) - side[0] / 2.0, (from[1] as f32) - side[1] / 2.0];
        self.quads.push(Quad { corner, edges: [[dx as f32, dy as f32], side], glyph: [0.0; 4], colour });
    }

    /// A line of text whose box begins at (left, top), which is rounded to whole pixels so that the letters are
    /// sharp; `edge` puts a dark edge around them, for words that stand on the picture itself.
    pub(crate) fn text(&mut self, left: f64, top: f64, words: &str, colour: [f32; 4], edge: bool) {
        let (left, base) = (left.round() as f32, (top + BASELINE * self.em).round() as f32);
        let around = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)];
        let dark = ink([0, 0, 0], 0.75);
        let begin = self.quads.len();
        let mut pen = left;
        for letter in words.chars() {
            let glyph = self.letters.glyph(letter, self.em as f32);
            let [x, y, w, h] = glyph.rect.map(|n| n as f32);
            if w > 0.0 {
                let corner = [pen + glyph.offset[0], base + glyph.offset[1]];
                self.quads.push(Quad { corner, edges: [[w, 0.0], [0.0, h]], glyph: [x, y, w, h], colour });
            }
            pen += glyph.advance;
        }
        if edge {
            let light = self.quads.split_off(begin);
            for quad in &light {
                for (dx, dy) in around {
                    let corner = [quad.corner[0] + dx as f32, quad.corner[1] + dy as f32];
                    self.quads.push(Quad { corner, colour: dark, ..*quad });
                }
            }
            self.quads.extend(light);
        }
    }

    /// A letter in the middle of a parallelogram, `em` pixels of type over its edges of `face` pixels: for what
    /// stands askew.
    pub(crate) fn letter_on(
        &mut self,
        letter: char,
        middle: [f64; 2],
        right: [f64; 2],
        down: [f64; 2],
        em: f64,
        colour: [f32; 4],
    ) {
        let glyph = self.letters.glyph(letter, em as f32);
        let [x, y, w, h] = glyph.rect.map(|n| n as f32);
        let edge = |d: [f64; 2], n: f32| d.map(|c| c as f32 * n);
        let edges = [edge(right, w), edge(down, h)];
        let corner = [0, 1].map(|c| middle[c] as f32 - f32::midpoint(edges[0][c], edges[1][c]));
        self.quads.push(Quad { corner, edges, glyph: [x, y, w, h], colour });
    }
}
