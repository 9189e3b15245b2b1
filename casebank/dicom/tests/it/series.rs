//! Written series: exact round trips, the validator, and every oddity of geometry made on purpose.

use std::path::{Path, PathBuf};

use casebank_case::{FindingCode, Severity};
use casebank_dicom::objects::SourceSeries;
use casebank_dicom::{ImportError, ReadVolume, read_paths, write_derived_series, write_series};
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use meshing_space::{Lps, Point, Vector};
use meshing_volume::{CancelFlag, Grid, Volume, VolumeMeta, Voxels};
use proptest::prelude::*;

use crate::support::{codes, dciodvfy, grid, info, read, severe, volume, written};

fn edit(path: &Path, change: impl FnOnce(&mut InMemDicomObject)) {
    let mut object = dicom_object::from_reader(std::fs::File::open(path).unwrap()).unwrap();
    change(&mut object);
    object.write_to_file(path).unwrap();
}

fn set(path: &Path, tag: Tag, vr: VR, text: &str) {
    edit(path, |object| {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(text)));
    });
}

fn one(dir: &Path) -> ReadVolume {
    let mut import = read(dir);
    assert_eq!(import.volumes.len(), 1, "{:?} {:?}", import.rejected, import.other);
    import.volumes.remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_written_is_read_back_bit_for_bit(
        size in [2_usize..9, 2_usize..9, 2_usize..7],
        angle in -3.0_f64..3.0,
        origin in [-500.0_f64..500.0, -500.0_f64..500.0, -1500.0_f64..1500.0],
        spacing in [0.1_f64..3.0, 0.1_f64..3.0, 0.2_f64..7.0],
        seed in any::<u32>(),
    ) {
        let axes = grid(size, angle).direction();
        let grid = Grid::new(size, Point::from_array(origin), axes, spacing).unwrap();
        let values = (0..grid.len() as u32).map(|n| (n.wrapping_mul(seed | 1) >> 3) as i16).collect();
        let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: "1.2.3".into() };
        let volume = Volume::new(grid, Voxels::I16(values), meta).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let files = write_series(&volume, &info("round trip"), dir.path()).unwrap();
        let back = one(dir.path());
        prop_assert_eq!(back.volume.voxels(), volume.voxels());
        prop_assert_eq!(back.volume.meta(), volume.meta());
        prop_assert_eq!(&back.files, &files);
        prop_assert_eq!(back.entry.findings.len(), 0, "{:?}", back.entry.findings);
        let far = Point::from_array(size.map(|n| (n - 1) as f64));
        for ijk in [Point::origin(), far] {
            let apart = (back.volume.grid().lps_from_ijk() * ijk).distance(grid.lps_from_ijk() * ijk);
            prop_assert!(apart < 1e-6, "{} mm apart", apart);
        }
    }
}

#[test]
fn written_series_have_no_validator_errors_and_are_stable() {
    for modality in ["CT", "MR"] {
        let (grid, voxels, mut meta) = volume(grid([6, 5, 3], 0.4)).into_parts();
        meta.modality = modality.to_owned();
        meta.unit = if modality == "CT" { "HU".to_owned() } else { String::new() };
        let volume = Volume::new(grid, voxels, meta).unwrap();
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let files = dirs.each_ref().map(|dir| write_series(&volume, &info("stable"), dir.path()).unwrap());
        for (a, b) in files[0].iter().zip(&files[1]) {
            assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap(), "same seed, same bytes");
            if let Some(errors) = dciodvfy(a) {
                assert!(errors.is_empty(), "{modality}: {errors:#?}");
            }
        }
        let back = one(dirs[0].path());
        assert_eq!(back.volume.voxels(), volume.voxels());
        assert_eq!(back.patient.expose().name, "Zhang^San=张^三");
    }
}

