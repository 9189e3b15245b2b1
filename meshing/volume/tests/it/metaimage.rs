//! Matrices, letters, detached data and refusals of MetaImage.

use meshing_volume::formats::{Format, RemarkKind, Weight};
use meshing_volume::{Silent, VolumeMeta, Voxels};

use crate::made::{Placed, joined, meta_lines, packed, shorts, values};
use crate::{frames, one, opened, refusal, weight};

const META: Format = Format::MetaImage;

fn lines() -> String {
    meta_lines(&Placed::all()[0])
}

fn file(lines: &str) -> Vec<u8> {
    joined(lines, &shorts())
}

/// Adds a line before the last.
fn with(line: &str) -> String {
    lines().replace("ElementDataFile", &format!("{line}\nElementDataFile"))
}

#[test]
fn an_oblique_matrix_gives_its_triples_to_the_axes() {
    let (sin, cos) = 0.3_f64.sin_cos();
    let place = Placed {
        origin: [1.0, 2.0, 3.0],
        steps: [[0.5 * cos, 0.5 * sin, 0.0], [-0.75 * sin, 0.75 * cos, 0.0], [0.0, 0.0, -2.5]],
    };
    let frame = one(META, &file(&meta_lines(&place)));
    place.is_that_of(frame.content.grid(), 1e-9);
    assert_eq!(frame.remarks, []);
}

#[test]
fn letters_must_agree_with_the_matrix_in_one_reading() {
    for (letters, agree) in [("RAI", true), ("LPS", true), ("???", true), ("LAI", false), ("ASL", false)] {
        let frame = one(META, &file(&with(&format!("AnatomicalOrientation = {letters}"))));
        let said = weight(&frame, RemarkKind::ConflictingGeometry);
        assert_eq!(said, (!agree).then_some(Weight::Severe), "{letters}");
    }
    let none = lines().replace("TransformMatrix = 1 0 0 0 1 0 0 0 1\n", "");
    assert_ne!(none, lines());
    assert_eq!(weight(&one(META, &file(&none)), RemarkKind::UnknownOrientation), Some(Weight::Severe));
}

#[test]
fn a_centre_of_rotation_is_told_where_it_matters() {
    let centre = |text: String| text.replace("CenterOfRotation = 0 0 0", "CenterOfRotation = 5 0 0");
    assert_eq!(one(META, &file(&centre(lines()))).remarks, []);
    let frame = one(META, &file(&centre(meta_lines(&Placed::all()[9]))));
    assert_eq!(weight(&frame, RemarkKind::ConflictingGeometry), Some(Weight::Severe));
}

#[test]
fn spacing_units_modality_and_scale() {
    let text = lines().replace("ElementSpacing = 0.5 0.75 2.5\n", "");
    let frame = one(META, &file(&text));
    assert_eq!(weight(&frame, RemarkKind::NoSpacing), Some(Weight::Severe));
    let frame = one(META, &file(&with("DistanceUnits = cm")));
    assert_eq!(frame.content.grid().spacing_mm(), [5.0, 7.5, 25.0]);
    let found = file(&with("Modality = MET_MOD_CT"));
    assert_eq!(opened(META, &found).unwrap().header().modality.as_deref(), Some("CT"));
    let frame = one(
        META,
        &file(&with("ElementToIntensityFunctionSlope = 2\nElementToIntensityFunctionOffset = -1024")),
    );
    let wanted: Vec<i16> = values().iter().map(|v| *v as i16 * 2 - 1024).collect();
    assert_eq!(frame.content.voxels(), &Voxels::I16(wanted));
    assert_eq!(weight(&frame, RemarkKind::ChangedValues), Some(Weight::Severe));
}

