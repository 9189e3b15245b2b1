use std::io::{Cursor, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use meshing_volume::Silent;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const SMALL: ZipLimits = ZipLimits {
    entries: 10,
    entry_bytes: 1 << 20,
    total_bytes: 2 << 20,
    ratio: 100,
    ratio_free_bytes: 1 << 19,
};

fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What was left out, or the refusal; and the files that were written.
fn tried(bytes: &[u8]) -> (Result<Vec<RejectedFile>, Fault>, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    let (archive, into) = (place.path().join("scan.zip"), place.path().join("into"));
    std::fs::write(&archive, bytes).unwrap();
    std::fs::create_dir(&into).unwrap();
    let outcome = unpack(&archive, &into, &SMALL, &Silent).map(|unpacked| unpacked.left_out);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2, "nothing beside the folder");
    let mut open = vec![into.clone()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files.push(path.strip_prefix(&into).unwrap().to_string_lossy().into_owned());
        }
    }
    files.sort();
    (outcome, files)
}

fn refusal(bytes: &[u8]) -> String {
    let fault = tried(bytes).0.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Refused, "{fault}");
    assert!(fault.chinese().unwrap().contains("没有读取"), "{fault}");
    fault.to_string()
}

#[test]
fn files_lie_where_the_archive_says() {
    let (left_out, files) =
        tried(&packed(&[("A/one", b"1"), ("B\\two", b"2"), ("./three", b""), ("A/", b"")]));
    assert_eq!(files, ["A/one", "B/two", "three"]);
    assert_eq!(left_out.unwrap().len(), 0);
}

#[test]
fn names_that_lead_out_are_refused_before_anything_is_written() {
    for name in ["../out", "/etc/out", "a/../../out", "..\\out", "C:\\out", "\\out", "a/.."] {
        let bytes = packed(&[("good", b"1"), (name, b"2")]);
        let (outcome, files) = tried(&bytes);
        assert!(outcome.unwrap_err().to_string().contains("outside itself"), "{name}");
        assert!(files.is_empty(), "{name}: {files:?}");
    }
    assert_eq!(inner_path(&"d/".repeat(DEPTH + 1)), None);
    assert_eq!(inner_path(&"n".repeat(NAME_BYTES + 1)), None);
}

#[test]
fn bombs_are_stopped_while_they_grow() {
    let zeros = vec![0_u8; 3 << 20];
    let part = &zeros[..1 << 19];
    let many = packed(&[("1", part), ("2", part), ("3", part)]);
    assert!(refusal(&many).contains("more than 100 times larger"), "two of the three are enough");
    let mut dice = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        dice.to_be_bytes()[0]
    })
    .take((1 << 20) + 1)
    .collect();
    assert!(refusal(&packed(&[("one", &noise)])).contains("beyond 1048576 bytes"));
    let noise = &noise[1..];
    assert!(refusal(&packed(&[("1", noise), ("2", noise), ("3", noise)])).contains("beyond 2097152 bytes"));
    // The size that the archive declares is not what counts: make it say one byte.
    let mut lying = packed(&[("one", &zeros)]);
    let size = (3_u32 << 20).to_le_bytes();
    while let Some(at) = lying.windows(4).position(|bytes| bytes == size) {
        lying[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
    }
    let (outcome, files) = tried(&lying);
    assert!(outcome.is_err() || files.is_empty(), "{outcome:?} {files:?}");
}

#[test]
fn names_that_no_folder_can_hold_together_are_refused() {
    for order in [["a", "a/b"], ["a/b", "a"], ["x/a", "x/a/b/c"]] {
        let bytes = packed(&order.map(|name| (name, b"1".as_slice())));
        assert!(refusal(&bytes).contains("both a file and a folder"), "{order:?}");
        assert!(tried(&bytes).1.is_empty(), "nothing is unpacked");
    }
    for order in [["a/b", "a\\b"], ["a/b", "a//b"]] {
        assert!(
            refusal(&packed(&order.map(|name| (name, b"1".as_slice())))).contains("one name"),
            "{order:?}"
        );
    }
    assert_eq!(tried(&packed(&[("a", b"1"), ("ab/c", b"2")])).1, ["a", "ab/c"]);
}

