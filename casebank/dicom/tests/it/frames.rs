//! Multi-frame objects made from an exact volume: every frame lands where it belongs, or the object is refused.

use std::path::Path;

use casebank_case::{FindingCode, Severity};
use casebank_dicom::{Import, write_series};
use dicom_core::value::{DataSetSequence, PixelFragmentSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;
use meshing_volume::{Volume, Voxels};

use crate::support::{grid, info, read, severe, volume};

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: impl Into<PrimitiveValue>) {
    object.put(DataElement::new(tag, vr, value.into()));
}

fn group(object: &mut InMemDicomObject, tag: Tag, elements: &[(Tag, VR, &str)]) {
    let mut item = InMemDicomObject::new_empty();
    for &(tag, vr, text) in elements {
        put(&mut item, tag, vr, text);
    }
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::new(vec![item], Length::UNDEFINED)));
}

fn joined(values: &[f64]) -> String {
    values.iter().map(f64::to_string).collect::<Vec<_>>().join("\\")
}

/// One frame: slice of the volume, index of its phase.
type Frame = (usize, usize);

/// An enhanced CT of the frames in the given order; `phase` names what sets phases apart in a frame's groups.
fn enhanced(
    volume: &Volume,
    frames: &[Frame],
    phase: impl Fn(&mut InMemDicomObject, usize),
) -> InMemDicomObject {
    let dir = tempfile::tempdir().unwrap();
    let first = write_series(volume, &info("enhanced"), dir.path()).unwrap().remove(0);
    let mut object = dicom_object::from_reader(std::fs::File::open(first).unwrap()).unwrap().into_inner();
    let grid = volume.grid();
    let [i, j, _] = grid.direction().map(meshing_space::Vector::to_array);
    let [si, sj, sk] = grid.spacing_mm();
    for tag in [
        tags::IMAGE_POSITION_PATIENT,
        tags::IMAGE_ORIENTATION_PATIENT,
        tags::PIXEL_SPACING,
        tags::SLICE_THICKNESS,
        tags::RESCALE_SLOPE,
        tags::RESCALE_INTERCEPT,
    ] {
        object.remove_element(tag);
    }
    put(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_CT_IMAGE_STORAGE);
    put(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, frames.len().to_string());
    let mut shared = InMemDicomObject::new_empty();
    let measures =
        [(tags::PIXEL_SPACING, VR::DS, joined(&[sj, si])), (tags::SLICE_THICKNESS, VR::DS, joined(&[sk]))];
    group(
        &mut shared,
        tags::PIXEL_MEASURES_SEQUENCE,
        &measures.each_ref().map(|(t, v, s)| (*t, *v, s.as_str())),
    );
    let orientation = joined(&[i, j].concat());
    let orientation = [(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, orientation.as_str())];
    group(&mut shared, tags::PLANE_ORIENTATION_SEQUENCE, &orientation);
    let rescale = [(tags::RESCALE_INTERCEPT, VR::DS, "-7"), (tags::RESCALE_SLOPE, VR::DS, "1")];
    group(&mut shared, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, &rescale);
    let each = frames.iter().map(|&(k, number)| {
        let mut item = InMemDicomObject::new_empty();
        let place = grid.lps_from_ijk() * meshing_space::Point::new(0.0, 0.0, k as f64);
        let place = joined(&place.to_array());
        group(&mut item, tags::PLANE_POSITION_SEQUENCE, &[(tags::IMAGE_POSITION_PATIENT, VR::DS, &place)]);
        phase(&mut item, number);
        item
    });
    let each: Vec<InMemDicomObject> = each.collect();
    for (tag, items) in [
        (tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]),
        (tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, each),
    ] {
        object.put(DataElement::new(tag, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED)));
    }
    let words = frames.iter().flat_map(|&(k, number)| stored(volume, k, number)).collect();
    put(&mut object, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words));
    object
}

/// Stored samples: the slice's values, seven more for the intercept, and a hundred more for each phase.
fn stored(volume: &Volume, k: usize, phase: usize) -> Vec<u16> {
    let Voxels::I16(values) = volume.voxels() else { panic!("integers") };
    let [columns, rows, _] = volume.grid().size();
    let slice = &values[k * columns * rows..(k + 1) * columns * rows];
    slice.iter().map(|v| (v + 7 + 100 * phase as i16).cast_unsigned()).collect()
}

fn save(object: InMemDicomObject, syntax: &str, path: &Path) {
    let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
    object.with_meta(meta).unwrap().write_to_file(path).unwrap();
}

fn imported(object: InMemDicomObject, syntax: &str) -> Import {
    let dir = tempfile::tempdir().unwrap();
    save(object, syntax, &dir.path().join("frames.dcm"));
    read(dir.path())
}

fn shuffled(count: usize) -> Vec<usize> {
    (0..count).map(|n| (n * 3 + 1) % count).collect()
}

