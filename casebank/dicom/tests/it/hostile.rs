//! Broken and hostile files: each ends in a reason, with bounded memory and no panic.

use std::path::{Path, PathBuf};
use std::process::Command;

use casebank_dicom::{ImportError, read_paths};
use meshing_volume::Silent;
use tools_peers::data::archive;

use crate::support::{Dice, patch, read, says_the_same, written};

/// One small valid slice.
fn slice() -> Vec<u8> {
    let (_dir, files) = written([8, 8, 2]);
    std::fs::read(&files[0]).unwrap()
}

/// Reads the bytes as the only file of a folder; the reasons of all refusals.
fn outcome(bytes: &[u8]) -> Result<usize, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.dcm");
    std::fs::write(&path, bytes).unwrap();
    match read_paths(&[path], &Silent) {
        Ok(import) if import.rejected.is_empty() => Ok(import.volumes.len()),
        Ok(import) => told(&import.rejected[0]),
        Err(ImportError::NoDicom { reasons, .. }) => told(&reasons[0]),
        Err(other) => panic!("{other}"),
    }
}

/// The reason of a refusal, which is told in both languages.
fn told(rejected: &casebank_dicom::Rejected) -> Result<usize, String> {
    says_the_same(&rejected.reason.en, &rejected.reason.zh);
    Err(rejected.reason.to_string())
}

/// Where an explicit element starts.
fn at(bytes: &[u8], tag: [u16; 2]) -> usize {
    let head: Vec<u8> = tag.iter().flat_map(|part| part.to_le_bytes()).collect();
    bytes.windows(4).skip(132).position(|w| w == head).unwrap() + 132
}

#[test]
fn truncated_files_say_so() {
    let whole = slice();
    assert_eq!(outcome(&whole), Ok(1));
    let pixels = at(&whole, [0x7FE0, 0x0010]);
    for keep in [400, whole.len() / 2, whole.len() - 2, 140, 200, pixels + 3, pixels + 11] {
        let reason = outcome(&whole[..keep]).unwrap_err();
        assert!(reason.contains("truncated"), "{keep}: {reason}");
    }
    // Inside a sequence of undefined length.
    let mut cut = whole[..pixels].to_vec();
    cut.extend([
        0x08, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF,
        0xFF,
    ]);
    assert!(outcome(&cut).unwrap_err().contains("truncated"));
}

#[test]
fn wrong_lengths_are_named() {
    let whole = slice();
    let pixels = at(&whole, [0x7FE0, 0x0010]);
    for length in [0xFFFF_FFFE_u32, whole.len() as u32 + (1 << 30)] {
        let mut bytes = whole.clone();
        bytes[pixels + 8..pixels + 12].copy_from_slice(&length.to_le_bytes());
        assert!(outcome(&bytes).unwrap_err().contains("truncated"), "{length}");
    }
    let mut odd = whole.clone();
    odd[pixels + 8..pixels + 12].copy_from_slice(&127_u32.to_le_bytes());
    assert!(outcome(&odd).unwrap_err().contains("need 128 bytes"));
    let mut rows = whole.clone();
    patch(&mut rows, [0x0028, 0x0010], |v| v.copy_from_slice(&9_u16.to_le_bytes()));
    assert!(outcome(&rows).unwrap_err().contains("need 144 bytes"));
    for off in [-2_i32, 2] {
        let mut meta = whole.clone();
        patch(&mut meta, [0x0002, 0x0000], |v| {
            let length = i32::from_le_bytes(v.try_into().unwrap()) + off;
            v.copy_from_slice(&length.to_le_bytes());
        });
        assert_eq!(outcome(&meta), Ok(1), "the group ends where it ends, not where it says");
    }
}

#[test]
fn what_is_not_dicom_says_so() {
    let mut noise = vec![0; 128];
    noise.extend(b"DICM");
    noise.extend((0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8));
    assert!(outcome(&noise).is_err());
    let others: [&[u8]; 5] =
        [b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"hello", b"%PDF-1.4\n%....", b"solid x\n"];
    for other in others {
        let reason = outcome(other).unwrap_err();
        assert!(reason.contains("not DICOM") || reason.contains("empty"), "{reason}");
    }
    let (dir, _files) = written([4, 4, 3]);
    std::fs::create_dir(dir.path().join("folder.dcm")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path(), dir.path().join("folder.dcm/loop")).unwrap();
    std::fs::write(dir.path().join("note.txt"), "text").unwrap();
    let import = read(dir.path());
    assert_eq!((import.volumes.len(), import.rejected.len()), (1, 1));
}

