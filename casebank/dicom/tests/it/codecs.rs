//! One CT slice in every transfer syntax, and the test patterns beside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use casebank_case::FindingCode;
use casebank_dicom::Import;
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use meshing_volume::Voxels;
use tools_peers::data::archive;

use crate::support::{codes, read, written};

fn file(dir: &Path, syntax: &str) -> PathBuf {
    let files = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let ending = format!("_{syntax}.dcm");
    let is_it = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().ends_with(&ending);
    files
        .filter(is_it)
        .find(|p| p.to_str().unwrap().contains("CTImage"))
        .unwrap_or_else(|| panic!("no {syntax}"))
}

fn values(import: &Import) -> &[i16] {
    let [volume] = import.volumes.as_slice() else {
        panic!("{} volumes, rejected {:?}", import.volumes.len(), import.rejected)
    };
    assert_eq!(volume.entry.size, [512, 512, 1]);
    match volume.volume.voxels() {
        Voxels::I16(values) => values,
        Voxels::F32(_) => panic!("CT values are integers"),
    }
}

fn largest_difference(a: &[i16], b: &[i16]) -> u16 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[test]
fn every_lossless_syntax_gives_the_same_voxels() {
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    let reference = read(&dir.join("CTImage.dcm"));
    let reference = values(&reference);
    let spread = reference.iter().max().unwrap() - reference.iter().min().unwrap();
    assert!(spread > 1000, "the reference shows anatomy");
    for syntax in [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
    ] {
        let import = read(&file(&dir, syntax));
        assert_eq!(largest_difference(values(&import), reference), 0, "{syntax}");
        assert!(!codes(&import.volumes[0]).contains(&FindingCode::LossySource), "{syntax}");
    }
}

#[test]
fn lossy_syntaxes_stay_within_their_bounds_and_say_so() {
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    let reference = read(&dir.join("CTImage.dcm"));
    for (syntax, bound) in [("1.2.840.10008.1.2.4.91", 5), ("1.2.840.10008.1.2.4.81", 1)] {
        let import = read(&file(&dir, syntax));
        let difference = largest_difference(values(&import), values(&reference));
        assert!(difference <= bound, "{syntax}: {difference}");
        assert!(difference > 0, "{syntax} is lossy");
        assert!(codes(&import.volumes[0]).contains(&FindingCode::LossySource), "{syntax}");
    }
}

#[test]
fn retired_processes_are_refused_by_name() {
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    for syntax in ["1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"] {
        let import = read(&file(&dir, syntax));
        assert!(import.volumes.is_empty(), "{syntax}");
        let [rejected] = import.rejected.as_slice() else { panic!("{:?}", import.rejected) };
        assert!(
            rejected.reason.en.contains(syntax) && rejected.reason.en.contains("JPEG"),
            "{}",
            rejected.reason
        );
    }
}

#[test]
fn lossy_jpeg_of_eight_bits_is_read() {
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    let import = read(&file(&dir, "1.2.840.10008.1.2.4.50"));
    let [volume] = import.volumes.as_slice() else { panic!("{:?}", import.rejected) };
    assert!(codes(volume).contains(&FindingCode::LossySource));
    assert!(
        volume.entry.range[1] > volume.entry.range[0] + 1000.0,
        "it shows anatomy: {:?}",
        volume.entry.range
    );
}

fn say(program: &str) {
    #[expect(clippy::print_stderr, reason = "a skipped check must be seen")]
    let () = eprintln!("SKIPPED: {program} (Debian package dcmtk) is not installed");
}

/// Reads a file as it is, and as DCMTK decodes it; the greatest difference of a stored sample. `None` without DCMTK.
fn difference_from_dcmtk(path: &Path) -> Option<f64> {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain.dcm");
    let Ok(output) = Command::new("dcmdjpeg").args([path, &plain]).output() else {
        say("dcmdjpeg");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [ours, theirs] = [path, &plain].map(|path| {
        let import = read(path);
        let [volume] = import.volumes.as_slice() else { panic!("{:?}", import.rejected) };
        assert!(codes(volume).contains(&FindingCode::LossySource));
        match volume.volume.voxels() {
            Voxels::I16(values) => values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>(),
            Voxels::F32(values) => values.iter().map(|&v| f64::from(v)).collect(),
        }
    });
    assert!(ours.len() == theirs.len() && ours.iter().any(|&v| v != ours[0]), "a picture");
    // A level is the least step between two values.
    let mut sorted = theirs.clone();
    sorted.sort_by(f64::total_cmp);
    let level = sorted.windows(2).map(|w| w[1] - w[0]).filter(|&step| step > 1e-6).fold(f64::MAX, f64::min);
    let levels = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / level);
    // Values are stored as f32, so a level is not exactly one.
    Some((levels.fold(0.0, f64::max) * 1000.0).round() / 1000.0)
}