#[test]
fn values_in_text_and_a_fourth_axis() {
    let text: Vec<String> = values().iter().map(f64::to_string).collect();
    let lines = lines().replace("BinaryData = True", "BinaryData = False");
    assert_eq!(one(META, &joined(&lines, text.join(" ").as_bytes())).content.value(1, 0, 0), 8.0);
    let four = crate::metaimage::lines()
        .replace("NDims = 3", "NDims = 4")
        .replace("DimSize = 4 3 2", "DimSize = 4 3 2 2")
        .replace("TransformMatrix = 1 0 0 0 1 0 0 0 1", "TransformMatrix = 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1")
        .replace("30.125", "30.125 0")
        .replace("CenterOfRotation = 0 0 0", "CenterOfRotation = 0 0 0 0")
        .replace("0.5 0.75 2.5", "0.5 0.75 2.5 1");
    let data = [shorts(), packed(&[9.0; 24], "i16", false)].concat();
    let found = frames(META, &joined(&four, &data)).unwrap();
    assert_eq!((found.len(), found[1].content.value(0, 0, 0)), (2, 9.0));
    Placed::all()[0].is_that_of(found[1].content.grid(), 1e-9);
}

#[test]
fn a_detached_header_names_its_file() {
    let header =
        lines().replace("LOCAL", "volume.raw").replace("ElementDataFile", "HeaderSize = -1\nElementDataFile");
    let found = opened(META, header.as_bytes()).unwrap();
    assert_eq!(found.detached(), Some("volume.raw"));
    let data = [b"before".as_slice(), &shorts()].concat();
    let found = found.attach(data.as_slice(), data.len() as u64);
    assert_eq!(found.volumes(&VolumeMeta::default(), &Silent).unwrap()[0].content.value(1, 0, 0), 8.0);
}

#[test]
fn what_is_not_read_is_refused_in_a_sentence() {
    for (from, to, part) in [
        ("ObjectType = Image", "ObjectType = Tube", "another object"),
        ("NDims = 3", "NDims = 9", "NDims"),
        ("NDims = 3", "NDims = 3\nElementNumberOfChannels = 3", "several values"),
        ("MET_SHORT", "MET_UCHAR_ARRAY", "several values"),
        ("MET_SHORT", "MET_OTHER", "ElementType"),
        ("DimSize = 4 3 2", "DimSize = 4 3 0", "DimSize"),
        ("DimSize = 4 3 2", "DimSize = 400 3 2", "at most 48 are there"),
        ("DimSize = 4 3 2", "DimSize = 1000000 1000000 100000", "more than the limit"),
        ("ElementSpacing = 0.5", "ElementSpacing = 0", "ElementSpacing"),
        ("ElementSpacing = 0.5", "ElementSpacing = -0.5", "ElementSpacing"),
        ("ElementSpacing = 0.5", "ElementSpacing = nan", "ElementSpacing"),
        ("ElementSpacing = 0.5", "ElementSpacing = 1e9", "spacing"),
        ("Offset = 10.25", "Offset = inf", "Offset"),
        ("TransformMatrix = 1 0 0 0 1 0", "TransformMatrix = 1 0 0 1 0 0", "impossible"),
        ("TransformMatrix = 1 0 0", "TransformMatrix = 1 0", "TransformMatrix"),
        ("CompressedData = False", "CompressedData = maybe", "CompressedData"),
        ("LOCAL", "LIST", "several files"),
        ("LOCAL", "slice%03d.raw 1 2 1", "several files"),
        ("ElementDataFile = LOCAL\n", "", "not MetaImage"),
        ("NDims = 3", "NDims = 3\nHeaderSize = -5", "HeaderSize"),
        ("NDims = 3", "NDims = 3\nDistanceUnits = furlong", "DistanceUnits"),
        ("NDims = 3", "NDims = 3\nNDims = 3", "twice"),
        ("NDims = 3", "words", "KEY = VALUE"),
    ] {
        let text = lines();
        assert!(text.contains(from), "{from}");
        let said = refusal(frames(META, &file(&text.replace(from, to))));
        assert!(said.contains(part), "{part:?} in {said}");
    }
}