/// Every order and direction of the axes of a grid that lies obliquely.
fn every_axis_order() -> Vec<Grid> {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let (size, spacing) = ([4, 5, 6], [0.5, 0.75, 1.25]);
    let axes = grid(size, 0.4).direction();
    let turned = |order: [usize; 3], flips: u8| {
        let sign = |axis: usize| if flips >> axis & 1 == 1 { -1.0 } else { 1.0 };
        let origin = Point::new(-70.25, 31.5, -812.125);
        Grid::new(
            order.map(|axis| size[axis]),
            origin,
            order.map(|axis| axes[axis] * sign(axis)),
            order.map(|axis| spacing[axis]),
        )
        .unwrap()
    };
    ORDERS.into_iter().flat_map(|order| (0..8).map(move |flips| turned(order, flips))).collect()
}

#[test]
fn every_axis_order_is_written_voxel_for_voxel() {
    for grid in every_axis_order() {
        let volume = volume(grid);
        let dir = tempfile::tempdir().unwrap();
        write_series(&volume, &info("orders"), dir.path()).unwrap();
        let back = one(dir.path());
        let [columns, rows, slices] = grid.size();
        let [i, j, k] = grid.direction();
        let right_handed = i.cross(j).dot(k) > 0.0;
        assert_eq!(back.entry.findings.is_empty(), right_handed, "{:?}", back.entry.findings);
        for (a, b, c) in [(0, 0, 0), (columns - 1, 0, slices - 1), (1, rows - 1, 2), (2, 3, 1)] {
            let there = if right_handed { c } else { slices - 1 - c };
            assert_eq!(back.volume.value(a, b, there), volume.value(a, b, c));
            let place =
                |grid: &Grid, c: usize| grid.lps_from_ijk() * Point::new(a as f64, b as f64, c as f64);
            let apart = place(back.volume.grid(), there).distance(place(&grid, c));
            assert!(apart < 1e-6, "{apart} mm apart");
        }
    }
}

#[test]
fn a_derived_series_names_the_image_in_the_plane_of_each_slice() {
    let (dir, _) = written([6, 5, 4]);
    let source = one(dir.path());
    let series = SourceSeries::of(&source);
    for modality in ["CT", "MR"] {
        let (grid, voxels, mut meta) = volume(grid([6, 5, 4], 0.3)).into_parts();
        meta.modality = modality.to_owned();
        meta.frame_of_reference.clone_from(&source.entry.frame_of_reference);
        let derived = Volume::new(grid, voxels, meta).unwrap();
        let out = tempfile::tempdir().unwrap();
        let files =
            write_derived_series(&derived, &info("derived"), &series, "smoothed", out.path()).unwrap();
        for (file, slice) in files.iter().zip(&source.slices) {
            let object = dicom_object::from_reader(std::fs::File::open(file).unwrap()).unwrap();
            let text =
                |object: &InMemDicomObject, tag| object.element(tag).unwrap().to_str().unwrap().into_owned();
            let image = &object.element(tags::SOURCE_IMAGE_SEQUENCE).unwrap().items().unwrap()[0];
            let named = text(image, tags::REFERENCED_SOP_INSTANCE_UID);
            assert_eq!(named.trim_end_matches('\0'), slice.sop_instance_uid);
            assert!(text(&object, tags::IMAGE_TYPE).starts_with("DERIVED"));
            if let Some(errors) = dciodvfy(file) {
                assert!(errors.is_empty(), "{modality}: {errors:#?}");
            }
        }
        let back = one(out.path());
        assert_eq!(back.entry.frame_of_reference, source.entry.frame_of_reference);
        assert_ne!(back.entry.series_uid, source.entry.series_uid);
        assert_eq!(back.volume.voxels(), derived.voxels());
    }
}

