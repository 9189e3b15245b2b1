//! Forms, units, scales and refusals of NIfTI.

use meshing_volume::formats::{Format, RemarkKind, Weight};
use meshing_volume::{Silent, Voxels};

use crate::made::{Nifti, Placed, SIZE, SPACING, packed, shorts, values};
use crate::{frames, one, opened, refusal, weight};

const NIFTI: Format = Format::Nifti;

fn plain() -> Nifti {
    Nifti::new(SIZE, shorts()).sformed(&Placed::all()[0])
}

/// The qform of a turn by 90 degrees about the axis to the head: b = c = 0, d = sin 45°.
#[test]
fn a_qform_turns_and_mirrors_as_the_standard_says() {
    let mut file = Nifti::new(SIZE, shorts());
    file.codes = [1, 0];
    file.quaternion = [0.0, 0.0, std::f64::consts::FRAC_1_SQRT_2];
    file.offset = [1.0, 2.0, 3.0];
    for qfac in [1.0, -1.0] {
        file.pixdim[0] = qfac;
        // In RAS i runs to the front, j to the left, k to the head (or feet).
        let [i, j, k] = SPACING;
        let place = Placed {
            origin: [-1.0, -2.0, 3.0],
            steps: [[0.0, -i, 0.0], [j, 0.0, 0.0], [0.0, 0.0, k * qfac]],
        };
        let frame = one(NIFTI, &file.bytes());
        place.is_that_of(frame.content.grid(), 1e-5);
        assert_eq!(frame.remarks, []);
    }
    file.quaternion = [0.9, 0.9, 0.0];
    assert!(refusal(frames(NIFTI, &file.bytes())).contains("rotation"));
}

/// Half turns in 32 bits: what rounding leaves of the quaternion's first part must not turn the grid.
#[test]
fn a_half_turn_in_32_bits_stays_one() {
    let mut file = Nifti::new(SIZE, shorts());
    file.codes = [1, 0];
    let half = std::f64::consts::FRAC_1_SQRT_2;
    for quaternion in [[half, half, 0.0], [half, 0.0, -half], [0.0, half, half]] {
        file.quaternion = quaternion;
        let [i, j, k] = one(NIFTI, &file.bytes()).content.grid().direction();
        for axis in [i, j, k] {
            let shares = axis.to_array().map(f64::abs);
            assert!(shares.iter().all(|s| *s < 1e-7 || *s > 1.0 - 1e-7), "{quaternion:?}: {axis:?}");
        }
    }
}

#[test]
fn forms_that_disagree_are_told_and_the_sform_rules() {
    let mut file = plain();
    file.codes = [1, 1];
    // The qform says RAS without a turn; the sform of the first order is LPS: both mirror nothing, but turn.
    let frame = one(NIFTI, &file.bytes());
    Placed::all()[0].is_that_of(frame.content.grid(), 1e-5);
    assert_eq!(weight(&frame, RemarkKind::ConflictingGeometry), Some(Weight::Severe));
    // The same place said twice: a half turn about the axis to the head.
    file.quaternion = [0.0, 0.0, 1.0];
    file.offset = Placed::all()[0].ras().origin;
    assert_eq!(one(NIFTI, &file.bytes()).remarks, []);
    // Moved by 3 mm in another space: a warning. Mirrored: severe whatever the spaces.
    file.offset[0] += 3.0;
    file.codes = [1, 2];
    assert_eq!(weight(&one(NIFTI, &file.bytes()), RemarkKind::ConflictingGeometry), Some(Weight::Warning));
    file.pixdim[0] = -1.0;
    let frame = one(NIFTI, &file.bytes());
    assert_eq!(weight(&frame, RemarkKind::ConflictingGeometry), Some(Weight::Severe));
    assert!(frame.remarks.iter().any(|r| r.message.en.contains("mirrors")));
}

#[test]
fn without_a_form_sides_are_unknown() {
    let frame = one(NIFTI, &Nifti::new(SIZE, shorts()).bytes());
    assert_eq!(weight(&frame, RemarkKind::UnknownOrientation), Some(Weight::Severe));
    assert_eq!(frame.content.grid().spacing_mm(), SPACING);
}

