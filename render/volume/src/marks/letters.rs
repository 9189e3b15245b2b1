//! Glyphs of a font as coverage in one picture, rasterised when first needed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider as _};

/// Why marks cannot be lettered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FontError {
    /// The bytes are no font.
    #[error(
        "these bytes are no TrueType or OpenType font, so marks cannot be lettered; give the bytes of a font's file"
    )]
    NoFont,
}

/// Pixels across and down of the picture that holds the glyphs.
pub(crate) const ATLAS: u32 = 1024;
/// Sizes of type that are rasterised, in pixels of the em.
const SIZES: (f32, f32) = (6.0, 160.0);

/// Where a glyph lies in the picture of glyphs and in its line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Glyph {
    /// Left, top, width and height in the picture of glyphs, with an empty pixel around; no width for a space.
    pub(crate) rect: [u32; 4],
    /// From the pen's place on the baseline to the left and the top of the rectangle, in pixels.
    pub(crate) offset: [f32; 2],
    /// How far the pen moves, in whole pixels.
    pub(crate) advance: f32,
}

/// A font with the glyphs used lately.
pub(crate) struct Letters {
    font: Arc<[u8]>,
    glyphs: HashMap<(char, u32), Glyph>,
    /// Coverage, 0..255, row by row.
    pixels: Vec<u8>,
    /// Where the next glyph goes, and the height of its row.
    next: [u32; 2],
    row: u32,
    /// Grows with each change of the picture.
    version: u64,
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters").field("glyphs", &self.glyphs.len()).finish_non_exhaustive()
    }
}

impl Letters {
    /// Checks that the bytes are a font with outlines.
    pub(crate) fn new(font: Arc<[u8]>) -> Result<Self, FontError> {
        let sound = FontRef::new(&font).is_ok_and(|f| f.outline_glyphs().format().is_some());
        if !sound {
            return Err(FontError::NoFont);
        }
        let pixels = vec![0; (ATLAS * ATLAS) as usize];
        Ok(Self { font, glyphs: HashMap::new(), pixels, next: [0; 2], row: 0, version: 1 })
    }

    /// A glyph at a size of the em in pixels, rounded to a whole one; a crossed box for a character that the font does
    /// not have.
    pub(crate) fn glyph(&mut self, letter: char, em_px: f32) -> Glyph {
        let size = em_px.clamp(SIZES.0, SIZES.1).round();
        let key = (letter, size as u32);
        if let Some(glyph) = self.glyphs.get(&key) {
            return *glyph;
        }
        let glyph = self.rasterised(letter, size).unwrap_or_default();
        self.glyphs.insert(key, glyph);
        glyph
    }

    /// Coverage and its version.
    pub(crate) fn picture(&self) -> (&[u8], u64) {
        (&self.pixels, self.version)
    }

    /// Whether so much is in use that it should be begun anew before a picture is laid out.
    pub(crate) const fn crowded(&self) -> bool {
        self.next[1] + self.row > ATLAS / 2
    }

    /// Forgets all glyphs.
    pub(crate) fn clear(&mut self) {
        self.glyphs.clear();
        self.pixels.fill(0);
        (self.next, self.row) = ([0; 2], 0);
        self.version += 1;
    }

    fn rasterised(&mut self, letter: char, size: f32) -> Option<Glyph> {
        let font = FontRef::new(&self.font).ok()?;
        let mut pen = Pen::default();
        let em = size;
        let (size, place) = (Size::new(size), LocationRef::default());
        let advance = if let Some(id) = font.charmap().map(letter) {
            if let Some(outline) = font.outline_glyphs().get(id) {
                // a broken outline is drawn as far as it goes
                drop(outline.draw(DrawSettings::unhinted(size, place), &mut pen));
            }
            font.glyph_metrics(size, place).advance_width(id).unwrap_or(0.0).round()
        } else {
            // the font's own sign may be blank, and words must not lose a character unseen
            missing(&mut pen, em);
            em
        };
        let Some([left, bottom, right, top]) = pen.bounds() else {
            return Some(Glyph { advance, ..Glyph::default() });
        };
        // one empty pixel around, so that a turned glyph mixes with nothing
        let (x0, y0) = (left.floor() - 1.0, top.ceil() + 1.0);
        let (width, height) = ((right.ceil() + 1.0 - x0) as u32, (y0 - bottom.floor() + 1.0) as u32);
        let at = self.room(width, height)?;
        let mut raster = Rasterizer::new(width as usize, height as usize);
        for curve in &pen.curves {
            let here = |p: Point| point(p.x - x0, y0 - p.y);
            match *curve {
                Curve::Line(a, b) => raster.draw_line(here(a), here(b)),
                Curve::Quad(a, b, c) => raster.draw_quad(here(a), here(b), here(c)),
                Curve::Cubic(a, b, c, d) => raster.draw_cubic(here(a), here(b), here(c), here(d)),
            }
        }
        raster.for_each_pixel_2d(|x, y, coverage| {
            let n = (at[1] + y) * ATLAS + at[0] + x;
            self.pixels[n as usize] = (coverage.clamp(0.0, 1.0) * 255.0).round() as u8;
        });
        self.version += 1;
        Some(Glyph { rect: [at[0], at[1], width, height], offset: [x0, -y0], advance })
    }

    /// A free rectangle, row by row; `None` when the picture is full.
    fn room(&mut self, width: u32, height: u32) -> Option<[u32; 2]> {
        if self.next[0] + width > ATLAS {
            self.next = [0, self.next[1] + self.row];
            self.row = 0;
        }
        if width > ATLAS || self.next[1] + height > ATLAS {
            return None;
        }
        let at = self.next;
        self.next[0] += width;
        self.row = self.row.max(height);
        Some(at)
    }
}

