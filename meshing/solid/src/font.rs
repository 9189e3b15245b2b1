//! Outlines of letters from a font, in any script that the font has.

use std::fmt;
use std::sync::Arc;

use manifold_rust::cross_section::CrossSection;
use manifold_rust::linalg::Vec2;
use manifold_rust::types::OpType;
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider as _};

use crate::SolidError;
use crate::primitives::CHORD_MM;

/// A TrueType or OpenType font (outlines `glyf` or `CFF`), as the bytes of its file.
#[derive(Clone, PartialEq, Eq)]
pub struct Font(Arc<[u8]>);

impl fmt::Debug for Font {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Font").field("bytes", &self.0.len()).finish()
    }
}

/// Height of capitals over the em where the font does not say it.
const CAPITALS: f64 = 0.7;
/// Least cosine between two sides of a stroke that face each other (30°): what meets at a wider angle is a corner or an end.
const FACING: f64 = 0.866;
/// Points on each side of a stroke that are looked at, as a part of the least width.
const LOOKS: f64 = 0.25;
/// Sides of strokes up to this length in all, as a part of the least width, are corners where strokes meet.
const CORNERS: f64 = 1.0;

impl Font {
    /// Checks that the bytes are a font with outlines.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Result<Self, SolidError> {
        let font = Self(bytes.into());
        let sound = font.read().is_some_and(|font| {
            font.outline_glyphs().format().is_some()
                && font.metrics(Size::unscaled(), LocationRef::default()).units_per_em > 0
        });
        sound.then_some(font).ok_or_else(|| {
            SolidError::refused(
                "this is no TrueType or OpenType font with outlines",
                "这不是带轮廓的 TrueType 或 OpenType 字体",
            )
        })
    }

    fn read(&self) -> Option<FontRef<'_>> {
        FontRef::new(&self.0).ok()
    }

    /// Words as areas about the origin, capitals `height_mm` high, and half the width and height of what is drawn, mm. Curves
    /// are flattened to [`CHORD_MM`]; what an outline winds around is filled.
    ///
    /// # Errors
    /// A character that the font has not, which is named, or no character with an outline, or a stroke that is thinner than
    /// `least_mm`.
    pub(crate) fn drawn(
        &self,
        words: &str,
        height_mm: f64,
        least_mm: f64,
    ) -> Result<(CrossSection, [f64; 2]), SolidError> {
        let font = self.read().ok_or_else(no_outline)?;
        let metrics = font.metrics(Size::unscaled(), LocationRef::default());
        let em = f64::from(metrics.units_per_em.max(1));
        let capitals = metrics.cap_height.map(f64::from).filter(|height| *height > 0.1 * em);
        let scale = height_mm / capitals.unwrap_or(CAPITALS * em);
        let (map, glyphs) = (font.charmap(), font.outline_glyphs());
        let widths = font.glyph_metrics(Size::unscaled(), LocationRef::default());
        let (mut letters, mut at) = (Vec::new(), 0.0);
        for letter in words.chars() {
            let missing = || {
                SolidError::refused(
                    format!("the font has no character {letter:?}"),
                    format!("字体中没有字符 {letter:?}"),
                )
            };
            let id = map.map(letter).ok_or_else(missing)?;
            let mut pen = Pen { scale, offset: at, rings: Vec::new(), open: Vec::new() };
            if let Some(glyph) = glyphs.get(id) {
                let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
                glyph.draw(settings, &mut pen).map_err(|_broken| missing())?;
                pen.close();
            }
            let area = filled(pen.rings);
            if !area.is_empty() {
                let thin = thinnest(&area, least_mm);
                if thin < least_mm {
                    return Err(too_thin(letter, thin, least_mm));
                }
                letters.push(area);
            }
            at += f64::from(widths.advance_width(id).unwrap_or_default()) * scale;
        }
        let all = CrossSection::batch_boolean(&letters, OpType::Add);
        if all.is_empty() {
            return Err(no_outline());
        }
        let bounds = all.bounds();
        let middle =
            Vec2::new(f64::midpoint(bounds.min.x, bounds.max.x), f64::midpoint(bounds.min.y, bounds.max.y));
        let half = [(bounds.max.x - bounds.min.x) / 2.0, (bounds.max.y - bounds.min.y) / 2.0];
        Ok((all.translate(Vec2::new(-middle.x, -middle.y)), half))
    }
}

fn no_outline() -> SolidError {
    SolidError::refused("the text has no character with an outline", "文字中没有带轮廓的字符")
}

fn too_thin(letter: char, thin: f64, least: f64) -> SolidError {
    SolidError::refused(
        format!(
            "the strokes of {letter:?} are {thin:.2} mm wide, and lines under {least:.2} mm do not print; make it larger"
        ),
        format!("字符 {letter:?} 的笔画宽 {thin:.2} mm，细于 {least:.2} mm 的线打印不出；请放大"),
    )
}

/// Gathers rings of points, mm.
struct Pen {
    scale: f64,
    offset: f64,
    rings: Vec<Vec<[f64; 2]>>,
    open: Vec<[f64; 2]>,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> [f64; 2] {
        [f64::from(x) * self.scale + self.offset, f64::from(y) * self.scale]
    }

