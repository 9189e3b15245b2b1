//! What every picture carries: the sides of the patient, a scale, and what it is not for.

use font8x8::UnicodeFonts as _;
use image::{Rgba, RgbaImage};
use render_volume::Edges;

const WHITE: Rgba<u8> = Rgba([255, 255, 255, 255]);
const BLACK: Rgba<u8> = Rgba([0, 0, 0, 255]);
const AMBER: Rgba<u8> = Rgba([255, 190, 60, 255]);
const NOT_CLINICAL: &str = "NOT FOR CLINICAL USE";
/// A glyph is 8×8, drawn at twice its size.
const ZOOM: u32 = 2;
const GLYPH: u32 = 8 * ZOOM;
const MARGIN: u32 = 6;
/// Lengths that a scale bar may have.
const BARS_MM: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// Letters at the four edges.
pub(super) fn sides(picture: &mut RgbaImage, edges: &Edges) {
    let (width, height) = picture.dimensions();
    let half = |text: &str| text.chars().count() as u32 * GLYPH / 2;
    text(picture, MARGIN, height / 2, &edges.left, WHITE);
    text(picture, width.saturating_sub(MARGIN + 2 * half(&edges.right)), height / 2, &edges.right, WHITE);
    // One line below the highest, which says what is shown, and one above the lowest, which says what it is not for.
    text(picture, (width / 2).saturating_sub(half(&edges.top)), 2 * MARGIN + GLYPH, &edges.top, WHITE);
    let bottom = height.saturating_sub(2 * (MARGIN + GLYPH));
    text(picture, (width / 2).saturating_sub(half(&edges.bottom)), bottom, &edges.bottom, WHITE);
}

/// A bar of a round length in mm at the lower right.
pub(super) fn scale(picture: &mut RgbaImage, pixel_mm: f64) {
    let (width, height) = picture.dimensions();
    let fits = |mm: &&f64| **mm / pixel_mm <= f64::from(width) / 4.0;
    let Some(mm) = BARS_MM.iter().rev().find(fits) else { return };
    let length = (mm / pixel_mm).round() as u32;
    let (right, y) = (width.saturating_sub(MARGIN), height.saturating_sub(2 * MARGIN + GLYPH + 3));
    let left = right.saturating_sub(length);
    for x in left..right {
        for (row, colour) in [(0, BLACK), (1, WHITE), (2, WHITE), (3, BLACK)] {
            if x < width && y + row < height {
                picture.put_pixel(x, y + row, colour);
            }
        }
    }
    let words = format!("{mm} mm");
    let wide = words.chars().count() as u32 * GLYPH;
    text(picture, right.saturating_sub(wide), y.saturating_sub(GLYPH + 4), &words, WHITE);
}

/// What the colours stand for, from `left` on: a box and a figure a line, highest first.
pub(super) fn legend(picture: &mut RgbaImage, left: u32, lines: &[(String, [u8; 3])]) {
    let left = left + MARGIN;
    for (n, (words, [r, g, b])) in (0..).zip(lines) {
        let top = 4 * MARGIN + n * 2 * GLYPH;
        for y in top..(top + 2 * GLYPH).min(picture.height()) {
            for x in left..(left + GLYPH).min(picture.width()) {
                picture.put_pixel(x, y, Rgba([*r, *g, *b, 255]));
            }
        }
        text(picture, left + GLYPH + MARGIN, top + GLYPH / 2, words, WHITE);
    }
}

/// What it shows, upper left, and what it is not for, lower left.
pub(super) fn words(picture: &mut RgbaImage, what: &str) {
    let height = picture.height();
    text(picture, MARGIN, MARGIN, what, WHITE);
    text(picture, MARGIN, height.saturating_sub(MARGIN + GLYPH), NOT_CLINICAL, AMBER);
}

/// Text with a dark edge, so that it reads on bone and on air; what does not fit is cut.
fn text(picture: &mut RgbaImage, x: u32, y: u32, words: &str, colour: Rgba<u8>) {
    let mut dot = |x: i64, y: i64, colour| {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && x < picture.width()
            && y < picture.height()
        {
            picture.put_pixel(x, y, colour);
        }
    };
    for (edge, colour) in [(true, BLACK), (false, colour)] {
        for (place, letter) in words.chars().enumerate() {
            let Some(rows) = font8x8::BASIC_FONTS.get(letter) else { continue };
            for (row, bits) in rows.iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    let left = i64::from(x) + (place as i64) * i64::from(GLYPH) + column * i64::from(ZOOM);
                    let top = i64::from(y) + (row as i64) * i64::from(ZOOM);
                    let (grow, size) = if edge { (1, i64::from(ZOOM) + 2) } else { (0, i64::from(ZOOM)) };
                    for dy in 0..size {
                        for dx in 0..size {
                            dot(left - grow + dx, top - grow + dy, colour);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_left_letter_stands_at_the_left_edge() {
        let mut picture = RgbaImage::from_pixel(200, 100, BLACK);
        let edges =
            Edges { left: "R".into(), right: String::new(), top: String::new(), bottom: String::new() };
        sides(&mut picture, &edges);
        let lit: Vec<u32> =
            picture.enumerate_pixels().filter(|(_, _, p)| **p == WHITE).map(|(x, _, _)| x).collect();
        assert!(!lit.is_empty() && lit.iter().all(|x| *x < 30), "{lit:?}");
    }

    #[test]
    fn a_tiny_picture_does_not_fail() {
        let mut picture = RgbaImage::from_pixel(3, 2, BLACK);
        words(&mut picture, "a long sentence");
        scale(&mut picture, 0.5);
    }
}
