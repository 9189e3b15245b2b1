//! De-identification that changes pixels: frame by frame, in every transfer syntax and kind of colour.

use casebank_dicom::deid::{Deidentified, FrameSamples, ObjectError};
use casebank_dicom::objects::capture::{Capture, Samples, write};
use casebank_dicom::{PictureFrame, SeriesInfo};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, from_reader};
use tools_peers::data::archive;

use crate::deid::deidentifier;
use crate::samples::{capture, made};
use crate::support::{info, read};

fn object(bytes: &[u8]) -> DefaultDicomObject {
    from_reader(bytes).unwrap()
}

fn pixels(bytes: &[u8]) -> Vec<u8> {
    object(bytes).element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned()
}

fn text(bytes: &[u8], tag: Tag) -> String {
    object(bytes).element(tag).map_or_else(|_| String::new(), |e| e.to_str().unwrap().trim().to_owned())
}

/// A capture of `frames` frames, 9 columns and 5 rows.
fn captured(samples: Samples, frames: u32) -> Vec<u8> {
    let capture = Capture { size: [9, 5], ..capture(samples, frames) };
    write(&capture, &SeriesInfo { ..info("pixels") }, &made()).unwrap()
}

/// With the pixel of one place put to 200 in every channel of frame `of`.
fn changed(bytes: &[u8], of: usize, pixel: usize) -> Deidentified {
    let mut edit = |n: usize, frame: &mut FrameSamples<'_>| {
        if n == of {
            (0..frame.channels()).for_each(|channel| frame.put(pixel, channel, 200));
        }
        Ok(n == of)
    };
    deidentifier([]).apply_editing(bytes, &mut edit).unwrap()
}

#[test]
fn what_nobody_changes_stays_byte_for_byte() {
    let bytes = captured(Samples::Grey8((0..135).map(|n| n as u8).collect()), 3);
    let plain = deidentifier([]).apply(&bytes).unwrap();
    let mut seen = Vec::new();
    let mut look = |n: usize, frame: &mut FrameSamples<'_>| {
        seen.push((n, frame.values()[0]));
        Ok(false)
    };
    let looked = deidentifier([]).apply_editing(&bytes, &mut look).unwrap();
    assert_eq!(looked.bytes, plain.bytes);
    assert_eq!(seen, [(0, 0), (1, 45), (2, 90)]);
}

#[test]
fn one_pixel_of_one_frame_changes_and_no_other() {
    let grey: Vec<u8> = (0..135).map(|n| n as u8).collect();
    let wide: Vec<u16> = (0..135).map(|n| n * 300).collect();
    let rgb: Vec<u8> = (0..405).map(|n| (n % 251) as u8).collect();
    for (samples, width) in [(Samples::Grey8(grey), 1), (Samples::Grey16(wide), 2), (Samples::Rgb(rgb), 3)] {
        let bytes = captured(samples, 3);
        let before = pixels(&bytes);
        let out = changed(&bytes, 1, 40);
        let after = pixels(&out.bytes);
        assert_eq!(before.len(), after.len());
        // One sample in all, at its place in its slice: the first frame may be the last slice of the volume.
        let places: Vec<usize> =
            (0..before.len()).filter(|&n| before[n] != after[n]).map(|n| n % (512 * 512)).collect();
        let at = (45 + 40) * width;
        assert!(!places.is_empty() && places.iter().all(|n| (at..at + width).contains(n)), "{places:?}");
    }
}

#[test]
fn a_frame_is_replaced_as_a_whole_or_refused() {
    let bytes = captured(Samples::Grey16((0..90).collect()), 2);
    let new: Vec<i64> = (0..45).map(|n| 60_000 - n).collect();
    let mut replace = |n: usize, frame: &mut FrameSamples<'_>| {
        if n == 1 {
            frame.replace(&new)?;
        }
        Ok(n == 1)
    };
    let out = deidentifier([]).apply_editing(&bytes, &mut replace).unwrap();
    let words: Vec<i64> =
        pixels(&out.bytes).chunks(2).map(|pair| i64::from(u16::from_le_bytes([pair[0], pair[1]]))).collect();
    assert_eq!(words, (0..45).chain((0..45).map(|n| 60_000 - n)).collect::<Vec<_>>());
    let mut short = |_: usize, frame: &mut FrameSamples<'_>| frame.replace(&[1, 2]).map(|()| true);
    let error = deidentifier([]).apply_editing(&bytes, &mut short).unwrap_err();
    assert!(matches!(error, ObjectError::Pixels { .. }), "{error}");
}

#[test]
fn compressed_slices_become_native_and_only_the_change_differs() {
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    let mut syntaxes = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let original = read_values(&path);
        let Some((before, lossy)) = original else { continue };
        let out = changed(&bytes, 0, 7 * 512 + 9);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("new.dcm"), &out.bytes).unwrap();
        let (after, still_lossy) = read_values(dir.path()).unwrap();
        // One sample in all, at its place in its slice: the first frame may be the last slice of the volume.
        let places: Vec<usize> =
            (0..before.len()).filter(|&n| before[n] != after[n]).map(|n| n % (512 * 512)).collect();
        assert_eq!(places, [7 * 512 + 9], "{}", path.display());
        assert_eq!(lossy, still_lossy, "{}", path.display());
        let encapsulated =
            casebank_dicom::prescan(&bytes).unwrap().transfer_syntax().contains("1.2.840.10008.1.2.4");
        if encapsulated {
            assert_eq!(object(&out.bytes).meta().transfer_syntax(), "1.2.840.10008.1.2.1");
        }
        assert_eq!(text(&out.bytes, tags::PHOTOMETRIC_INTERPRETATION), "MONOCHROME2");
        syntaxes += 1;
    }
    assert!(syntaxes >= 10, "{syntaxes}");
}

/// The values of the only slice of a path, and whether something was lost; `None` where the codec is refused.
fn read_values(path: &std::path::Path) -> Option<(Vec<i16>, bool)> {
    let import = casebank_dicom::read_paths(&[path.to_owned()], &meshing_volume::Silent).ok()?;
    let volume = import.volumes.first()?;
    let lossy = volume.entry.findings.iter().any(|f| f.code == casebank_case::FindingCode::LossySource);
    match volume.volume.voxels() {
        meshing_volume::Voxels::I16(values) => Some((values.clone(), lossy)),
        meshing_volume::Voxels::F32(_) => None,
    }
}

#[test]
fn a_picture_in_colour_reads_back_with_the_change() {
    let rgb: Vec<u8> = (0..135).map(|n| (n % 251) as u8).collect();
    let out = changed(&captured(Samples::Rgb(rgb.clone()), 1), 0, 12);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("new.dcm"), &out.bytes).unwrap();
    let PictureFrame::Rgb(shown) = read(dir.path()).pictures[0].frame(0).unwrap() else { panic!("grey") };
    let mut expected = rgb;
    expected[36..39].copy_from_slice(&[200; 3]);
    assert_eq!(shown, expected);
}