#[test]
fn mutated_compressed_slices_never_end_the_process() {
    let Some(dir) = archive("dicom_oddities") else { return };
    let inner = dir.join("dicom_oddities");
    let dir = if inner.is_dir() { inner } else { dir }.join("pydicom/test_files");
    let mut dice = Dice(0x5EED_0002);
    for name in
        ["MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "image_dfl.dcm"]
    {
        let whole = std::fs::read(dir.join(name)).unwrap();
        for _ in 0..150 {
            drop(outcome(&dice.mutate(&whole)));
        }
    }
}

/// Not a test of its own: [`in_a_child`] starts the test binary again with this one test, and reads the peak memory.
#[test]
fn child_reads_one_path() {
    let Some(path) = std::env::var_os("CASEBANK_DICOM_CHILD") else { return };
    let reason = match read_paths(&[PathBuf::from(path)], &Silent) {
        Ok(import) => import.rejected.first().map_or_else(|| "read".to_owned(), |r| r.reason.to_string()),
        Err(error) => error.to_string(),
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB").trim().to_owned();
    println!("CHILD\t{peak}\t{reason}");
}

/// Reads `path` in a process of its own: the reason of refusal and the peak memory in MiB.
fn in_a_child(path: &Path) -> (String, u64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["hostile::child_reads_one_path", "--exact", "--nocapture"])
        .env("CASEBANK_DICOM_CHILD", path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "the process ended: {text} {}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.split_once("CHILD\t")).expect("the child answers").1;
    let (peak, reason) = line.split_once('\t').unwrap();
    let kib: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    (reason.to_owned(), kib / 1024)
}

fn element(tag: [u16; 2], vr: [u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = tag.iter().flat_map(|part| part.to_le_bytes()).collect();
    out.extend(vr);
    if matches!(&vr, b"OW" | b"OB") {
        out.extend([0, 0]);
        out.extend((value.len() as u32).to_le_bytes());
    } else {
        out.extend((value.len() as u16).to_le_bytes());
    }
    out.extend(value);
    out
}

/// A CT slice of the given transfer syntax that claims `side` rows and columns, with these bytes from the pixel data on.
fn bomb(syntax: &str, side: u16, frames: &str, bits: u16, rest: &[u8]) -> Vec<u8> {
    let mut padded = syntax.to_owned();
    if padded.len() % 2 == 1 {
        padded.push('\0');
    }
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    out.extend(element([2, 0x10], *b"UI", padded.as_bytes()));
    out.extend(element([8, 0x16], *b"UI", b"1.2.840.10008.5.1.4.1.1.2\0"));
    out.extend(element([8, 0x60], *b"CS", b"CT"));
    out.extend(element([0x20, 0x32], *b"DS", b"0\\0\\0 "));
    out.extend(element([0x20, 0x37], *b"DS", b"1\\0\\0\\0\\1\\0 "));
    out.extend(element([0x28, 0x02], *b"US", &1_u16.to_le_bytes()));
    out.extend(element([0x28, 0x08], *b"IS", frames.as_bytes()));
    for (tag, value) in
        [(0x10, side), (0x11, side), (0x100, bits), (0x101, bits), (0x102, bits - 1), (0x103, 0)]
    {
        out.extend(element([0x28, tag], *b"US", &value.to_le_bytes()));
    }
    out.extend(rest);
    out
}

/// Encapsulated pixel data of one fragment.
fn encapsulated(fragment: &[u8]) -> Vec<u8> {
    let mut out = vec![0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
    out.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]);
    out.extend([0xFE, 0xFF, 0, 0xE0]);
    out.extend((fragment.len() as u32).to_le_bytes());
    out.extend(fragment);
    out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    out
}

#[test]
fn bombs_stay_small() {
    let native = element([0x7FE0, 0x10], *b"OW", &[0; 10]);
    let mut j2k = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
    for word in [60_000_u32, 60_000, 0, 0, 60_000, 60_000, 0, 0] {
        j2k.extend(word.to_be_bytes());
    }
    j2k.extend([0, 1, 15, 1, 1, 0xFF, 0xD9]);
    let mut jls = vec![0xFF, 0xD8, 0xFF, 0xF7, 0, 11, 16];
    jls.extend([60_000_u16.to_be_bytes(), 60_000_u16.to_be_bytes()].concat());
    jls.extend([1, 1, 0x11, 0, 0xFF, 0xD9]);
    let mut rle = vec![0xFF; 64];
    rle[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut past = Vec::new();
    for word in [2_u32, 64, 70] {
        past.extend(word.to_le_bytes());
    }
    past.resize(64, 0);
    past.extend([129, 1, 129, 1, 129, 1].repeat(10_000));
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..2048 {
        std::io::Write::write_all(&mut deflate, &vec![0; 1 << 20]).unwrap();
    }
    let mut deflated = vec![0; 128];
    deflated.extend(b"DICM");
    deflated.extend(element([2, 0x10], *b"UI", b"1.2.840.10008.1.2.1.99"));
    deflated.extend(deflate.finish().unwrap());
    let mut length = vec![0; 128];
    length.extend(b"DICM");
    length.extend(element([2, 0x10], *b"UI", b"1.2.840.10008.1.2.1\0"));
    length.extend([8, 0, 0x16, 0, b'O', b'B', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF]);
    let mut nested = length[..length.len() - 12].to_vec();
    for _ in 0..10_000 {
        nested.extend([
            0x08, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF,
            0xFF, 0xFF,
        ]);
    }
    let explicit = "1.2.840.10008.1.2.1";
    let bombs = [
        ("one frame of 65535 squared", bomb(explicit, 65535, "1 ", 32, &native)),
        ("two thousand million frames", bomb(explicit, 65535, "2147483647", 32, &native)),
        (
            "four million frames of one pixel",
            bomb(explicit, 1, "4000000 ", 8, &element([0x7FE0, 0x10], *b"OB", &vec![0; 4_000_000])),
        ),
        ("J2K of 60000 squared", bomb("1.2.840.10008.1.2.4.90", 60_000, "1 ", 16, &encapsulated(&j2k))),
        ("J2K that contradicts", bomb("1.2.840.10008.1.2.4.90", 512, "1 ", 16, &encapsulated(&j2k))),
        ("JPEG-LS of 60000 squared", bomb("1.2.840.10008.1.2.4.80", 60_000, "1 ", 16, &encapsulated(&jls))),
        ("JPEG-LS that contradicts", bomb("1.2.840.10008.1.2.4.80", 512, "1 ", 16, &encapsulated(&jls))),
        (
            "RLE with four thousand million segments",
            bomb("1.2.840.10008.1.2.5", 512, "1 ", 16, &encapsulated(&rle)),
        ),
        ("RLE past the frame", bomb("1.2.840.10008.1.2.5", 16, "1 ", 16, &encapsulated(&past))),
        ("2 GiB of zeros, deflated", deflated),
        ("76 bytes that declare 4 GB", length),
        ("10,000 nested sequences", nested),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (what, bytes) in bombs {
        let path = dir.path().join("bomb.dcm");
        std::fs::write(&path, bytes).unwrap();
        let (reason, peak_mib) = in_a_child(&path);
        assert!(peak_mib < 256, "{what}: {peak_mib} MiB, {reason}");
        assert!(
            reason != "read" || what.contains("past") || what.contains("million frames"),
            "{what} was read"
        );
    }
}

#[test]
fn a_deflated_object_is_not_inflated_for_each_of_very_many_frames() {
    let pictures = |frames: &str| {
        let pixels = element([0x7FE0, 0x10], *b"OB", &vec![0; 160_000]);
        let plain = bomb("1.2.840.10008.1.2.1.99", 1, frames, 8, &pixels);
        let (meta, dataset) = plain.split_at(128 + 4 + 8 + 22);
        let mut deflate = flate2::write::DeflateEncoder::new(meta.to_vec(), flate2::Compression::fast());
        std::io::Write::write_all(&mut deflate, dataset).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("frames.dcm"), deflate.finish().unwrap()).unwrap();
        let import = read(dir.path());
        assert_eq!(import.other.len(), 1, "it is listed: {:?}", import.rejected);
        import.pictures.iter().filter(|picture| picture.frame(0).is_ok()).count()
    };
    assert_eq!((pictures("3 "), pictures("60000 ")), (1, 0));
}
