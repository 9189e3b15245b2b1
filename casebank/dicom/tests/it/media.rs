//! Media with a table of contents (DICOMDIR): generated ones with records in any order, and those of pydicom.

use std::path::{Path, PathBuf};

use casebank_case::{FindingCode, Severity};
use casebank_dicom::{ImportError, read_paths, write_series};
use dicom_dictionary_std::uids;
use meshing_volume::Silent;
use tools_peers::data::archive;

use crate::support::{codes, grid, info, read, severe, thousand_mutations, volume, written};

const SLICES: usize = 6;

fn element(group: u16, element: u16, vr: [u8; 2], value: &[u8], out: &mut Vec<u8>) {
    out.extend(group.to_le_bytes());
    out.extend(element.to_le_bytes());
    out.extend(vr);
    let length = value.len() + value.len() % 2;
    if matches!(&vr, b"OB" | b"SQ") {
        out.extend([0, 0]);
        out.extend((length as u32).to_le_bytes());
    } else {
        out.extend((length as u16).to_le_bytes());
    }
    out.extend(value);
    out.resize(out.len() + value.len() % 2, if &vr == b"UI" { 0 } else { b' ' });
}

/// A record: its kind, the texts beside the offsets, the records next to it and below it, by number from 1.
struct Record {
    kind: &'static str,
    file: String,
    series: String,
    number: usize,
    next: usize,
    lower: usize,
}

fn record(record: &Record, offsets: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    let offset = |number: usize| offsets.get(number).copied().unwrap_or(0).to_le_bytes();
    element(0x0004, 0x1400, *b"UL", &offset(record.next), &mut out);
    element(0x0004, 0x1410, *b"US", &0xFFFF_u16.to_le_bytes(), &mut out);
    element(0x0004, 0x1420, *b"UL", &offset(record.lower), &mut out);
    element(0x0004, 0x1430, *b"CS", record.kind.as_bytes(), &mut out);
    if !record.file.is_empty() {
        element(0x0004, 0x1500, *b"CS", record.file.as_bytes(), &mut out);
    }
    if !record.series.is_empty() {
        element(0x0020, 0x000E, *b"UI", record.series.as_bytes(), &mut out);
    }
    if record.number > 0 {
        element(0x0020, 0x0013, *b"IS", record.number.to_string().as_bytes(), &mut out);
    }
    out
}

/// The bytes of a DICOMDIR whose records stand in the order of `order` (numbers from 1).
fn directory(records: &[Record], order: &[usize]) -> Vec<u8> {
    let mut meta = Vec::new();
    element(0x0002, 0x0001, *b"OB", &[0, 1], &mut meta);
    element(0x0002, 0x0002, *b"UI", uids::MEDIA_STORAGE_DIRECTORY_STORAGE.as_bytes(), &mut meta);
    element(0x0002, 0x0003, *b"UI", b"1.2.3.99", &mut meta);
    element(0x0002, 0x0010, *b"UI", uids::EXPLICIT_VR_LITTLE_ENDIAN.as_bytes(), &mut meta);
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    element(0x0002, 0x0000, *b"UL", &(meta.len() as u32).to_le_bytes(), &mut out);
    out.extend(meta);
    element(0x0004, 0x1130, *b"CS", b"TEST", &mut out);
    let start = out.len() + 12;
    let mut offsets = vec![0; records.len() + 1];
    let mut at = start as u32;
    for &number in order {
        offsets[number] = at;
        at += 8 + record(&records[number - 1], &[]).len() as u32;
    }
    let mut items = Vec::new();
    for &number in order {
        let bytes = record(&records[number - 1], &offsets);
        items.extend([0xFE, 0xFF, 0x00, 0xE0]);
        items.extend((bytes.len() as u32).to_le_bytes());
        items.extend(bytes);
    }
    element(0x0004, 0x1220, *b"SQ", &items, &mut out);
    out
}

/// A medium with one series below `DICOM`, named in small letters, and its table of contents.
fn medium() -> (tempfile::TempDir, Vec<PathBuf>, Vec<Record>) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("dicom");
    let files = write_series(&volume(grid([7, 6, SLICES], 0.3)), &info("medium"), &folder).unwrap();
    let image = |kind, file: String, series: &str, number, next, lower| Record {
        kind,
        file,
        series: series.to_owned(),
        number,
        next,
        lower,
    };
    let mut records = vec![
        image("PATIENT", String::new(), "", 0, 0, 2),
        image("STUDY", String::new(), "", 0, 0, 3),
        image("SERIES", String::new(), &info("medium").series_uid(), 0, 0, 4),
    ];
    let mut paths = Vec::new();
    for (k, file) in files.into_iter().enumerate() {
        let name = format!("im{k}");
        std::fs::rename(file, folder.join(&name)).unwrap();
        paths.push(folder.join(name));
        let next = if k + 1 < SLICES { 5 + k } else { 0 };
        records.push(image("IMAGE", format!("DICOM\\IM{k}"), "", k + 1, next, 0));
    }
    (dir, paths, records)
}