#[test]
fn a_left_handed_grid_comes_back_with_the_same_values_at_the_same_places() {
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::<Lps>::new(0.0, 0.0, -1.0)];
    let grid = Grid::new([3, 4, 5], Point::new(1.0, 2.0, 3.0), axes, [1.0, 1.5, 2.0]).unwrap();
    let volume = volume(grid);
    let dir = tempfile::tempdir().unwrap();
    write_series(&volume, &info("left"), dir.path()).unwrap();
    let back = one(dir.path());
    assert_eq!(codes(&back), [FindingCode::ReversedOrder]);
    for (i, j, k) in [(0, 0, 0), (2, 3, 4), (1, 2, 3)] {
        let p = grid.lps_from_ijk() * Point::new(i as f64, j as f64, k as f64);
        let value = back.volume.sample_lps(p).expect("inside");
        assert!((value - f64::from(volume.value(i, j, k))).abs() < 1e-3, "{i} {j} {k}");
    }
}

#[test]
fn a_missing_slice_is_severe_and_its_place_is_kept() {
    let (dir, files) = written([6, 5, 10]);
    let whole = one(dir.path());
    std::fs::remove_file(&files[5]).unwrap();
    let volume = one(dir.path());
    let message = severe(&volume, FindingCode::MissingSlice);
    assert!(message.contains("instance 5") && message.contains("instance 7"), "{message}");
    let expected = format!("expected at {:.3} mm", whole.slices[5].along_mm);
    assert!(message.contains(&expected), "{expected} in {message}");
    assert_eq!((volume.entry.size, volume.files.len()), ([6, 5, 10], 9));
    assert!(volume.volume.grid().center().distance(whole.volume.grid().center()) < 1e-6);
    assert_eq!(
        volume.volume.value(3, 3, 9),
        whole.volume.value(3, 3, 9),
        "slices after the gap stay in place"
    );
    let between = f32::midpoint(whole.volume.value(3, 3, 4), whole.volume.value(3, 3, 6));
    assert!((volume.volume.value(3, 3, 5) - between).abs() <= 0.5, "the gap is interpolated");
}

/// Moves slice k (from 0) by `mm` along `direction`.
fn shift(path: &Path, by: [f64; 3]) {
    edit(path, |object| {
        let old = object.get(tags::IMAGE_POSITION_PATIENT).unwrap().to_multi_float64().unwrap();
        let new: Vec<String> = old.iter().zip(by).map(|(v, d)| format!("{:.6}", v + d)).collect();
        object.put(DataElement::new(
            tags::IMAGE_POSITION_PATIENT,
            VR::DS,
            PrimitiveValue::from(new.join("\\")),
        ));
    });
}

fn axial(size: [usize; 3]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let files = write_series(&volume(grid(size, 0.0)), &info("axial"), dir.path()).unwrap();
    (dir, files)
}

#[test]
fn variable_spacing_is_severe_and_laid_onto_equal_steps() {
    let (dir, files) = axial([4, 4, 9]);
    for (k, file) in files.iter().enumerate().skip(5) {
        shift(file, [0.0, 0.0, 0.4 * (k - 4) as f64]);
    }
    let volume = one(dir.path());
    let message = severe(&volume, FindingCode::VariableSpacing);
    assert!(message.contains("1.650 mm between instance 5") && message.contains("instance 6"), "{message}");
    let grid = volume.volume.grid();
    let last = grid.lps_from_ijk() * Point::new(0.0, 0.0, 8.0);
    assert!(
        (last.z() - (-30.125 + 8.0 * 1.25 + 4.0 * 0.4)).abs() < 1e-6,
        "the last slice lies where it was taken"
    );
}

#[test]
fn float_noise_of_positions_is_no_finding() {
    let (dir, files) = axial([4, 4, 9]);
    for (k, file) in files.iter().enumerate() {
        shift(file, [0.0, 0.0, if k % 2 == 0 { 1e-3 } else { -1e-3 }]);
    }
    assert_eq!(codes(&one(dir.path())), []);
}