#[test]
fn lossy_jpeg_of_twelve_bits_is_read_as_by_dcmtk() {
    // Made here: unsigned 12 bits, compressed by DCMTK, with and without restart marks in a picture of odd size.
    let (dir, files) = written([61, 43, 1]);
    let mut object = dicom_object::from_reader(std::fs::File::open(&files[0]).unwrap()).unwrap();
    let words: Vec<u16> =
        (0..61 * 43).map(|n: u32| ((n % 61) * 60 + n / 61 * 7 + n * 7919 % 50) as u16).collect();
    for (tag, value) in [(tags::BITS_STORED, 12_u16), (tags::HIGH_BIT, 11), (tags::PIXEL_REPRESENTATION, 0)] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.into())));
    object.write_to_file(&files[0]).unwrap();
    for quality in ["60", "98"] {
        let packed = dir.path().join("packed.dcm");
        let packing =
            Command::new("dcmcjpeg").args(["+ee", "+q", quality]).args([&files[0], &packed]).output();
        let Ok(output) = packing else {
            say("dcmcjpeg");
            return;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let difference = difference_from_dcmtk(&packed).expect("DCMTK is there");
        assert!(difference <= 1.0, "quality {quality}: {difference} levels");
    }
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    let difference = difference_from_dcmtk(&file(&dir, "1.2.840.10008.1.2.4.51"));
    assert!(difference.is_none_or(|levels| levels <= 1.0), "{difference:?} levels");
}

#[test]
fn patterns_and_incomplete_objects_are_listed() {
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    for (file, what) in
        [("no-pixel-data.dcm", "structured report (SR)"), ("no-pixel-spacing.dcm", "ultrasound image")]
    {
        let import = read(&dir.join(file));
        assert_eq!((import.volumes.len(), import.other[0].what.en.as_str()), (0, what), "{file}");
    }
    // The whole folder at once: nothing is lost, nothing ends the reading.
    let import = read(&dir);
    let files = std::fs::read_dir(&dir).unwrap().count();
    let slices: usize = import.volumes.iter().map(|v| v.files.len()).sum();
    let copies = import.volumes.iter().filter(|v| codes(v).contains(&FindingCode::DuplicateSlice)).count();
    assert!(slices + import.other.len() + import.rejected.len() <= files, "each file once");
    assert!(
        copies >= 1,
        "many encodings of one slice are duplicates: {:?}",
        import.volumes[0].entry.findings
    );
}

#[test]
fn oddities_are_read_listed_or_refused_but_never_fatal() {
    let Some(dir) = archive("dicom_oddities") else { return };
    let import = read(&dir);
    let files = import.volumes.iter().map(|v| v.files.len()).sum::<usize>();
    assert!(files > 20, "{files} slices");
    let reason = |name: &str| {
        let found = import.rejected.iter().find(|r| r.path.ends_with(name));
        found.unwrap_or_else(|| panic!("{name} is not rejected")).reason.to_string()
    };
    assert!(reason("MR_truncated.dcm").contains("truncated"), "{}", reason("MR_truncated.dcm"));
    assert!(reason("rtplan_truncated.dcm").contains("truncated"), "{}", reason("rtplan_truncated.dcm"));
    assert!(reason("crayons.icc").contains("not DICOM"), "{}", reason("crayons.icc"));
    let what = |name: &str| {
        let found = import.other.iter().find(|o| o.path.ends_with(name));
        found.unwrap_or_else(|| panic!("{name} is not listed")).what.en.clone()
    };
    assert!(what("rtstruct.dcm").contains("RTSTRUCT"));
    let enhanced = read(&dir.join("pydicom/eCT_Supplemental.dcm"));
    let [enhanced] = enhanced.volumes.as_slice() else { panic!("one volume") };
    assert_eq!((enhanced.entry.size, enhanced.entry.spacing_mm), ([512, 512, 2], [0.388672, 0.388672, 10.0]));
    assert_eq!((enhanced.entry.origin_lps_mm, enhanced.files.len()), ([99.5, -301.5, -149.0], 1));
    assert!(
        reason("emri_small.dcm").contains("10 frames"),
        "no functional groups: {}",
        reason("emri_small.dcm")
    );
    assert!(what("pydicom/liver.dcm").contains("SEG"));
    assert!(what("dicomdirtests/DICOMDIR").contains("DICOMDIR"));
    assert!(
        what("reportsi.dcm").contains("SR") || what("reportsi.dcm").contains("report"),
        "{}",
        what("reportsi.dcm")
    );
    for encoding in
        ["MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"]
    {
        let test_files = dir.join("dicom_oddities/pydicom/test_files");
        let test_files = if test_files.is_dir() { test_files } else { dir.join("pydicom/test_files") };
        let plain = read(&test_files.join("MR_small.dcm"));
        let other = read(&test_files.join(encoding));
        assert_eq!(plain.volumes[0].volume.voxels(), other.volumes[0].volume.voxels(), "{encoding}");
    }
}
