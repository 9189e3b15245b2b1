//! Dumps: the same elements as DCMTK prints, bounded, shown up to the damage, with nothing that a terminal obeys.

use std::path::{Path, PathBuf};

use casebank_dicom::objects::{gsps, tid1500};
use casebank_dicom::{DumpLimits, Part, dump};
use tools_peers::data::archive;

use crate::reports::dcmtk;
use crate::samples::{made, presentation, report};
use crate::support::thousand_mutations;
use crate::support::{info, written};

/// Tag, representation and depth of each element that `dcmdump` prints. `None` where it is not installed.
fn of_dcmtk(path: &Path) -> Option<Vec<(String, String, usize)>> {
    let out = dcmtk("dcmdump", &["+L", "-q"], path)?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let lines = text.lines().filter_map(|line| {
        let inner = line.trim_start_matches(' ');
        let depth = (line.len() - inner.len()) / 4;
        let tag = inner.strip_prefix('(')?.get(..9)?;
        let vr = inner.get(12..14)?;
        (!tag.starts_with("fffe")).then(|| (tag.to_owned(), vr.to_owned(), depth))
    });
    Some(lines.collect())
}

fn of_ours(bytes: &[u8]) -> Vec<(String, String, usize)> {
    let dump = dump(bytes, &DumpLimits::default()).unwrap();
    assert_eq!((dump.damage, dump.left_out), (None, 0));
    let lines = dump.lines.iter().filter_map(|line| match &line.part {
        Part::Element { tag, vr, .. } => {
            Some((format!("{:04x},{:04x}", tag.0, tag.1), vr.clone(), line.depth))
        }
        _ => None,
    });
    lines.collect()
}

/// Objects of ours, and of the shared archives where they are.
fn files(dir: &Path) -> Vec<PathBuf> {
    let ours = [
        ("report.dcm", tid1500::write(&report(), &info("report"), &made()).unwrap()),
        ("state.dcm", gsps::write(&presentation(), &info("gsps"), &made()).unwrap()),
    ];
    let mut files = Vec::new();
    for (name, bytes) in ours {
        std::fs::write(dir.join(name), bytes).unwrap();
        files.push(dir.join(name));
    }
    if let Some(dir) = archive("dicom_oddities") {
        let inner = dir.join("dicom_oddities");
        let dir = if inner.is_dir() { inner } else { dir };
        for name in ["sr-example/sr.dcm", "sr-example/seg.dcm", "segmentations/partial_overlaps.dcm"] {
            files.push(dir.join("dcmqi").join(name));
        }
        for name in [
            "MR_small_RLE.dcm",
            "image_dfl.dcm",
            "rtplan.dcm",
            "nested_priv_SQ.dcm",
            "MR_small_bigendian.dcm",
        ] {
            files.push(dir.join("pydicom/test_files").join(name));
        }
    }
    files
}

#[test]
fn dcmtk_prints_the_same_elements() {
    let dir = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for path in files(dir.path()) {
        let bytes = std::fs::read(&path).unwrap();
        let (Some(theirs), ours) = (of_dcmtk(&path), of_ours(&bytes)) else { return };
        assert!(theirs.len() > 8, "{}: {}", path.display(), theirs.len());
        for (theirs, ours) in theirs.iter().zip(&ours) {
            let same_vr = theirs.1 == ours.1 || ["??", "UN"].contains(&theirs.1.as_str()) || ours.1 == "UN";
            assert!(
                theirs.0 == ours.0 && theirs.2 == ours.2 && same_vr,
                "{theirs:?} {ours:?} {}",
                path.display()
            );
        }
        assert_eq!(theirs.len(), ours.len(), "{}", path.display());
        compared += theirs.len();
    }
    println!("{compared} elements compared");
}

/// The value of the first line with this keyword.
fn value(bytes: &[u8], wanted: &str) -> (String, bool) {
    let dump = dump(bytes, &DumpLimits::default()).unwrap();
    let found = dump.lines.into_iter().find_map(|line| match line.part {
        Part::Element { keyword, value, cut, .. } if keyword == wanted => Some((value.into_exposed(), cut)),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn values_are_read_cut_and_harmless() {
    let (_dir, files) = written([8, 8, 2]);
    let bytes = std::fs::read(&files[0]).unwrap();
    assert_eq!(value(&bytes, "PatientName"), ("Zhang^San=张^三".to_owned(), false));
    assert_eq!(value(&bytes, "Rows"), ("8".to_owned(), false));
    assert_eq!(value(&bytes, "PixelSpacing"), ("0.75\\0.5".to_owned(), false));
    let (pixels, cut) = value(&bytes, "PixelData");
    assert!(cut && pixels.len() < 140, "{pixels}");
    assert!(
        !format!("{:?}", dump(&bytes, &DumpLimits::default())).contains("Zhang"),
        "names stay out of logs"
    );
    let at = bytes.windows(7).position(|w| w == b"phantom").unwrap();
    let mut steering = bytes.clone();
    steering[at..at + 7].copy_from_slice(b"\x1b[2J\x07ok");
    assert_eq!(value(&steering, "SeriesDescription").0, "·[2J·ok");
    // A cut file is shown up to the cut.
    let cut = dump(&bytes[..bytes.len() - 10], &DumpLimits::default()).unwrap();
    assert!(cut.lines.len() > 30 && cut.damage.unwrap().is_truncation());
    let mut few = DumpLimits::default();
    few.lines = 5;
    let few = dump(&bytes, &few).unwrap();
    assert_eq!(few.lines.len() as u64 + few.left_out, of_ours(&bytes).len() as u64);
    assert!(dump(b"hello", &DumpLimits::default()).is_err());
}

#[test]
fn private_elements_name_their_owner() {
    let Some(dir) = archive("dicom_oddities") else { return };
    let inner = dir.join("dicom_oddities");
    let dir = if inner.is_dir() { inner } else { dir };
    let bytes = std::fs::read(dir.join("pydicom/test_files/nested_priv_SQ.dcm")).unwrap();
    let dump = dump(&bytes, &DumpLimits::default()).unwrap();
    let owned = dump.lines.iter().filter(|line| {
        matches!(&line.part, Part::Element { keyword, tag, .. } if keyword.starts_with('[') && tag.0 % 2 == 1)
    });
    assert!(owned.count() > 0, "{:?}", dump.lines);
}

#[test]
fn mutated_objects_are_dumped_or_refused() {
    let file = tid1500::write(&report(), &info("report"), &made()).unwrap();
    thousand_mutations(&file, |bytes| {
        dump(bytes, &DumpLimits::default()).is_ok_and(|dump| dump.damage.is_none())
    });
}