#[test]
fn a_tilted_gantry_is_severe_and_kept_as_a_sheared_grid() {
    let (dir, files) = axial([4, 4, 9]);
    for (k, file) in files.iter().enumerate() {
        shift(file, [0.0, 0.3 * k as f64, 0.0]);
    }
    let volume = one(dir.path());
    let message = severe(&volume, FindingCode::GantryTilt);
    assert!(message.contains("2.40 mm") && message.contains("13.5 degrees"), "{message}");
    let p = volume.volume.grid().lps_from_ijk() * Point::new(0.0, 0.0, 8.0);
    assert!(p.distance(Point::new(-10.25, 20.5 + 2.4, -20.125)) < 1e-5, "{p:?}");
}

#[test]
fn two_slices_at_one_position() {
    let (dir, files) = axial([4, 4, 5]);
    let copy = dir.path().join("copy.dcm");
    std::fs::copy(&files[2], &copy).unwrap();
    let same = one(dir.path());
    let found = same.entry.findings.iter().find(|f| f.code == FindingCode::DuplicateSlice).unwrap();
    assert_eq!(found.severity, Severity::Warning);
    edit(&copy, |object| {
        object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16((0..16).collect())));
    });
    let message = severe(&one(dir.path()), FindingCode::DuplicateSlice);
    assert!(message.contains("instance 3") && message.contains("different pixels"), "{message}");
}