    fn last(&self) -> [f64; 2] {
        self.open.last().copied().unwrap_or_default()
    }

    /// Adds a curve by its Bernstein polynomial of the second or third degree. A chord of `n` equal steps lies within
    /// d(d−1)/8 · max|Δ²| / n² of the curve (Wang 1984).
    fn curve(&mut self, points: &[[f64; 2]]) {
        let degree = (points.len() - 1) as f64;
        let bend = points
            .windows(3)
            .map(|p| (p[0][0] - 2.0 * p[1][0] + p[2][0]).hypot(p[0][1] - 2.0 * p[1][1] + p[2][1]));
        let bend = bend.fold(0.0, f64::max);
        let steps =
            (degree * (degree - 1.0) / 8.0 * bend / CHORD_MM).sqrt().ceil().clamp(1.0, 200.0) as usize;
        for step in 1..=steps {
            let t = step as f64 / steps as f64;
            let mut level = points.to_vec();
            while level.len() > 1 {
                level = level
                    .windows(2)
                    .map(|p| [p[0][0] + (p[1][0] - p[0][0]) * t, p[0][1] + (p[1][1] - p[0][1]) * t])
                    .collect();
            }
            self.open.push(level[0]);
        }
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.close();
        let at = self.place(x, y);
        self.open.push(at);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let at = self.place(x, y);
        self.open.push(at);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        let points = [self.last(), self.place(cx0, cy0), self.place(x, y)];
        self.curve(&points);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let points = [self.last(), self.place(cx0, cy0), self.place(cx1, cy1), self.place(x, y)];
        self.curve(&points);
    }

    fn close(&mut self) {
        let ring = std::mem::take(&mut self.open);
        if ring.len() > 2 {
            self.rings.push(ring);
        }
    }
}

fn doubled_area(ring: &[[f64; 2]]) -> f64 {
    (0..ring.len())
        .map(|n| (ring[n], ring[(n + 1) % ring.len()]))
        .map(|(p, q)| p[0] * q[1] - q[0] * p[1])
        .sum()
}

/// What rings wind around: the outer ones of TrueType run clockwise, those of CFF counter-clockwise.
fn filled(rings: Vec<Vec<[f64; 2]>>) -> CrossSection {
    let clockwise = rings.iter().map(|ring| doubled_area(ring)).sum::<f64>() < 0.0;
    let turned = |ring: Vec<[f64; 2]>| -> Vec<Vec2> {
        let points = ring.into_iter().map(|p| Vec2::new(p[0], p[1]));
        if clockwise { points.rev().collect() } else { points.collect() }
    };
    CrossSection::new(rings.into_iter().map(turned).collect())
}

/// The width of the narrowest stroke of an area, mm; at least what is asked for where all are wider. From points along the
/// sides a line goes inwards to the other side; where that one faces back, its length is the width.
fn thinnest(area: &CrossSection, least_mm: f64) -> f64 {
    if least_mm.is_nan() || least_mm <= 0.0 {
        return f64::INFINITY;
    }
    let rings = area.to_polygons();
    let sides: Vec<[[f64; 2]; 2]> = rings
        .iter()
        .flat_map(|ring| (0..ring.len()).map(|n| [ring[n], ring[(n + 1) % ring.len()]]))
        .map(|side| side.map(|p| [p.x, p.y]))
        .filter(|[a, b]| a != b)
        .collect();
    let inwards = |[a, b]: [[f64; 2]; 2]| {
        let long = (b[0] - a[0]).hypot(b[1] - a[1]);
        ([(a[1] - b[1]) / long, (b[0] - a[0]) / long], long)
    };
    let mut found: Vec<(f64, f64)> = Vec::new();
    for side in &sides {
        let (into, long) = inwards(*side);
        let looks = (long / (LOOKS * least_mm)).ceil().clamp(1.0, 400.0) as usize;
        for n in 0..looks {
            let part = (n as f64 + 0.5) / looks as f64;
            let at = [
                side[0][0] + (side[1][0] - side[0][0]) * part,
                side[0][1] + (side[1][1] - side[0][1]) * part,
            ];
            let across = sides.iter().filter_map(|other| Some((crossing(at, into, *other)?, other)));
            let Some((far, other)) = across.min_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
            let back = inwards(*other).0;
            let facing = -(into[0] * back[0] + into[1] * back[1]);
            if facing > FACING {
                found.push((2.0 * far * facing / (1.0 + facing), long / looks as f64));
            }
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum = 0.0;
    let counts = found.into_iter().find(|(_, long)| {
        sum += long;
        sum > CORNERS * least_mm
    });
    counts.map_or(f64::INFINITY, |(width, _)| width)
}

/// How far a side lies along a line from a point.
fn crossing(at: [f64; 2], along: [f64; 2], [a, b]: [[f64; 2]; 2]) -> Option<f64> {
    let (edge, d) = ([b[0] - a[0], b[1] - a[1]], [a[0] - at[0], a[1] - at[1]]);
    let det = along[0] * edge[1] - along[1] * edge[0];
    let (far, part) = ((d[0] * edge[1] - d[1] * edge[0]) / det, (d[0] * along[1] - d[1] * along[0]) / det);
    (far > 1e-6 && (0.0..=1.0).contains(&part)).then_some(far)
}