#[test]
fn an_atlas_is_not_the_patient() {
    let mut file = plain();
    file.codes = [0, 4];
    assert_eq!(weight(&one(NIFTI, &file.bytes()), RemarkKind::EstimatedSpacing), Some(Weight::Severe));
}

#[test]
fn units_are_converted() {
    let place = Placed::all()[0];
    for (units, factor) in [(1_u8, 1e-3), (3, 1e3)] {
        let scaled = Placed {
            origin: place.origin.map(|x| x * factor),
            steps: place.steps.map(|s| s.map(|x| x * factor)),
        };
        let mut file = Nifti::new(SIZE, shorts()).sformed(&scaled);
        file.units = units | 8;
        for n in 1..4 {
            file.pixdim[n] *= factor;
        }
        let frame = one(NIFTI, &file.bytes());
        place.is_that_of(frame.content.grid(), 1e-4);
        assert_eq!(frame.remarks, []);
    }
    let mut file = plain();
    file.units = 0;
    assert_eq!(weight(&one(NIFTI, &file.bytes()), RemarkKind::EstimatedSpacing), Some(Weight::Warning));
    file.units = 5;
    assert!(refusal(frames(NIFTI, &file.bytes())).contains("unit of length"));
}

#[test]
fn a_shear_is_kept_and_severe() {
    let mut place = Placed::all()[0];
    place.steps[2] = [0.0, 0.8, 2.4];
    let mut file = Nifti::new(SIZE, shorts()).sformed(&place);
    file.pixdim[3] = place.steps[2][1].hypot(place.steps[2][2]);
    let frame = one(NIFTI, &file.bytes());
    place.is_that_of(frame.content.grid(), 1e-5);
    assert_eq!(weight(&frame, RemarkKind::ShearedAxes), Some(Weight::Severe));
}

#[test]
fn scale_is_applied_and_integers_stay_integers() {
    let mut file = plain();
    file.scale = [2.0, -1024.0];
    let wanted: Vec<i16> = values().iter().map(|v| *v as i16 * 2 - 1024).collect();
    assert_eq!(one(NIFTI, &file.bytes()).content.voxels(), &Voxels::I16(wanted));
    file.scale = [0.1, 0.0];
    let frame = one(NIFTI, &file.bytes());
    assert_eq!(weight(&frame, RemarkKind::ChangedValues), Some(Weight::Info));
    assert!((frame.content.value(1, 0, 0) - 0.8).abs() < 1e-6);
    for none in [[0.0, 5.0], [f64::NAN, f64::NAN], [1.0, 0.0]] {
        file.scale = none;
        assert_eq!(one(NIFTI, &file.bytes()).content.value(0, 0, 0), 3.0);
    }
    file.scale = [f64::INFINITY, 0.0];
    assert!(refusal(frames(NIFTI, &file.bytes())).contains("scl_slope"));
}

#[test]
fn values_that_do_not_fit_become_floats_and_say_so() {
    let mut numbers = values();
    numbers[20] = 40_000.0;
    let mut file = plain();
    (file.data, file.datatype) = (packed(&numbers, "u16", false), 512);
    let frame = one(NIFTI, &file.bytes());
    assert_eq!(frame.content.voxels(), &Voxels::F32(numbers.iter().map(|v| *v as f32).collect()));
    assert_eq!(weight(&frame, RemarkKind::ChangedValues), Some(Weight::Info));
    numbers[20] = 16_777_217.0;
    (file.data, file.datatype, file.bits) = (packed(&numbers, "i32", false), 8, 32);
    let frame = one(NIFTI, &file.bytes());
    assert!(frame.remarks.iter().any(|r| r.message.en.contains("rounded")), "{:?}", frame.remarks);
    numbers[20] = f64::NAN;
    numbers[21] = f64::INFINITY;
    (file.data, file.datatype) = (packed(&numbers, "f32", false), 16);
    let frame = one(NIFTI, &file.bytes());
    assert!(frame.remarks.iter().any(|r| r.message.en.starts_with("2 voxels")), "{:?}", frame.remarks);
    assert_eq!(frame.content.range(), (3.0, 118.0));
}