#[test]
fn frames_in_any_order_fill_the_volume_they_were_taken_from() {
    let volume = volume(grid([6, 5, 7], 0.4));
    let frames: Vec<Frame> = shuffled(7).into_iter().map(|k| (k, 0)).collect();
    for syntax in [uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN] {
        let import = imported(enhanced(&volume, &frames, |_, _| {}), syntax);
        let [back] = import.volumes.as_slice() else { panic!("{:?} {:?}", import.other, import.rejected) };
        assert_eq!(back.volume.voxels(), volume.voxels());
        assert_eq!((back.files.len(), back.slices.len()), (1, 7));
        let serious = back.entry.findings.iter().filter(|finding| finding.severity > Severity::Info).count();
        assert_eq!(serious, 0, "{:?}", back.entry.findings);
        for corner in [[0.0, 0.0, 0.0], [5.0, 4.0, 6.0]].map(meshing_space::Point::from_array) {
            let apart =
                (back.volume.grid().lps_from_ijk() * corner).distance(volume.grid().lps_from_ijk() * corner);
            assert!(apart < 1e-6, "{apart} mm apart");
        }
    }
}

/// A functional group in the frame of a transducer instead of that of the patient.
fn in_volume(item: &InMemDicomObject) -> InMemDicomObject {
    const PLACES: [(Tag, Tag, Tag, Tag); 2] = [
        (
            tags::PLANE_POSITION_SEQUENCE,
            tags::IMAGE_POSITION_PATIENT,
            tags::PLANE_POSITION_VOLUME_SEQUENCE,
            tags::IMAGE_POSITION_VOLUME,
        ),
        (
            tags::PLANE_ORIENTATION_SEQUENCE,
            tags::IMAGE_ORIENTATION_PATIENT,
            tags::PLANE_ORIENTATION_VOLUME_SEQUENCE,
            tags::IMAGE_ORIENTATION_VOLUME,
        ),
    ];
    let mut item = item.clone();
    for (from, value, to, volume_value) in PLACES {
        let Some(groups) = item.get(from).and_then(|e| e.items()) else { continue };
        let text = groups[0].element(value).unwrap().to_str().unwrap().into_owned();
        let numbers: Vec<f64> = text.split('\\').map(|number| number.parse().unwrap()).collect();
        item.remove_element(from);
        let mut inner = InMemDicomObject::new_empty();
        put(&mut inner, volume_value, VR::FD, PrimitiveValue::F64(numbers.into()));
        item.put(DataElement::new(to, VR::SQ, DataSetSequence::new(vec![inner], Length::UNDEFINED)));
    }
    item
}

#[test]
fn ultrasound_volumes_keep_their_lengths_and_say_that_sides_are_unknown() {
    let volume = volume(grid([6, 5, 7], 0.4));
    let frames: Vec<Frame> = shuffled(7).into_iter().map(|k| (k, 0)).collect();
    let mut object = enhanced(&volume, &frames, |_, _| {});
    for tag in [tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE] {
        let items: Vec<_> = object.get(tag).unwrap().items().unwrap().iter().map(in_volume).collect();
        object.put(DataElement::new(tag, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED)));
    }
    put(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::ENHANCED_US_VOLUME_STORAGE);
    put(&mut object, tags::MODALITY, VR::CS, "US");
    put(&mut object, tags::VOLUME_FRAME_OF_REFERENCE_UID, VR::UI, "1.2.3.77");
    let import = imported(object, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let [back] = import.volumes.as_slice() else { panic!("{:?} {:?}", import.other, import.rejected) };
    assert_eq!(back.volume.voxels(), volume.voxels());
    let expected = ("US", "1.2.3.77", volume.grid().spacing_mm());
    let entry = &back.entry;
    assert_eq!((entry.modality.as_str(), entry.frame_of_reference.as_str(), entry.spacing_mm), expected);
    assert!(severe(back, FindingCode::UnknownOrientation).contains("guesses"));
}