fn save(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("DICOMDIR");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_table_of_contents_stands_for_its_files() {
    let (dir, _, records) = medium();
    let backwards: Vec<usize> = (1..=records.len()).rev().collect();
    let path = save(dir.path(), &directory(&records, &backwards));
    for given in [path.as_path(), dir.path()] {
        let import = read(given);
        assert_eq!(import.volumes[0].entry.size, [7, 6, SLICES], "{given:?}");
        assert_eq!((import.volumes.len(), import.other.len(), import.rejected.len()), (1, 1, 0));
        assert!(
            import.findings.is_empty() && !codes(&import.volumes[0]).contains(&FindingCode::MissingSlice)
        );
        assert!(import.other[0].what.en.contains("DICOMDIR"));
    }
    // Files that it does not list are not read by it.
    let (other, _) = written([7, 6, 3]);
    std::fs::rename(other.path().join("slice_00001.dcm"), dir.path().join("stray")).unwrap();
    assert_eq!(read(&path).volumes.len(), 1);
    assert_eq!(read(dir.path()).volumes.len(), 2);
}

#[test]
fn what_is_listed_and_missing_is_missing_from_its_series() {
    for (lost, order) in [(0, [1, 2, 3, 4, 5, 6, 7, 8, 9]), (3, [9, 4, 3, 2, 1, 5, 8, 7, 6])] {
        let (dir, files, records) = medium();
        std::fs::remove_file(&files[lost]).unwrap();
        let path = save(dir.path(), &directory(&records, &order));
        for given in [path.as_path(), dir.path()] {
            let import = read(given);
            let message = severe(&import.volumes[0], FindingCode::MissingSlice);
            let all = &import.volumes[0].entry.findings;
            let told = all.iter().any(|f| {
                f.severity == Severity::Severe && f.message.contains(&format!("instance {}", lost + 1))
            });
            assert!(told, "{message}");
            assert_eq!(import.findings[0].message, "1 of the 6 files that the DICOMDIR lists are not there");
            assert!(import.rejected[0].path.ends_with(format!("DICOM/IM{lost}")), "{:?}", import.rejected);
        }
    }
}

#[test]
fn a_medium_without_its_images_is_told() {
    let (dir, _, records) = medium();
    std::fs::remove_dir_all(dir.path().join("dicom")).unwrap();
    let order: Vec<usize> = (1..=records.len()).collect();
    let import = read(&save(dir.path(), &directory(&records, &order)));
    assert!(import.volumes.is_empty());
    assert_eq!(import.rejected.len(), SLICES);
}

#[test]
fn a_hostile_table_of_contents_leads_nowhere() {
    let (dir, _, mut records) = medium();
    let outside = dir.path().join("outside");
    std::fs::write(&outside, "secret").unwrap();
    let inner = dir.path().join("medium");
    std::fs::create_dir(&inner).unwrap();
    for (record, file) in
        records.iter_mut().skip(3).zip(["..\\OUTSIDE", "/etc/hostname", "A\\..\\..\\OUTSIDE"])
    {
        record.file = file.to_owned();
    }
    records.truncate(6);
    records[5].next = 4;
    records[2].lower = 4;
    let order: Vec<usize> = (1..=records.len()).collect();
    let whole = directory(&records, &order);
    let import = read(&save(&inner, &whole));
    assert_eq!((import.volumes.len(), import.rejected.len()), (0, 0), "nothing outside is even looked for");
    thousand_mutations(&whole, |bytes| {
        let path = save(&inner, bytes);
        match read_paths(&[path], &Silent) {
            Ok(import) => import.volumes.is_empty() && !import.other.is_empty(),
            Err(ImportError::NoDicom { .. } | ImportError::NoFiles { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    });
}

#[test]
fn media_of_pydicom() {
    let Some(dir) = archive("dicom_oddities") else { return };
    let media = dir.join("pydicom/test_files/dicomdirtests");
    let tiny = read(&media.join("TINY_ALPHA/DICOMDIR"));
    assert_eq!(tiny.rejected.len(), 0, "all 50 images are there: {:?}", tiny.rejected);
    // Records in order, in another order and in other encodings: always the same 31 images.
    for name in ["DICOMDIR", "DICOMDIR-reordered", "DICOMDIR-bigEnd", "DICOMDIR-implicit"] {
        let import = read(&media.join(name));
        assert_eq!(import.rejected.len(), 0, "{name}: {:?}", import.rejected);
        let objects: usize = import.volumes.iter().map(|v| v.files.len()).sum();
        assert_eq!(objects + import.other.len(), 31 + 1, "{name}");
    }
}
