//! What the tests share.

use std::path::{Path, PathBuf};
use std::process::Command;

use casebank_case::{FindingCode, PatientInfo, Phi, Severity, StudyInfo};
use casebank_dicom::{Import, ReadVolume, SeriesInfo, read_paths, write_series};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, Silent, Volume, VolumeMeta, Voxels};

/// Reads one path. Whatever is told about it is told in both languages.
pub(crate) fn read(path: &Path) -> Import {
    let import = read_paths(&[path.to_owned()], &Silent).expect("something is DICOM");
    let of_volumes = import.volumes.iter().flat_map(|v| &v.entry.findings);
    for finding in import.findings.iter().chain(of_volumes) {
        says_the_same(&finding.message, &finding.message_zh);
    }
    for rejected in &import.rejected {
        says_the_same(&rejected.reason.en, &rejected.reason.zh);
    }
    import
}

/// Both sentences are there and name the same numbers. What a decoder says of itself is told in English only.
pub(crate) fn says_the_same(en: &str, zh: &str) {
    const DECODER: &str = "the compressed image is damaged: ";
    let en = en.find(DECODER).map_or(en, |at| &en[..at + DECODER.len()]);
    let numbers = |text: &str| {
        let parts = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
        let mut numbers: Vec<f64> = parts.filter_map(|part| part.trim_matches('.').parse().ok()).collect();
        numbers.sort_by(f64::total_cmp);
        numbers
    };
    assert!(zh.chars().any(|c| c >= '\u{4E00}'), "no Chinese: {en} | {zh}");
    assert_eq!(numbers(en), numbers(zh), "{en} | {zh}");
}

/// Codes of a volume.
pub(crate) fn codes(volume: &ReadVolume) -> Vec<FindingCode> {
    volume.entry.findings.iter().map(|f| f.code).collect()
}

/// The message of a severe finding.
pub(crate) fn severe(volume: &ReadVolume, code: FindingCode) -> String {
    let found = volume.entry.findings.iter().find(|f| f.code == code && f.severity == Severity::Severe);
    found.unwrap_or_else(|| panic!("no severe {code}: {:?}", volume.entry.findings)).message.clone()
}

/// An oblique grid with axes turned by `radians` about (0.3, 0.5, 0.8).
pub(crate) fn grid(size: [usize; 3], radians: f64) -> Grid {
    let axis = Vector::<Lps>::new(0.3, 0.5, 0.8);
    let turn = meshing_space::Transform::rotation(axis, radians).expect("an axis");
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let axes = axes.map(|v| turn * v);
    Grid::new(size, Point::new(-10.25, 20.5, -30.125), axes, [0.5, 0.75, 1.25]).expect("a grid")
}

/// A CT volume whose every voxel is different from its neighbours.
pub(crate) fn volume(grid: Grid) -> Volume {
    let values = (0..grid.len()).map(|n| ((n * 7919) % 4096) as i16 - 1024).collect();
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3.4".into() };
    Volume::new(grid, Voxels::I16(values), meta).expect("lengths agree")
}

/// Information for written series.
pub(crate) fn info(seed: &str) -> SeriesInfo {
    SeriesInfo {
        seed: seed.to_owned(),
        patient: Phi::new(PatientInfo {
            name: "Zhang^San=张^三".to_owned(),
            id: "T-1".to_owned(),
            birth_date: "19700101".to_owned(),
            sex: "O".to_owned(),
        }),
        study: StudyInfo { date: Phi::new("20260102".to_owned()), ..StudyInfo::default() },
        time: "101112".to_owned(),
        description: "phantom".to_owned(),
        number: 3,
        body_part: "HEAD".to_owned(),
        manufacturer: "Theatron".to_owned(),
    }
}

/// A written series in its own folder.
pub(crate) fn written(size: [usize; 3]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().expect("a folder");
    let files = write_series(&volume(grid(size, 0.3)), &info("support"), dir.path()).expect("written");
    (dir, files)
}

/// Replaces the value of an explicit little endian element found by tag; the new value must have the same length.
pub(crate) fn patch(bytes: &mut [u8], tag: [u16; 2], change: impl FnOnce(&mut [u8])) {
    let head: Vec<u8> = tag.iter().flat_map(|part| part.to_le_bytes()).collect();
    let at = bytes.windows(4).skip(132).position(|w| w == head).expect("the element is there") + 132;
    let vr = &bytes[at + 4..at + 6];
    let (start, length) = if matches!(vr, b"OW" | b"OB" | b"SQ" | b"UN") {
        (at + 12, u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize)
    } else {
        (at + 8, usize::from(u16::from_le_bytes(bytes[at + 6..at + 8].try_into().unwrap())))
    };
    change(&mut bytes[start..start + length]);
}

/// The errors that `dciodvfy` finds in a file; `None` where it is not installed.
pub(crate) fn dciodvfy(path: &Path) -> Option<Vec<String>> {
    let Ok(output) = Command::new("dciodvfy").arg("-new").arg(path).output() else {
        #[expect(clippy::print_stderr, reason = "a skipped check must be seen")]
        let () = eprintln!("SKIPPED: dciodvfy (Debian package dicom3tools) is not installed");
        return None;
    };
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Some(text.lines().filter(|line| line.starts_with("Error")).map(str::to_owned).collect())
}

/// A cheap generator with a fixed seed (xorshift, Marsaglia 2003).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }

    /// One to eight changes: a byte, a bit, a length-like word, a cut, a doubled or a removed stretch.
    pub(crate) fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.roll(8) {
            let place = self.roll(out.len());
            match self.roll(7) {
                0 => out[place] = self.roll(256) as u8,
                1 => out[place] ^= 1 << self.roll(8),
                2 => {
                    let word = [0, 1, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFF_u32][self.roll(7)];
                    let end = (place + 4).min(out.len());
                    out[place..end].copy_from_slice(&word.to_le_bytes()[..end - place]);
                }
                3 => out.truncate(place.max(1)),
                4 => {
                    let end = (place + self.roll(64)).min(out.len());
                    let copy = out[place..end].to_vec();
                    out.splice(place..place, copy);
                }
                5 => {
                    let end = (place + self.roll(64)).min(out.len());
                    out.drain(place..end);
                    if out.is_empty() {
                        out.push(0);
                    }
                }
                _ => {
                    let other = self.roll(out.len());
                    out.swap(place, other);
                }
            }
        }
        out
    }
}

/// Hands a thousand mutations of a whole object to a reader that says whether it took them; both must happen.
pub(crate) fn thousand_mutations(whole: &[u8], takes: impl Fn(&[u8]) -> bool) {
    let mut dice = Dice(0x5EED_0003);
    let taken = (0..1000).filter(|_| takes(&dice.mutate(whole))).count();
    assert!((20..980).contains(&taken), "{taken} of 1000 taken: the mutations reach both");
}