#[test]
fn phases_at_one_place_become_volumes_in_their_order() {
    let volume = volume(grid([4, 4, 5], 0.2));
    // two b-values, and two gradients for the second: neither attribute alone tells the three apart
    let frames: Vec<Frame> =
        (0..3).rev().flat_map(|phase| shuffled(5).into_iter().map(move |k| (k, phase))).collect();
    let object = enhanced(&volume, &frames, |item, phase| {
        let mut diffusion = InMemDicomObject::new_empty();
        put(&mut diffusion, tags::DIFFUSION_B_VALUE, VR::FD, if phase == 0 { 0.0 } else { 1000.0 });
        let mut gradient = InMemDicomObject::new_empty();
        let way = [f64::from(u8::from(phase == 1)), f64::from(u8::from(phase == 2)), 0.0];
        put(
            &mut gradient,
            tags::DIFFUSION_GRADIENT_ORIENTATION,
            VR::FD,
            PrimitiveValue::F64(way.into_iter().collect()),
        );
        let gradients = DataSetSequence::new(vec![gradient], Length::UNDEFINED);
        diffusion.put(DataElement::new(tags::DIFFUSION_GRADIENT_DIRECTION_SEQUENCE, VR::SQ, gradients));
        let groups = DataSetSequence::new(vec![diffusion], Length::UNDEFINED);
        item.put(DataElement::new(tags::MR_DIFFUSION_SEQUENCE, VR::SQ, groups));
    });
    let import = imported(object, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(import.volumes.len(), 3, "{:?}", import.rejected);
    for (n, back) in import.volumes.iter().enumerate() {
        let Voxels::I16(values) = back.volume.voxels() else { panic!("integers") };
        let expected: Vec<i16> =
            (0..5).flat_map(|k| stored(&volume, k, 0)).map(|v| v.cast_signed() - 7).collect();
        let added: Vec<i16> = values.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let phase = added[0] / 100;
        assert!(added.iter().all(|&more| more == 100 * phase), "volume {n} mixes phases");
        assert!(back.entry.phase.contains(if phase == 0 { "0\\0\\0" } else { "1" }), "{}", back.entry.phase);
        assert_eq!(back.entry.findings.len(), 0, "{:?}", back.entry.findings);
    }
    let ids: std::collections::BTreeSet<String> =
        import.volumes.iter().map(|v| v.entry.id.to_string()).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn an_object_that_does_not_place_each_frame_is_refused() {
    let volume = volume(grid([4, 4, 5], 0.2));
    let frames: Vec<Frame> = (0..5).map(|k| (k, 0)).collect();
    let whole = || enhanced(&volume, &frames, |_, _| {});
    let refused = |object: InMemDicomObject| {
        let import = imported(object, uids::EXPLICIT_VR_LITTLE_ENDIAN);
        assert!(import.volumes.is_empty(), "nothing is made of it");
        import.rejected[0].reason.en.clone()
    };
    let mut few = whole();
    few.update_value(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, |value| {
        value.items_mut().unwrap().pop();
    });
    assert!(refused(few).contains("declares 5 frames, but describes 4"));
    let mut nowhere = whole();
    nowhere.update_value(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, |value| {
        value.items_mut().unwrap()[2].remove_element(tags::PLANE_POSITION_SEQUENCE);
    });
    assert!(refused(nowhere).contains("cannot be placed"));
    let mut short = whole();
    put(&mut short, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16((0..79).collect()));
    assert!(refused(short).contains("need 160 bytes"));
}

/// Small objects of every kind of frame, for mutations: many frames plain, deflated and compressed.
pub(crate) fn samples() -> Vec<Vec<u8>> {
    let volume = volume(grid([6, 5, 3], 0.3));
    let frames: Vec<Frame> = shuffled(3).into_iter().map(|k| (k, 0)).collect();
    let object = enhanced(&volume, &frames, |_, _| {});
    let mut compressed = object.clone();
    let fragments: Vec<Vec<u8>> = frames.iter().map(|&(k, phase)| rle(&stored(&volume, k, phase))).collect();
    let fragments = PixelFragmentSequence::new_fragments(fragments);
    compressed.put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
    let bytes = |object: InMemDicomObject, syntax: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sample.dcm");
        save(object, syntax, &path);
        std::fs::read(path).unwrap()
    };
    vec![
        bytes(object.clone(), uids::EXPLICIT_VR_LITTLE_ENDIAN),
        bytes(object.clone(), uids::IMPLICIT_VR_LITTLE_ENDIAN),
        bytes(object, uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
        bytes(compressed, uids::RLE_LOSSLESS),
    ]
}

/// RLE of one frame of 16-bit samples: two segments of literals (PS3.5 annex G).
fn rle(samples: &[u16]) -> Vec<u8> {
    let segment = |byte: usize| -> Vec<u8> {
        let bytes: Vec<u8> = samples.iter().map(|v| v.to_be_bytes()[byte]).collect();
        bytes.chunks(128).flat_map(|run| [&[u8::try_from(run.len() - 1).unwrap()], run].concat()).collect()
    };
    let (high, low) = (segment(0), segment(1));
    let mut out = Vec::new();
    for word in [2, 64, 64 + u32::try_from(high.len()).unwrap()] {
        out.extend(word.to_le_bytes());
    }
    out.resize(64, 0);
    out.extend(high);
    out.extend(low);
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out
}

#[test]
fn compressed_frames_are_found_one_by_one() {
    let volume = volume(grid([9, 8, 4], 0.3));
    let frames: Vec<Frame> = shuffled(4).into_iter().map(|k| (k, 0)).collect();
    let mut object = enhanced(&volume, &frames, |_, _| {});
    let fragments: Vec<Vec<u8>> = frames.iter().map(|&(k, phase)| rle(&stored(&volume, k, phase))).collect();
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PixelFragmentSequence::new_fragments(fragments.clone()),
    ));
    let import = imported(object.clone(), uids::RLE_LOSSLESS);
    assert_eq!(import.volumes[0].volume.voxels(), volume.voxels());
    let few = PixelFragmentSequence::new_fragments(fragments[1..].to_vec());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, few));
    let import = imported(object, uids::RLE_LOSSLESS);
    assert!(import.rejected[0].reason.en.contains("4 frames are declared"), "{}", import.rejected[0].reason);
}
