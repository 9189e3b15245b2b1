//! The table of contents of a medium, DICOMDIR (PS3.3 annex F): which files it promises, and which of them are there.
//!
//! Records are told apart while the guard walks over the bytes; no parser sees them. A file is named relative to the
//! folder of the DICOMDIR, in capitals on the medium and in any letters once it was copied (PS3.10 section 8).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use crate::files::read_bounded;
use crate::prescan::{Limits, Seen, scan_heard};

/// Largest DICOMDIR that is read; one of 200,000 images has some 60 MiB.
const BYTES: u64 = 256 << 20;
/// Parts of a file name (PS3.10 section 8.2 allows 8).
const PARTS: usize = 16;

/// A file that the directory lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Where it is, or should be.
    pub(crate) path: PathBuf,
    /// Whether it is there.
    pub(crate) there: bool,
    /// Series Instance UID of the series it is listed under; empty where that cannot be told.
    pub(crate) series_uid: String,
    /// Instance Number (0020,0013) of its record.
    pub(crate) instance_number: Option<i64>,
}

/// One record, as far as it matters.
#[derive(Debug, Default)]
struct Record {
    offset: u64,
    next: u64,
    lower: u64,
    file: String,
    series_uid: String,
    instance_number: Option<i64>,
}

/// Whether a path that somebody gave may be a directory: by its name, or because it stands alone.
pub(crate) fn may_be(path: &Path, alone: bool) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_uppercase()).unwrap_or_default();
    (alone || name.starts_with("DICOMDIR")) && path.is_file()
}

/// The files that a directory lists, each once, in the order of its records; `None` where `path` is no directory that can
/// be read.
pub(crate) fn read(path: &Path, limits: &Limits) -> Option<Vec<Listed>> {
    let bytes = read_bounded(path, BYTES).ok()??;
    let records = records(&bytes, limits)?;
    let series = series_of(&records);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut listings = HashMap::new();
    let mut seen = HashSet::new();
    let listed = records.iter().filter_map(|record| {
        let parts = parts(&record.file)?;
        let found = find(folder, &parts, &mut listings);
        let there = found.is_some();
        let path =
            found.unwrap_or_else(|| parts.iter().fold(folder.to_owned(), |path, part| path.join(part)));
        seen.insert(path.clone()).then(|| Listed {
            path,
            there,
            series_uid: series.get(&record.offset).copied().unwrap_or_default().to_owned(),
            instance_number: record.instance_number,
        })
    });
    Some(listed.collect())
}

/// The records of a directory, in the order in which they are written.
fn records(bytes: &[u8], limits: &Limits) -> Option<Vec<Record>> {
    const WANTED: [Tag; 5] = [
        tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
        tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
        tags::REFERENCED_FILE_ID,
        tags::SERIES_INSTANCE_UID,
        tags::INSTANCE_NUMBER,
    ];
    let mut values = Vec::new();
    let (scan, outcome) = scan_heard(bytes, limits, &mut |seen| {
        if let Seen::Element { tag, value, depth: 1, .. } = seen
            && WANTED.contains(&tag)
        {
            values.push((tag, value));
        }
    })
    .ok()?;
    if scan.media_class != uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
        return None;
    }
    // A directory that ends too early still promises what stands before its end.
    drop(outcome);
    let big = scan.encoding.big_endian;
    let mut records: Vec<Record> = Vec::new();
    for (tag, range) in values {
        let start = range.start;
        let Some(value) = scan.data().get(range) else { continue };
        let number = || {
            let bytes = value.first_chunk::<4>().copied().unwrap_or_default();
            u64::from(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
        };
        let text = || String::from_utf8_lossy(value).trim_matches(['\0', ' ']).to_owned();
        if tag == tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD {
            // The first element of every record; its head and that of the item take eight bytes each.
            let offset = (start as u64).saturating_sub(16);
            records.push(Record { offset, next: number(), ..Record::default() });
            continue;
        }
        let Some(record) = records.last_mut() else { continue };
        match tag {
            tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY => record.lower = number(),
            tags::REFERENCED_FILE_ID => record.file = text(),
            tags::SERIES_INSTANCE_UID => record.series_uid = text(),
            _ => record.instance_number = text().parse().ok(),
        }
    }
    Some(records)
}

/// The series of each record below one, by offset: records may be written in any order (F.3.2.2).
fn series_of(records: &[Record]) -> BTreeMap<u64, &str> {
    let by_offset: BTreeMap<u64, &Record> = records.iter().map(|record| (record.offset, record)).collect();
    let mut series = BTreeMap::new();
    for parent in records.iter().filter(|record| !record.series_uid.is_empty()) {
        let mut at = parent.lower;
        // Each record belongs to one series: so a loop ends.
        while let Some(child) = by_offset.get(&at).filter(|_| !series.contains_key(&at)) {
            series.insert(at, parent.series_uid.as_str());
            at = child.next;
        }
    }
    series
}

/// The parts of a File ID; `None` where it names nothing, or leads out of the folder.
fn parts(file: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = file.split('\\').map(str::trim).collect();
    let plain = |part: &&str| {
        !part.is_empty()
            && *part != "."
            && *part != ".."
            && !part.contains(['/', '\0', ':'])
            && part.len() <= 64
    };
    (parts.len() <= PARTS && parts.iter().all(plain)).then_some(parts)
}

/// The file that the parts mean, in whatever letters it lies there, and with the version that some discs show.
fn find(
    folder: &Path,
    parts: &[&str],
    listings: &mut HashMap<PathBuf, HashMap<String, OsString>>,
) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for part in parts {
        let listing = listings.entry(path.clone()).or_insert_with(|| listing(&path));
        path = path.join(listing.get(&plain_name(part))?);
    }
    path.is_file().then_some(path)
}

fn listing(folder: &Path) -> HashMap<String, OsString> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (plain_name(&entry.file_name().to_string_lossy()), entry.file_name())).collect()
}

/// A name in capitals, without the version number of ISO 9660 (`IM1.;1`).
fn plain_name(name: &str) -> String {
    let name = name.split_once(';').map_or(name, |(name, _version)| name);
    name.trim_end_matches('.').to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        assert_eq!(parts("A\\B\\IM1"), Some(vec!["A", "B", "IM1"]));
        for hostile in ["..\\x", "A\\..\\..\\x", "/etc/x", "A\\/x", "", "A\\\\B", "C:\\x", "A\\."] {
            assert_eq!(parts(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn names_match_in_any_letters_and_with_a_version() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("dicom")).unwrap();
        std::fs::write(dir.path().join("dicom/im000001.;1"), "x").unwrap();
        let mut listings = HashMap::new();
        let found = find(dir.path(), &["DICOM", "IM000001"], &mut listings);
        assert_eq!(found, Some(dir.path().join("dicom/im000001.;1")));
        assert_eq!(find(dir.path(), &["DICOM", "IM000002"], &mut listings), None);
        assert_eq!(find(dir.path(), &["DICOM"], &mut listings), None, "a folder is no file");
    }

    #[test]
    fn a_loop_of_records_ends() {
        let record = |offset, next, lower, series_uid: &str| Record {
            offset,
            next,
            lower,
            series_uid: series_uid.to_owned(),
            ..Record::default()
        };
        let records =
            [record(8, 0, 16, "1.2"), record(16, 24, 0, ""), record(24, 16, 8, ""), record(32, 0, 16, "1.3")];
        let series = series_of(&records);
        assert_eq!(series, BTreeMap::from([(16, "1.2"), (24, "1.2")]));
    }
}