#[test]
fn too_many_entries_are_refused_before_their_list_is_read() {
    let names: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let bytes = packed(&entries);
    assert!(refusal(&bytes).contains("more than 10 entries"));
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.zip");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(declared_entries(&mut File::open(&path).unwrap(), bytes.len() as u64).unwrap(), 11);
}

#[test]
fn archives_within_and_links_are_named_and_left_out() {
    let inner = packed(&[("deep", b"1")]);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("IM/more.zip", SimpleFileOptions::default()).unwrap();
    zip.write_all(&inner).unwrap();
    zip.add_symlink("IM/link", "/etc/hostname", SimpleFileOptions::default()).unwrap();
    zip.start_file("IM/good", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"1").unwrap();
    let (left_out, files) = tried(&zip.finish().unwrap().into_inner());
    assert_eq!(files, ["IM/good"]);
    let left_out = left_out.unwrap();
    assert!(left_out[0].path.ends_with("scan.zip/IM/link") && left_out[0].reason.contains("link"));
    assert!(left_out[1].path.ends_with("scan.zip/IM/more.zip"), "{left_out:?}");
    assert!(
        left_out[1].reason.contains("archive within the archive") && left_out[1].reason_zh.contains("压缩包")
    );
}

#[test]
fn encrypted_overlapping_and_damaged_archives_are_refused() {
    let good = packed(&[("one", b"some text that is stored"), ("two", b"some other text")]);
    // The flag of encryption in the local header and in the central directory.
    let mut encrypted = good.clone();
    for (mark, at) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        for start in 0..encrypted.len() - 4 {
            if encrypted[start..].starts_with(mark) {
                encrypted[start + at] |= 1;
            }
        }
    }
    assert!(refusal(&encrypted).contains("is encrypted"));
    // The second entry of the central directory points at the first one's bytes.
    let mut overlapping = good.clone();
    let second = overlapping.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    overlapping[second + 42..second + 46].fill(0);
    assert!(refusal(&overlapping).contains("not read"));
    assert!(refusal(&good[..good.len() / 2]).contains("damaged"));
    // Changed content fails its check sum: it is named and no part of it stays.
    let mut changed = packed(&[("one", &[7; 400])]);
    changed[33] ^= 0x55;
    let (outcome, files) = tried(&changed);
    assert!(files.is_empty() && outcome.map_or(true, |left| left[0].reason.contains("damaged")));
}

#[test]
fn a_thousand_mutations_never_write_outside_or_panic() {
    let whole = packed(&[("A/one", &[1; 900]), ("B/two", b"2"), ("three", &[3; 5000])]);
    let mut dice = 0x5EED_0003_u64;
    let mut roll = |below: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as usize % below
    };
    let mut taken = 0;
    for _ in 0..1000 {
        let mut bytes = whole.clone();
        for _ in 0..=roll(6) {
            let place = roll(bytes.len());
            bytes[place] = roll(256) as u8;
        }
        taken += usize::from(tried(&bytes).0.is_ok());
    }
    assert!((20..980).contains(&taken), "{taken} of 1000 taken");
}

#[test]
fn a_person_can_stop_it() {
    struct Once(AtomicUsize);
    impl Progress for Once {
        fn report(&self, _fraction: f32) {}
        fn cancelled(&self) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed) > 1
        }
    }
    let place = tempfile::tempdir().unwrap();
    let (archive, into) = (place.path().join("scan.zip"), place.path().join("into"));
    std::fs::write(&archive, packed(&[("one", b"1"), ("two", b"2"), ("three", b"3")])).unwrap();
    let stopped = unpack(&archive, &into, &SMALL, &Once(AtomicUsize::new(0))).unwrap_err();
    assert_eq!(stopped.kind, FaultKind::Usage);
    assert!(!into.join("three").exists());
}
