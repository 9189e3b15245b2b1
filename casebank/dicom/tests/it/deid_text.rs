//! Clean Pixel Data: text that a small font of dots writes is blanked in grey, colour and many frames, and nothing else.

use casebank_dicom::deid::{DeidOption, Deidentified, PixelText};
use casebank_dicom::objects::capture::{Capture, Samples, write};
use dicom_dictionary_std::tags;
use dicom_object::from_reader;

use crate::deid::deidentifier;
use crate::samples::{capture, made};
use crate::support::{Dice, info};

const SIZE: [usize; 2] = [200, 120];

/// Five columns by seven rows, a bit a dot.
const FONT: [(char, [u8; 7]); 16] = [
    ('0', [14, 17, 19, 21, 25, 17, 14]),
    ('1', [4, 12, 4, 4, 4, 4, 14]),
    ('2', [14, 17, 1, 6, 8, 16, 31]),
    ('3', [31, 1, 2, 6, 1, 17, 14]),
    ('4', [2, 6, 10, 18, 31, 2, 2]),
    ('5', [31, 16, 30, 1, 1, 17, 14]),
    ('6', [6, 8, 16, 30, 17, 17, 14]),
    ('7', [31, 1, 2, 4, 8, 8, 8]),
    ('8', [14, 17, 17, 14, 17, 17, 14]),
    ('9', [14, 17, 17, 15, 1, 2, 12]),
    ('A', [14, 17, 17, 31, 17, 17, 17]),
    ('E', [31, 16, 16, 30, 16, 16, 31]),
    ('H', [17, 17, 17, 31, 17, 17, 17]),
    ('N', [17, 25, 21, 19, 17, 17, 17]),
    ('W', [17, 17, 17, 21, 21, 21, 10]),
    ('Z', [31, 1, 2, 4, 8, 16, 31]),
];

/// The pixels of a text whose dots are `dot` pixels wide.
fn written(text: &str, at: [usize; 2], dot: usize) -> Vec<usize> {
    let mut pixels = Vec::new();
    for (n, letter) in text.chars().enumerate() {
        let Some((_, rows)) = FONT.iter().find(|(known, _)| *known == letter) else { continue };
        for y in 0..7 * dot {
            for x in 0..5 * dot {
                if rows[y / dot] >> (4 - x / dot) & 1 == 1 {
                    pixels.push((at[1] + y) * SIZE[0] + at[0] + n * 6 * dot + x);
                }
            }
        }
    }
    pixels
}

/// Smooth tissue with noise, between 40 and 140.
fn tissue(seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let value = |n: usize| {
        let (x, y) = ((n % SIZE[0]) as f64, (n / SIZE[0]) as f64);
        90.0 + 40.0 * (x / 31.0).sin() * (y / 23.0).cos()
    };
    (0..SIZE[0] * SIZE[1]).map(|n| value(n) as u8 + dice.roll(8) as u8).collect()
}

fn cleaned(samples: Samples, frames: u32) -> (Vec<u8>, Deidentified) {
    let capture = Capture { size: SIZE.map(|n| u16::try_from(n).unwrap()), ..capture(samples, frames) };
    let bytes = write(&capture, &info("text"), &made()).unwrap();
    let out = deidentifier([DeidOption::CleanPixelData]).apply(&bytes).unwrap();
    (pixels(&bytes), out)
}

fn pixels(bytes: &[u8]) -> Vec<u8> {
    from_reader(bytes).unwrap().element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned()
}

/// Both lines, bright and dark.
fn lines() -> [(Vec<usize>, u8); 2] {
    [(written("ZHANEWEH", [20, 15], 2), 250), (written("1974 08 23", [30, 80], 2), 8)]
}

/// No stroke shows, and little else is gone. `width` samples make a pixel.
fn check(before: &[u8], after: &[u8], width: usize, lines: &[(Vec<usize>, u8)]) {
    let darkest = *after.iter().min().unwrap();
    for (strokes, value) in lines {
        let shown = strokes.iter().filter(|&&pixel| after[pixel * width] != darkest).count();
        assert_eq!(shown, 0, "of {} dots of the text of {value}", strokes.len());
    }
    let gone = before.iter().zip(after).filter(|(a, b)| a != b).count() as f64 / before.len() as f64;
    assert!(gone > 0.05 && gone < 0.35, "{gone} of the pixels changed");
}

#[test]
fn text_in_grey_is_blanked_and_the_object_says_so() {
    let mut image = tissue(3);
    for (strokes, value) in lines() {
        for &pixel in &strokes {
            image[pixel] = value;
        }
    }
    let (before, out) = cleaned(Samples::Grey8(image), 1);
    check(&before, &pixels(&out.bytes), 1, &lines());
    assert!(matches!(out.facts.pixels.text, PixelText::Blanked { frames: 1, .. }), "{:?}", out.facts.pixels);
    let object = from_reader(&out.bytes[..]).unwrap();
    assert_eq!(object.element(tags::BURNED_IN_ANNOTATION).unwrap().to_str().unwrap().trim(), "NO");
    let codes = object.element(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).unwrap();
    let has = |code: &str| {
        codes
            .items()
            .unwrap()
            .iter()
            .any(|item| item.element(tags::CODE_VALUE).unwrap().to_str().unwrap().trim() == code)
    };
    assert!(has("113100") && has("113101"));
}

#[test]
fn text_in_colour_is_blanked_also_where_it_is_no_brighter() {
    let grey = tissue(5);
    let mut rgb: Vec<u8> = grey.iter().flat_map(|&v| [v, v, v]).collect();
    let [(strokes, _), _] = lines();
    // Red as bright as the tissue around.
    for &pixel in &strokes {
        rgb[3 * pixel..3 * pixel + 3].copy_from_slice(&[250, 20, 30]);
    }
    let (before, out) = cleaned(Samples::Rgb(rgb), 1);
    let after = pixels(&out.bytes);
    assert!(strokes.iter().all(|&pixel| after[3 * pixel..3 * pixel + 3] == [0, 0, 0]));
    assert_eq!(before.len(), after.len());
}

#[test]
fn text_that_stands_in_many_frames_is_blanked_in_all() {
    let mut frames = Vec::new();
    for seed in 1..=4 {
        let mut image = tissue(seed);
        for (strokes, value) in lines() {
            for &pixel in &strokes {
                image[pixel] = value;
            }
        }
        frames.extend(image);
    }
    let (before, out) = cleaned(Samples::Grey8(frames), 4);
    let (after, length) = (pixels(&out.bytes), SIZE[0] * SIZE[1]);
    for n in 0..4 {
        let frame = n * length..(n + 1) * length;
        check(&before[frame.clone()], &after[frame], 1, &lines());
    }
}

#[test]
fn an_image_without_text_keeps_its_pixels() {
    let (before, out) = cleaned(Samples::Grey8(tissue(9)), 1);
    assert_eq!(out.facts.pixels.text, PixelText::NothingFound);
    assert_eq!(pixels(&out.bytes), before);
}
