//! Letters to engrave or emboss: strokes of one width with round ends, which print and read better than outlines; what has no
//! strokes is drawn by a font.

use manifold_rust::cross_section::CrossSection;
use manifold_rust::linalg::Vec2;
use manifold_rust::types::OpType;
use meshing_surface::Mesh;

use crate::primitives::extruded_section;
use crate::{Font, Pose, SolidError};

/// What letters are drawn with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lettering<'a> {
    /// For text with characters that have no strokes here, and for small letters.
    pub font: Option<&'a Font>,
    /// The thinnest line that the printer makes, mm: strokes are drawn no thinner, and outlines of a font that are thinner are
    /// refused.
    pub least_mm: f64,
}

/// Strokes of each character on a grid 4 wide and 6 high: points of a line, lines parted by `|`.
const STROKES: &[(char, &str)] = &[
    ('A', "00 26 40|12 32"),
    ('B', "00 06 36 45 44 33 03|33 42 41 30 00"),
    ('C', "45 36 16 05 01 10 30 41"),
    ('D', "00 06 26 44 42 20 00"),
    ('E', "46 06 00 40|03 33"),
    ('F', "46 06 00|03 33"),
    ('G', "45 36 16 05 01 10 30 41 43 23"),
    ('H', "00 06|40 46|03 43"),
    ('I', "10 30|20 26|16 36"),
    ('J', "01 10 20 31 36|16 46"),
    ('K', "00 06|46 03 40"),
    ('L', "06 00 40"),
    ('M', "00 06 23 46 40"),
    ('N', "00 06 40 46"),
    ('O', "10 01 05 16 36 45 41 30 10"),
    ('P', "00 06 36 45 44 33 03"),
    ('Q', "10 01 05 16 36 45 41 30 10|22 40"),
    ('R', "00 06 36 45 44 33 03|23 40"),
    ('S', "45 36 16 05 04 13 33 42 41 30 10 01"),
    ('T', "06 46|26 20"),
    ('U', "06 01 10 30 41 46"),
    ('V', "06 20 46"),
    ('W', "06 10 23 30 46"),
    ('X', "00 46|06 40"),
    ('Y', "06 23 46|23 20"),
    ('Z', "06 46 00 40"),
    ('0', "10 01 05 16 36 45 41 30 10|01 45"),
    ('1', "05 26 20|10 30"),
    ('2', "05 16 36 45 44 00 40"),
    ('3', "05 16 36 45 44 33 42 41 30 10 01|33 13"),
    ('4', "30 36 02 42"),
    ('5', "46 06 03 33 42 41 30 10 01"),
    ('6', "45 36 16 05 01 10 30 41 42 33 03"),
    ('7', "06 46 10"),
    ('8', "13 04 05 16 36 45 44 33 13 02 01 10 30 41 42 33"),
    ('9', "01 10 30 41 45 36 16 05 04 13 43"),
    ('-', "13 33"),
    ('+', "13 33|22 24"),
    ('.', "20 20"),
    (',', "21 10"),
    (':', "21 21|24 24"),
    ('/', "00 46"),
    ('_', "00 40"),
    ('#', "10 16|30 36|02 42|04 44"),
    ('(', "36 24 22 30"),
    (')', "16 24 22 10"),
    ('=', "12 32|14 34"),
    ('*', "13 33|22 24|12 34|14 32"),
    ('°', "14 15 26 35 34 24 14"),
    (' ', ""),
];

/// Grid steps from one character to the next.
const ADVANCE: f64 = 5.5;
/// Sides of a stroke's round end.
const ROUND: usize = 6;

/// Phrase as a solid: centred on the pose's origin, reading along its first direction, capitals `height_mm` high along the
/// second (between the middles of strokes), strokes `stroke_mm` wide, from `from_mm` to `to_mm` along the axis. Small
/// letters become capitals.
///
/// # Errors
/// Sizes that are not positive, no character with a stroke, or a character that has none here, which is named.
pub fn text(
    words: &str,
    pose: &Pose,
    height_mm: f64,
    stroke_mm: f64,
    from_mm: f64,
    to_mm: f64,
) -> Result<Mesh, SolidError> {
    text_in(words, Lettering::default(), pose, height_mm, stroke_mm, [from_mm, to_mm])
}