/// A crossed box.
fn missing(pen: &mut Pen, em: f32) {
    let (l, b, r, t, line) = (0.1 * em, -0.05 * em, 0.9 * em, 0.8 * em, 0.07 * em);
    let mut ring = |corners: [[f32; 2]; 4]| {
        pen.move_to(corners[0][0], corners[0][1]);
        corners[1..].iter().for_each(|c| pen.line_to(c[0], c[1]));
        pen.close();
    };
    ring([[l, b], [r, b], [r, b + line], [l, b + line]]);
    ring([[l, t - line], [r, t - line], [r, t], [l, t]]);
    ring([[l, b + line], [l + line, b + line], [l + line, t - line], [l, t - line]]);
    ring([[r - line, b + line], [r, b + line], [r, t - line], [r - line, t - line]]);
    ring([
        [l + line, b + line],
        [l + 2.0 * line, b + line],
        [r - line, t - line],
        [r - 2.0 * line, t - line],
    ]);
}

enum Curve {
    Line(Point, Point),
    Quad(Point, Point, Point),
    Cubic(Point, Point, Point, Point),
}

/// The outline of a glyph, y upwards.
#[derive(Default)]
struct Pen {
    curves: Vec<Curve>,
    begin: Point,
    at: Point,
}

impl Pen {
    fn bounds(&self) -> Option<[f32; 4]> {
        let points = self.curves.iter().flat_map(|c| match *c {
            Curve::Line(a, b) => vec![a, b],
            Curve::Quad(a, b, c) => vec![a, b, c],
            Curve::Cubic(a, b, c, d) => vec![a, b, c, d],
        });
        points.fold(None, |bounds, p| {
            let [l, b, r, t] = bounds.unwrap_or([p.x, p.y, p.x, p.y]);
            Some([l.min(p.x), b.min(p.y), r.max(p.x), t.max(p.y)])
        })
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.close();
        (self.begin, self.at) = (point(x, y), point(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = point(x, y);
        self.curves.push(Curve::Line(self.at, to));
        self.at = to;
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let to = point(x, y);
        self.curves.push(Curve::Quad(self.at, point(cx, cy), to));
        self.at = to;
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let to = point(x, y);
        self.curves.push(Curve::Cubic(self.at, point(ax, ay), point(bx, by), to));
        self.at = to;
    }

    fn close(&mut self) {
        if self.at != self.begin {
            self.curves.push(Curve::Line(self.at, self.begin));
            self.at = self.begin;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn font() -> Arc<[u8]> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/NotoSansSC-Theatron.otf");
        std::fs::read(path).unwrap().into()
    }

    #[test]
    fn latin_and_chinese_glyphs_have_ink_of_the_size_asked_for() {
        let mut letters = Letters::new(font()).unwrap();
        for (letter, high) in [('L', 0.73), ('I', 0.73), ('颅', 0.9)] {
            let glyph = letters.glyph(letter, 40.0);
            let [x, y, w, h] = glyph.rect;
            let high_px = 40.0 * high;
            assert!((h as f32 - 2.0 - high_px).abs() < 4.0, "{letter}: {h} px high");
            let row = |y: u32| &letters.picture().0[(y * ATLAS + x) as usize..(y * ATLAS + x + w) as usize];
            let ink: u32 = (y..y + h).flat_map(row).map(|&c| u32::from(c)).sum::<u32>() / 255;
            assert!(ink > 40 && ink < w * h, "{letter}: {ink} of {w} x {h}");
            let edge = row(y).iter().chain(row(y + h - 1)).any(|&c| c > 0);
            assert!(!edge, "{letter} has an empty row above and below");
        }
        let box_of_none = letters.glyph('\u{e000}', 40.0);
        assert!(
            box_of_none.rect[2] > 20 && box_of_none.advance > 20.0,
            "what the font lacks is seen to be missing"
        );
        assert_eq!(letters.glyph(' ', 40.0).rect[2], 0);
        assert!(letters.glyph(' ', 40.0).advance > 4.0);
        let version = letters.picture().1;
        letters.glyph('L', 40.0);
        assert_eq!(letters.picture().1, version, "a glyph is rasterised once");
    }

    #[test]
    fn the_font_has_the_characters_of_anatomy_in_chinese() {
        let bytes = font();
        let font = FontRef::new(&bytes).unwrap();
        let names = "颞骨顶枕额蝶筛颧上颌腭窦眶鞍斜坡岩乳突耳蜗听小骨镫砧锤颈椎胸腰骶尾髂髋髌胫腓跟距跖踝桡尺肱肩胛锁骨肋膈肝胆脾胰肾\
            膀胱前列腺卵巢脑垂体胼胝海马小脑蚓丘桥延髓硬膜蛛网静动脉颈内外眼睑腘窝韧带肌腱梗死栓塞肿瘤囊疝";
        let lacking: String =
            names.chars().filter(|c| !c.is_whitespace() && font.charmap().map(*c).is_none()).collect();
        assert!(lacking.is_empty(), "the font lacks {lacking}; run assets/fonts/subset.sh");
    }

    #[test]
    fn a_full_picture_leaves_glyphs_out_and_begins_anew_when_told() {
        let mut letters = Letters::new(font()).unwrap();
        for code in 0x4e00..0x4e80 {
            letters.glyph(char::from_u32(code).unwrap(), 160.0);
        }
        assert!(letters.crowded());
        letters.clear();
        assert!(!letters.crowded() && letters.glyph('L', 160.0).rect[2] > 0);
        assert_eq!(Letters::new(Arc::from(&b"no font"[..])).unwrap_err(), FontError::NoFont);
    }
}
