//! Mutated and hostile files: an answer or a refusal, never a panic, never memory for what is not there.

use meshing_volume::formats::{Format, FormatError, Limits, open};
use meshing_volume::{Silent, VolumeMeta};

use crate::made::{Nifti, Placed, SIZE, gzip, joined, meta_lines, nrrd, nrrd_lines, shorts};
use crate::refusal;

/// Small numbers that repeat from run to run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % most as u64) as usize
    }
}

/// Bytes that texts and numbers of headers are made of, and extremes.
const SPICE: &[u8] = b"0123456789-.eE (),:=#%nNaif\n\0\xff\x7f\x80\x01";

fn mutated(original: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len().max(1));
        match dice.below(6) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] = dice.below(256) as u8,
            2 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            3 => bytes.insert(at, SPICE[dice.below(SPICE.len())]),
            4 if !bytes.is_empty() => bytes[at] = SPICE[dice.below(SPICE.len())],
            _ => {
                let end = (at + dice.below(40)).min(bytes.len());
                let part = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

fn try_all(format: Format, bytes: &[u8]) -> Result<(), FormatError> {
    let limits = Limits { volume_bytes: 1 << 20 };
    let opened = || {
        let found = open(format, bytes, bytes.len() as u64, limits)?;
        // A header that was mutated into a detached one gets some bytes.
        Ok::<_, FormatError>(if found.detached().is_some() {
            found.attach(bytes, bytes.len() as u64)
        } else {
            found
        })
    };
    opened()?.volumes(&VolumeMeta::default(), &Silent)?;
    opened()?.labels(&Silent)?;
    Ok(())
}

#[test]
fn four_thousand_mutations_of_each_format_end_in_an_answer() {
    let place = Placed::all()[17];
    let nifti = Nifti::new(SIZE, shorts()).sformed(&place);
    let mut nifti2 = nifti.clone();
    nifti2.v2 = true;
    let files = [
        (Format::Nifti, nifti.bytes()),
        (Format::Nifti, nifti2.bytes()),
        (Format::Nifti, gzip(&nifti.bytes())),
        (Format::Nrrd, nrrd(&nrrd_lines(&place), &shorts())),
        (Format::Nrrd, nrrd(&nrrd_lines(&place).replace("raw", "gzip"), &gzip(&shorts()))),
        (Format::MetaImage, joined(&meta_lines(&place), &shorts())),
    ];
    for (number, (format, original)) in files.iter().enumerate() {
        let mut dice = Dice(number as u64);
        let mut read = 0;
        for _ in 0..4000 {
            let bytes = mutated(original, &mut dice);
            read += usize::from(try_all(*format, &bytes).is_ok());
        }
        assert!(read > 20 && read < 3800, "{format:?}: {read} of 4000 were still readable");
    }
}

#[test]
fn noise_and_empty_files_are_refused() {
    let mut dice = Dice(7);
    for format in [Format::Nifti, Format::Nrrd, Format::MetaImage] {
        for length in 0..400 {
            let bytes: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
            assert!(try_all(format, &bytes).is_err());
        }
    }
}

/// A gzip that unpacks to far less than it declares is refused before memory is taken; one that could, stops where its
/// declared size is reached.
#[test]
fn a_bomb_is_bounded_by_what_it_declares() {
    let place = Placed::all()[0];
    let mut file = Nifti::new([2000, 2000, 500], Vec::new()).sformed(&place);
    let short = gzip(&file.bytes());
    let said = refusal(crate::frames(Format::Nifti, &short));
    assert!(said.contains("declares 4000000000 bytes") && said.contains("at most"), "{said}");
    // 64 MiB of zeros behind a header of 24 voxels: read as 24 voxels.
    file = Nifti::new(SIZE, vec![0; 64 << 20]).sformed(&place);
    let frame = crate::one(Format::Nifti, &gzip(&file.bytes()));
    assert_eq!(frame.content.grid().len(), 24);
}

#[test]
fn endless_headers_are_refused() {
    let long = [b"NRRD0004\ncontent: ".as_slice(), &vec![b'x'; 3 << 20]].concat();
    assert!(refusal(crate::frames(Format::Nrrd, &long)).contains("longer"));
    let many = [b"NRRD0004\n".as_slice(), &b"# nothing\n".repeat(600_000)].concat();
    assert!(refusal(crate::frames(Format::Nrrd, &many)).contains("longer"));
    let many = b"Comment = a\n".repeat(100_000);
    assert!(refusal(crate::frames(Format::MetaImage, &many)).contains("longer"));
}
