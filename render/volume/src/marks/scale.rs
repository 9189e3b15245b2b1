//! A bar of a round length, and the legend of a colour map.

use meshing_volume::{Language, Phrase};

use super::sheet::{Rect, Sheet, ink};
use crate::FigureMap;

const AT_TARGET: Phrase = Phrase::new(" at the target", "（目标处）");

/// The largest of 1, 2 and 5 times a power of ten up to `most`; `None` for what is no length.
pub(super) fn round_length(most: f64) -> Option<f64> {
    if !(most.is_finite() && most > 1e-9) {
        return None;
    }
    let ten = 10_f64.powf(most.log10().floor());
    // a hair of room, since 10^n may come out just above n itself
    [10.0, 5.0, 2.0, 1.0].into_iter().map(|n| n * ten).find(|&mm| mm <= most * (1.0 + 1e-9))
}

/// A length in words: `0.5 mm`, `20 mm`.
pub(super) fn length_words(mm: f64) -> String {
    let digits = (-mm.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{mm:.digits$} mm")
}

/// Draws a bar above `above` at the right, up to a quarter of the picture; what it takes.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    picture: Rect,
    above: f64,
    (mm_per_pixel, everywhere): (f64, bool),
    language: Language,
) -> Option<Rect> {
    let mm = round_length(picture.width() / 4.0 * mm_per_pixel)?;
    let mut words = length_words(mm);
    if !everywhere {
        words.push_str(AT_TARGET.in_language(language));
    }
    let (length, thick, line) = (mm / mm_per_pixel, (sheet.em / 8.0).round().max(1.0), sheet.line_height());
    let right = picture.0[2];
    let wide = sheet.width(&words).max(length);
    let bar = Rect::at(right - length, above.min(picture.0[3]) - sheet.em * 0.6, length, thick);
    let ends = [bar.0[0], right - thick].map(|x| Rect::at(x, bar.0[1] - 2.0 * thick, thick, 5.0 * thick));
    for (grown, colour) in [(1.0, ink([0, 0, 0], 0.75)), (0.0, ink([255, 255, 255], 1.0))] {
        for rect in [bar, ends[0], ends[1]] {
            sheet.fill(rect.grown(grown), colour);
        }
    }
    let top = bar.0[1] - 2.0 * thick - line - 1.0;
    let left = right - sheet.width(&words);
    sheet.text(left, top, &words, ink([255, 255, 255], 1.0), true);
    Some(Rect([right - wide, top, right, bar.0[3] + 2.0 * thick]))
}

/// Draws what colours stand for, below `below` at the left: what, then a box and a figure a line, highest first; what
/// it takes.
pub(super) fn legend(sheet: &mut Sheet<'_>, picture: Rect, below: f64, map: &FigureMap) -> Rect {
    let line = sheet.line_height();
    let (left, top) = (picture.0[0], below.max(picture.0[1]) + line / 2.0);
    let white = ink([255, 255, 255], 1.0);
    let mut wide = sheet.width(&map.what);
    sheet.text(left, top, &map.what, white, true);
    let rows = map.legend();
    for (n, (words, colour)) in rows.iter().enumerate() {
        let top = top + line * (n + 1) as f64;
        sheet.fill(Rect::at(left, top, sheet.em.round(), line), ink(*colour, 1.0));
        sheet.text(left + sheet.em * 1.4, top, words, white, true);
        wide = wide.max(sheet.em * 1.4 + sheet.width(words));
    }
    Rect::at(left, top, wide, line * (rows.len() + 1) as f64)
}