#[test]
fn a_slice_of_another_kind_is_kept_apart() {
    type Change = fn(&Path);
    let cases: [(FindingCode, Change); 3] = [
        (FindingCode::MixedOrientation, |p| {
            set(p, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\0.9998477\\0.0174524");
        }),
        (FindingCode::MixedFrameOfReference, |p| set(p, tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.9.9")),
        (FindingCode::MixedSize, |p| {
            edit(p, |object| {
                object.put(DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(2_u16)));
            });
        }),
    ];
    for (code, change) in cases {
        let (dir, files) = axial([4, 4, 6]);
        change(&files[2]);
        let import = read(dir.path());
        let [volume] = import.volumes.as_slice() else { panic!("{code}: {} volumes", import.volumes.len()) };
        assert!(codes(volume).contains(&code), "{code}: {:?}", volume.entry.findings);
        assert!(severe(volume, FindingCode::MissingSlice).contains("instance 4"), "{code}");
        assert_eq!(import.other.len(), 1, "{code}");
    }
}

#[test]
fn two_series_in_one_folder_are_two_volumes() {
    let dir = tempfile::tempdir().unwrap();
    for (seed, name) in [("one", "a"), ("two", "b")] {
        write_series(&volume(grid([4, 4, 5], 0.2)), &info(seed), &dir.path().join(name)).unwrap();
    }
    let import = read(dir.path());
    assert_eq!(import.volumes.len(), 2);
    assert_ne!(import.volumes[0].entry.id, import.volumes[1].entry.id);
    assert!(import.volumes.iter().all(|v| v.entry.findings.is_empty()));
}

#[test]
fn phases_at_the_same_positions_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    for phase in ["1", "2"] {
        let folder = dir.path().join(phase);
        for file in write_series(&volume(grid([4, 4, 5], 0.0)), &info("phases"), &folder).unwrap() {
            set(&file, tags::TEMPORAL_POSITION_IDENTIFIER, VR::IS, phase);
        }
    }
    let import = read(dir.path());
    assert_eq!(import.volumes.len(), 2);
    assert!(import.volumes.iter().all(|v| v.entry.findings.is_empty() && v.entry.size == [4, 4, 5]));
}

#[test]
fn rescale_per_slice_is_applied_and_named() {
    let (dir, files) = axial([4, 4, 5]);
    let before = one(dir.path());
    set(&files[2], tags::RESCALE_SLOPE, VR::DS, "2");
    let after = one(dir.path());
    assert_eq!(codes(&after), [FindingCode::PerSliceRescale]);
    assert!(after.entry.findings[0].message.contains("instance 3"));
    assert_eq!(after.volume.value(1, 1, 2), 2.0 * before.volume.value(1, 1, 2));
    assert_eq!(after.volume.value(1, 1, 3), before.volume.value(1, 1, 3));
    set(&files[2], tags::RESCALE_SLOPE, VR::DS, "0.5");
    let half = one(dir.path());
    assert!(matches!(half.volume.voxels(), Voxels::F32(_)), "halves are no integers");
    assert_eq!(half.volume.value(1, 1, 2), 0.5 * before.volume.value(1, 1, 2));
}

#[test]
fn spacing_that_is_missing_or_absurd_is_severe() {
    for text in ["", "0\\0", "-1\\1", "NaN\\NaN", "0,5\\0,5", "0.5"] {
        let (dir, files) = axial([4, 4, 3]);
        for file in &files {
            set(file, tags::PIXEL_SPACING, VR::DS, text);
        }
        let volume = one(dir.path());
        severe(&volume, FindingCode::NoSpacing);
        assert_eq!(volume.entry.spacing_mm[..2], [1.0, 1.0], "{text}");
    }
}

#[test]
fn slices_that_cannot_be_placed_or_valued_are_refused() {
    type Change = fn(&mut InMemDicomObject);
    let cases: [(&str, Change); 8] = [
        ("Image Position", |o| {
            o.remove_element(tags::IMAGE_POSITION_PATIENT);
        }),
        ("perpendicular", |o| {
            o.put(DataElement::new(
                tags::IMAGE_ORIENTATION_PATIENT,
                VR::DS,
                PrimitiveValue::from("1\\0\\0\\1\\0\\0"),
            ));
        }),
        ("Rescale", |o| {
            o.put(DataElement::new(tags::RESCALE_SLOPE, VR::DS, PrimitiveValue::from("0")));
        }),
        ("Rescale", |o| {
            o.put(DataElement::new(tags::RESCALE_INTERCEPT, VR::DS, PrimitiveValue::from("1,5")));
        }),
        ("bits stored", |o| {
            o.put(DataElement::new(tags::BITS_STORED, VR::US, PrimitiveValue::from(20_u16)));
        }),
        ("bits stored", |o| {
            o.put(DataElement::new(tags::HIGH_BIT, VR::US, PrimitiveValue::from(11_u16)));
        }),
        ("is no image", |o| {
            o.put(DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(0_u16)));
        }),
        ("need", |o| {
            o.put(DataElement::new(tags::ROWS, VR::US, PrimitiveValue::from(400_u16)));
        }),
    ];
    for (word, change) in cases {
        let (dir, files) = axial([4, 4, 5]);
        edit(&files[2], change);
        let import = read(dir.path());
        let [rejected] = import.rejected.as_slice() else { panic!("{word}: {:?}", import.rejected) };
        assert!(
            rejected.reason.en.contains(word) && rejected.path == files[2],
            "{word}: {}",
            rejected.reason
        );
        let [volume] = import.volumes.as_slice() else { panic!("{word}") };
        let severe = volume.entry.findings.iter().filter(|f| f.severity == Severity::Severe);
        assert!(
            severe.clone().any(|f| f.message.contains("instance 3")),
            "{word}: {:?}",
            volume.entry.findings
        );
    }
}

#[test]
fn a_truncated_slice_is_severe_for_its_series() {
    let (dir, files) = axial([4, 4, 5]);
    let whole = std::fs::read(&files[4]).unwrap();
    std::fs::write(&files[4], &whole[..whole.len() - 6]).unwrap();
    let import = read(dir.path());
    let message = severe(&import.volumes[0], FindingCode::Truncated);
    assert!(message.contains("instance 5") && message.contains("left out"), "{message}");
    assert!(import.findings.iter().any(|f| f.code == FindingCode::Truncated));
    assert_eq!(import.rejected.len(), 1);
    assert_eq!(import.volumes[0].entry.size, [4, 4, 4], "at the end of the stack no gap would tell");
}