/// As [`text`], from and to places along the axis, with the outlines of a font where `words` have small letters or characters
/// without strokes here: capitals of the font are `height_mm` high, and `stroke_mm` does not count.
///
/// # Errors
/// As [`text`]; a character that the font has not, or one with strokes too thin to print.
pub fn text_in(
    words: &str,
    lettering: Lettering<'_>,
    pose: &Pose,
    height_mm: f64,
    stroke_mm: f64,
    [from_mm, to_mm]: [f64; 2],
) -> Result<Mesh, SolidError> {
    if ![height_mm, stroke_mm, to_mm - from_mm].iter().all(|mm| mm.is_finite() && *mm > 0.0) {
        return Err(SolidError::refused(
            format!(
                "text needs a positive height, stroke and depth, not {height_mm}, {stroke_mm} and {} mm",
                to_mm - from_mm
            ),
            format!(
                "文字的高度、笔画宽度和深度必须为正，不能是 {height_mm}、{stroke_mm} 和 {} mm",
                to_mm - from_mm
            ),
        ));
    }
    if let Some(font) = outlined(words, lettering) {
        return extruded_section(pose, &font.drawn(words, height_mm, lettering.least_mm)?.0, from_mm, to_mm);
    }
    let stroke_mm = stroke_mm.max(lettering.least_mm);
    let step = height_mm / 6.0;
    let count = words.chars().count();
    let left = -((count.max(1) - 1) as f64 * ADVANCE + 4.0) * step / 2.0;
    let mut strokes = Vec::new();
    for (n, letter) in words.chars().enumerate() {
        let capital = letter.to_ascii_uppercase();
        let Some((_, lines)) = STROKES.iter().find(|(known, _)| *known == capital) else {
            return Err(SolidError::refused(
                format!("there are no strokes for {letter:?}; use A-Z, 0-9 and simple signs"),
                format!("没有字符 {letter:?} 的笔画；请用 A-Z、0-9 和简单符号"),
            ));
        };
        let place = |point: &str| -> [f64; 2] {
            let digit = |n: usize| f64::from(point.as_bytes().get(n).map_or(0, |b| b.saturating_sub(b'0')));
            [left + (n as f64 * ADVANCE + digit(0)) * step, (digit(1) - 3.0) * step]
        };
        for line in lines.split('|').filter(|line| !line.is_empty()) {
            let points: Vec<[f64; 2]> = line.split(' ').map(place).collect();
            strokes.extend(points.windows(2).map(|ends| stroke(ends[0], ends[1], stroke_mm / 2.0)));
        }
    }
    let drawn = CrossSection::batch_boolean(&strokes, OpType::Add);
    extruded_section(pose, &drawn, from_mm, to_mm)
}

/// The font, where the words need it.
fn outlined<'a>(words: &str, lettering: Lettering<'a>) -> Option<&'a Font> {
    let drawn = |letter: char| !letter.is_lowercase() && STROKES.iter().any(|(known, _)| *known == letter);
    lettering.font.filter(|_| !words.chars().all(drawn))
}

/// Half the width and half the height of text for each mm that its capitals are high, between the middles of strokes.
pub(crate) fn half_extent(words: &str, lettering: Lettering<'_>) -> Result<[f64; 2], SolidError> {
    if let Some(font) = outlined(words, lettering) {
        // At a size where the chords do not count.
        return Ok(font.drawn(words, 10.0, 0.0)?.1.map(|half| half / 10.0));
    }
    let letters = words.chars().count().max(1) as f64;
    Ok([((letters - 1.0) * ADVANCE + 4.0) / 12.0, 0.5])
}

/// A line with round ends, which keep within the circle.
pub(crate) fn stroke(from: [f64; 2], to: [f64; 2], radius: f64) -> CrossSection {
    let along = (to[1] - from[1]).atan2(to[0] - from[0]);
    let half = |at: [f64; 2], start: f64| {
        (0..=ROUND).map(move |n| {
            let angle = start + core::f64::consts::PI * n as f64 / ROUND as f64;
            Vec2::new(at[0] + radius * angle.cos(), at[1] + radius * angle.sin())
        })
    };
    let quarter = core::f64::consts::FRAC_PI_2;
    CrossSection::new(vec![half(to, along - quarter).chain(half(from, along + quarter)).collect()])
}