#[test]
fn time_points_become_volumes() {
    let mut file = plain();
    file.dim = [4, 4, 3, 2, 3, 1, 1, 1];
    file.data = [shorts(), packed(&[7.0; 24], "i16", false), packed(&[40_000.0; 24], "u16", false)].concat();
    let frames = frames(NIFTI, &file.bytes()).unwrap();
    let first: Vec<f32> = frames.iter().map(|f| f.content.value(0, 0, 0)).collect();
    assert_eq!(first, [3.0, 7.0, -25_536.0]);
    assert_eq!(frames[1].name, "time point 2 of 3");
}

#[test]
fn labels_are_read_as_labels_or_refused() {
    let mut file = plain();
    file.intent = 1002;
    let bytes = file.bytes();
    let opened_file = opened(NIFTI, &bytes).unwrap();
    assert!(opened_file.header().labels);
    let maps = opened_file.labels(&Silent).unwrap();
    assert_eq!(maps[0].content.labels(), values().iter().map(|v| *v as u8).collect::<Vec<_>>());
    file.scale = [1.0, 0.5];
    let bytes = file.bytes();
    assert!(refusal(opened(NIFTI, &bytes).unwrap().labels(&Silent)).contains("3.5 is not a label"));
    (file.scale, file.data) = ([0.0; 2], packed(&[256.0; 24], "i16", false));
    let bytes = file.bytes();
    assert!(refusal(opened(NIFTI, &bytes).unwrap().labels(&Silent)).contains("256 is not a label"));
}

#[test]
fn what_is_not_read_is_refused_in_a_sentence() {
    let with = |change: fn(&mut Nifti)| {
        let mut file = plain();
        change(&mut file);
        refusal(frames(NIFTI, &file.bytes()))
    };
    for (change, part) in [
        ((|f| (f.datatype, f.bits) = (128, 24)) as fn(&mut Nifti), "RGB colours"),
        (|f| (f.datatype, f.bits) = (2304, 32), "RGB colours"),
        (|f| (f.datatype, f.bits) = (32, 64), "complex"),
        (|f| (f.datatype, f.bits) = (1, 1), "single bits"),
        (|f| f.datatype = 77, "datatype"),
        (|f| f.bits = 8, "bitpix"),
        (|f| f.magic = b"ni1\0", ".hdr and .img pair"),
        (|f| f.magic = b"\0\0\0\0", "Analyze"),
        (|f| f.magic = b"n+7\0", "magic"),
        (|f| f.dim[0] = 9, "dim"),
        (|f| f.dim[1] = 0, "dim"),
        (|f| f.dim[2] = -3, "dim"),
        (|f| f.dim = [5, 4, 3, 2, 1, 3, 1, 1], "more than one value"),
        (|f| f.intent = 1007, "vectors"),
        (|f| f.pixdim[2] = 0.0, "pixdim"),
        (|f| f.pixdim[2] = -1.0, "pixdim"),
        (|f| f.pixdim[1] = f64::NAN, "pixdim"),
        (|f| f.sform[0][3] = f64::NAN, "nowhere"),
        (|f| f.sform[0][0] = f64::INFINITY, "spacing"),
        (|f| f.sform = [[0.0; 4]; 3], "spacing of 0 mm"),
        (|f| (0..3).for_each(|row| f.sform[row][1] = f.sform[row][0]), "impossible"),
        (|f| f.vox_offset = Some(100.0), "vox_offset"),
        (|f| f.vox_offset = Some(f64::NAN), "vox_offset"),
        (|f| f.vox_offset = Some(1e9), "declares"),
        (|f| f.data.truncate(47), "at most 47 are there"),
        (|f| f.dim = [3, 32_000, 32_000, 4, 1, 1, 1, 1], "at most 48 are there"),
        (|f| f.dim = [3, 32_000, 32_000, 32_000, 1, 1, 1, 1], "more than the limit"),
    ] {
        let said = with(change);
        assert!(said.contains(part), "{part:?} in {said}");
        assert!(said.len() > 60 && said.ends_with('.'), "a paragraph: {said}");
    }
}

#[test]
fn bytes_too_many_are_told() {
    let mut file = plain();
    file.data.extend([0; 10]);
    let frame = one(NIFTI, &file.bytes());
    assert!(frame.remarks.iter().any(|r| r.message.en.contains("10 bytes more")), "{:?}", frame.remarks);
}