#[test]
fn an_inverted_grey_scale_without_unit_is_turned_over() {
    let (grid, voxels, mut meta) = volume(grid([4, 4, 3], 0.0)).into_parts();
    (meta.modality, meta.unit) = ("MR".to_owned(), String::new());
    let volume = Volume::new(grid, voxels, meta).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for file in write_series(&volume, &info("inverted"), dir.path()).unwrap() {
        set(&file, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1");
    }
    let back = one(dir.path());
    assert_eq!(back.volume.value(1, 2, 1), -1.0 - volume.value(1, 2, 1));
}

#[test]
fn instance_numbers_decide_nothing() {
    let (dir, files) = axial([4, 4, 5]);
    let before = one(dir.path());
    for file in &files {
        set(file, tags::INSTANCE_NUMBER, VR::IS, "1");
    }
    let after = one(dir.path());
    assert_eq!(after.volume.voxels(), before.volume.voxels());
    for (k, file) in files.iter().enumerate() {
        set(file, tags::INSTANCE_NUMBER, VR::IS, &(9 - k).to_string());
    }
    let reversed = one(dir.path());
    assert_eq!(reversed.volume.voxels(), before.volume.voxels());
    assert_eq!(codes(&reversed), [FindingCode::ReversedOrder]);
}

#[test]
fn stored_forms_of_samples() {
    // Unsigned 12 bit with an intercept; padding; MONOCHROME1 changes neither, for CT values are physical.
    let (dir, files) = axial([4, 4, 3]);
    for file in &files {
        edit(file, |object| {
            let pixels = (0..16_u16).map(|n| n * 100).collect();
            object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels)));
            object.put(DataElement::new(tags::BITS_STORED, VR::US, PrimitiveValue::from(12_u16)));
            object.put(DataElement::new(tags::HIGH_BIT, VR::US, PrimitiveValue::from(11_u16)));
            object.put(DataElement::new(tags::PIXEL_REPRESENTATION, VR::US, PrimitiveValue::from(0_u16)));
            object.put(DataElement::new(tags::RESCALE_INTERCEPT, VR::DS, PrimitiveValue::from("-1024")));
            object.put(DataElement::new(tags::PIXEL_PADDING_VALUE, VR::US, PrimitiveValue::from(1500_u16)));
            object.put(DataElement::new(
                tags::PHOTOMETRIC_INTERPRETATION,
                VR::CS,
                PrimitiveValue::from("MONOCHROME1"),
            ));
        });
    }
    let volume = one(dir.path());
    assert_eq!(volume.entry.range, [-1024.0, 476.0]);
    assert_eq!(volume.volume.value(1, 0, 0), -924.0);
    assert_eq!(codes(&volume), [FindingCode::PaddingValue]);
    assert!(volume.entry.findings[0].message.starts_with("3 voxels"), "{:?}", volume.entry.findings);
}

#[test]
fn values_beyond_sixteen_bits_become_floats() {
    let (dir, files) = axial([4, 4, 3]);
    for file in &files {
        set(file, tags::RESCALE_INTERCEPT, VR::DS, "40000");
    }
    let volume = one(dir.path());
    assert!(matches!(volume.volume.voxels(), Voxels::F32(_)));
    assert_eq!(volume.entry.range[0], 40000.0 - 1024.0);
}

#[test]
fn cancelling_and_empty_folders() {
    let (dir, _) = axial([4, 4, 3]);
    let flag = CancelFlag::default();
    flag.cancel();
    assert!(matches!(read_paths(&[dir.path().to_owned()], &flag), Err(ImportError::Cancelled(_))));
    let empty = tempfile::tempdir().unwrap();
    let error = read_paths(&[empty.path().to_owned()], &meshing_volume::Silent).unwrap_err();
    assert!(matches!(error, ImportError::NoFiles { .. }), "{error}");
    std::fs::write(empty.path().join("note.txt"), "no images here").unwrap();
    let error = read_paths(&[empty.path().to_owned()], &meshing_volume::Silent).unwrap_err();
    let ImportError::NoDicom { files: 1, .. } = &error else { panic!("{error}") };
    assert!(error.to_string().contains("Nothing was imported"), "{error}");
    let error = read_paths(&[empty.path().join("missing")], &meshing_volume::Silent).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}
