//! Text that a font of dots writes is found at every size, place and quarter turn; what is no text is left.

use std::collections::BTreeSet;

use font8x8::UnicodeFonts as _;
use meshing_segment::{Readiness, TextBox, burned_in_text};

struct Image {
    values: Vec<u16>,
    size: [usize; 2],
}

impl Image {
    /// Tissue: waves and noise between 300 and 1000.
    fn tissue(size: [usize; 2]) -> Self {
        let mut dice = 1_u32;
        let values = (0..size[0] * size[1]).map(|n| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((n % size[0]) as f32, (n / size[0]) as f32);
            (600.0 + 250.0 * (x / 37.0).sin() * (y / 29.0).cos()) as u16 + (dice >> 26) as u16
        });
        Self { values: values.collect(), size }
    }

    /// Writes with dots of `dot` pixels, turned by quarters; the pixels that were drawn.
    fn write(
        &mut self,
        text: &str,
        [left, top]: [usize; 2],
        dot: usize,
        quarters: u8,
        value: u16,
    ) -> BTreeSet<usize> {
        let long = text.chars().count() * 8 * dot;
        let mut drawn = BTreeSet::new();
        for (n, letter) in text.chars().enumerate() {
            let rows = font8x8::BASIC_FONTS.get(letter).expect("a letter of ASCII");
            for y in 0..8 * dot {
                for x in (0..8 * dot).filter(|x| rows[y / dot] >> (x / dot) & 1 == 1) {
                    let (across, down) = (n * 8 * dot + x, y);
                    let (across, down) = match quarters {
                        0 => (across, down),
                        1 => (8 * dot - 1 - down, across),
                        2 => (long - 1 - across, 8 * dot - 1 - down),
                        _ => (down, long - 1 - across),
                    };
                    drawn.insert((top + down) * self.size[0] + left + across);
                }
            }
        }
        for &pixel in &drawn {
            self.values[pixel] = value;
        }
        drawn
    }

    fn text(&self) -> Vec<TextBox> {
        burned_in_text(&self.values, self.size, Readiness::Slow).expect("the network runs")
    }

    fn covered(&self, boxes: &[TextBox]) -> BTreeSet<usize> {
        let rows = |text: &TextBox| text.rows.clone();
        boxes
            .iter()
            .flat_map(|text| rows(text).flat_map(|y| text.columns.clone().map(move |x| y * self.size[0] + x)))
            .collect()
    }
}

#[test]
fn letters_of_every_size_and_quarter_turn_are_covered_and_little_else() {
    for (dot, quarters, value) in
        [(1, 0, 1500), (2, 0, 1500), (2, 1, 0), (3, 2, 1500), (3, 3, 1500), (5, 0, 0), (9, 0, 1500)]
    {
        let mut image = Image::tissue([560, 480]);
        let drawn = image.write("ID 40291", [60, 50], dot, quarters, value);
        let boxes = image.text();
        let covered = image.covered(&boxes);
        assert!(drawn.is_subset(&covered), "{dot} {quarters} {value}: {boxes:?}");
        let most = 8 * (8 * dot + 24 * dot.max(2)) * (8 * dot + 12 * dot.max(2));
        assert!(covered.len() < most, "{dot} {quarters}: {} of {most}: {boxes:?}", covered.len());
    }
}

#[test]
fn tissue_and_a_frame_are_left() {
    let mut image = Image::tissue([512, 400]);
    assert_eq!(image.text(), []);
    for n in 40..360 {
        image.values[n * 512 + 30] = 2000;
        image.values[n * 512 + 480] = 2000;
        image.values[40 * 512 + n] = 2000;
    }
    assert_eq!(image.text(), []);
}

#[test]
fn text_across_the_seams_of_a_large_image_is_covered() {
    let mut image = Image::tissue([1500, 900]);
    let drawn = image.write("DOE JANE 1974", [600, 630], 2, 0, 1800);
    let boxes = image.text();
    assert!(drawn.is_subset(&image.covered(&boxes)), "{boxes:?}");
}

#[test]
fn brightness_contrast_and_polarity_do_not_count() {
    let mut image = Image::tissue([300, 200]);
    image.write("LI NA 1961", [40, 80], 2, 0, 1500);
    let boxes = image.text();
    assert!(!boxes.is_empty());
    for change in [|v: u16| v * 20 + 500, |v: u16| v / 2, |v: u16| 2000 - v] {
        let other = Image { values: image.values.iter().copied().map(change).collect(), size: image.size };
        let near = |a: &TextBox, b: &TextBox| {
            let ends = |t: &TextBox| [t.columns.start, t.columns.end, t.rows.start, t.rows.end];
            ends(a).iter().zip(ends(b)).all(|(a, b)| a.abs_diff(b) <= 8)
        };
        let found = other.text();
        assert!(boxes.iter().all(|text| found.iter().any(|other| near(text, other))), "{boxes:?} {found:?}");
    }
}

#[test]
fn odd_images_have_no_text() {
    for (values, size) in
        [(vec![], [0, 0]), (vec![5; 64], [64, 1]), (vec![5; 100], [12, 12]), (vec![9; 4096], [64, 64])]
    {
        assert_eq!(burned_in_text(&values, size, Readiness::Quick).unwrap(), []);
    }
}
