//! The shared real scans: dimensions, geometry and findings as measured with other software.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use casebank_case::{FindingCode, Severity};
use casebank_dicom::{Import, ReadVolume};
use meshing_space::{Ijk, Lps, Point};
use tools_peers::data::archive;

use crate::support::{codes, read, severe};

fn all_codes(import: &Import) -> BTreeSet<FindingCode> {
    let folder = import.findings.iter().map(|f| f.code);
    folder.chain(import.volumes.iter().flat_map(codes)).collect()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance), "{a:?} is not {b:?}");
}

/// Asserts what must be reported for an archive, and what must not be for its volumes.
fn expect(import: &Import, must: &str, must_not: &str) {
    let there = all_codes(import);
    for code in must.split_whitespace() {
        let code: FindingCode = code.parse().unwrap();
        assert!(there.contains(&code), "{code} must be reported, but only {there:?} are");
    }
    for volume in &import.volumes {
        for code in must_not.split_whitespace() {
            let code: FindingCode = code.parse().unwrap();
            assert!(
                !codes(volume).contains(&code),
                "{code} must not be reported: {:?}",
                volume.entry.findings
            );
        }
    }
}

#[test]
fn chest_ct() {
    let Some(dir) = archive("ct_chest_lidc0314") else { return };
    let import = read(&dir);
    expect(
        &import,
        "reversed_order",
        "gantry_tilt variable_spacing missing_slice duplicate_slice mixed_orientation mixed_size \
         mixed_frame_of_reference truncated",
    );
    let [volume] = import.volumes.as_slice() else { panic!("{} volumes", import.volumes.len()) };
    let entry = &volume.entry;
    assert_eq!((entry.modality.as_str(), entry.unit.as_str()), ("CT", "HU"));
    assert_eq!(entry.size, [512, 512, 275]);
    close(&entry.spacing_mm, &[0.78125, 0.78125, 1.0], 1e-6);
    close(&entry.direction, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 1e-9);
    close(&entry.origin_lps_mm[2..], &[-679.8], 1e-3);
    close(&[volume.volume.grid().center().z()], &[(-679.8 - 405.8) / 2.0], 1e-3);
    close(&entry.range, &[-1000.0, 1979.0], 0.0);
    assert_eq!(volume.files.len(), 275);
    assert!(volume.slices.windows(2).all(|w| w[1].along_mm > w[0].along_mm));
    assert!(entry.findings.iter().all(|f| f.severity == Severity::Info), "{:?}", entry.findings);
}

#[test]
fn oblique_head_mr() {
    let Some(dir) = archive("mr_head_t1") else { return };
    let import = read(&dir);
    expect(
        &import,
        "",
        "gantry_tilt variable_spacing missing_slice duplicate_slice mixed_orientation mixed_size truncated",
    );
    let [volume] = import.volumes.as_slice() else { panic!("{} volumes", import.volumes.len()) };
    let entry = &volume.entry;
    assert_eq!((entry.modality.as_str(), entry.size), ("MR", [274, 384, 384]));
    close(&entry.spacing_mm, &[0.69999, 0.6667, 0.667], 5e-4);
    let d = &entry.direction;
    close(&[d[0], d[3], d[6], d[1], d[4], d[7]], &[0.999, -0.022, 0.038, 0.027, 0.991, -0.128], 6e-4);
    close(&entry.range, &[0.0, 278.0], 0.0);
}

#[test]
fn tilted_head_ct_with_variable_spacing_is_severe_and_names_slices() {
    let Some(dir) = archive("ct_head_tilt_varspacing_ge") else { return };
    let import = read(&dir);
    expect(&import, "gantry_tilt variable_spacing", "duplicate_slice mixed_size");
    let [volume] = import.volumes.as_slice() else { panic!("{} volumes", import.volumes.len()) };
    assert_eq!(volume.entry.size, [512, 512, 28]);
    close(&volume.entry.spacing_mm[..2], &[0.4882812; 2], 1e-6);
    close(&volume.entry.range[..1], &[-1500.0], 0.0);
    let tilt = severe(volume, FindingCode::GantryTilt);
    assert!(tilt.contains("18.5 degrees") && tilt.contains("instance 28"), "{tilt}");
    let spacing = severe(volume, FindingCode::VariableSpacing);
    for part in ["4.002", "1.081 mm between instance 14", "6.999 mm between instance 15", "instance 16"] {
        assert!(spacing.contains(part), "{part} in {spacing}");
    }
    // Both ends of the sheared grid lie where the first and last file say.
    let grid = volume.volume.grid();
    let first_and_last = [0.0, 27.0].map(|k| grid.lps_from_ijk() * Point::new(0.0, 0.0, k));
    let step = first_and_last[1] - first_and_last[0];
    let normal = grid.direction()[0].cross(grid.direction()[1]);
    let along: Vec<f64> = volume.slices.iter().map(|s| s.along_mm).collect();
    close(&[step.dot(normal)], &[along[27] - along[0]], 1e-6);
}

#[test]
fn mixed_folder_lists_what_is_no_slice() {
    let Some(dir) = archive("ct_headphantom_multiseries") else { return };
    let import = read(&dir);
    expect(&import, "localizer secondary_capture", "missing_slice");
    let [volume] = import.volumes.as_slice() else { panic!("{} volumes", import.volumes.len()) };
    assert_eq!(volume.entry.size, [512, 512, 28]);
    close(&volume.entry.spacing_mm, &[0.451171875, 0.451171875, 5.0], 1e-6);
    close(&volume.entry.range, &[-1024.0, 782.0], 0.0);
    assert_eq!(volume.entry.findings, []);
    let count = |what: &str| import.other.iter().filter(|o| o.what.en.contains(what)).count();
    assert_eq!((count("localizer"), count("secondary capture"), count("DICOMDIR")), (1, 6, 3));
    assert_eq!(import.rejected, []);
}

#[test]
fn synthetic_phantom_has_no_severe_findings() {
    let Some(dir) = archive("synth_phantom_a") else { return };
    let import = read(&dir);
    expect(
        &import,
        "",
        "gantry_tilt variable_spacing missing_slice duplicate_slice mixed_orientation mixed_size",
    );
    let [volume] = import.volumes.as_slice() else { panic!("{} volumes", import.volumes.len()) };
    assert_eq!(volume.entry.size, [160, 160, 100]);
    close(&volume.entry.spacing_mm, &[0.8, 0.8, 1.25], 1e-6);
    assert_eq!(volume.patient.expose().name, "Zhang^SanFeng=张^三丰");
    assert!(!format!("{import:?}").contains("Zhang"), "a name must not be printed");
    let what: Vec<&str> = import.other.iter().map(|o| o.what.en.as_str()).collect();
    assert_eq!(what, ["encapsulated PDF", "encapsulated STL surface", "segmentation (SEG)"]);
}

fn of<'a>(import: &'a Import, modality: &str) -> &'a ReadVolume {
    import.volumes.iter().find(|v| v.entry.modality == modality).expect("the modality is there")
}

#[test]
fn ct_mr_and_pet_of_one_patient() {
    let Some(dir) = archive("sts_ct_mr_pet_rtstruct") else { return };
    for (patient, sizes) in [
        ("STS_001", [[198, 202, 59], [174, 158, 59], [41, 43, 59]]),
        ("STS_028", [[173, 176, 68], [123, 134, 68], [33, 33, 68]]),
    ] {
        let import = read(&dir.join(patient));
        expect(&import, "", "gantry_tilt missing_slice duplicate_slice mixed_size");
        assert_eq!(import.volumes.len(), 3, "{patient}");
        for (modality, size) in ["CT", "MR", "PT"].into_iter().zip(sizes) {
            assert_eq!(of(&import, modality).entry.size, size, "{patient} {modality}");
        }
        close(&of(&import, "CT").entry.spacing_mm, &[0.977, 0.977, 3.27], 1e-3);
        assert_eq!(of(&import, "CT").entry.unit, "HU");
        let structures = import.other.iter().filter(|o| o.what.en.contains("RTSTRUCT")).count();
        assert!(structures >= 1, "{patient}: {:?}", import.other);
        for (modality, mask) in [("CT", "CT"), ("MR", "MR_T1"), ("PT", "PET")] {
            let ours = corners(
                |ijk| of(&import, modality).volume.grid().lps_from_ijk() * ijk,
                of(&import, modality).entry.size,
            );
            let theirs = nifti_corners(&dir.join(patient).join("nifti").join(format!("{mask}_mask.nii.gz")));
            for corner in ours {
                let apart = theirs.iter().map(|c| c.distance(corner)).fold(f64::INFINITY, f64::min);
                assert!(apart < 0.05, "{patient} {modality}: {corner:?} lies {apart} mm from {theirs:?}");
            }
        }
    }
}

/// Centres of the eight corner voxels.
fn corners(lps: impl Fn(Point<Ijk>) -> Point<Lps>, size: [usize; 3]) -> Vec<Point<Lps>> {
    let end = size.map(|n| (n - 1) as f64);
    (0..8)
        .map(|c| lps(Point::from_array(std::array::from_fn(|axis| end[axis] * f64::from(c >> axis & 1)))))
        .collect()
}

/// The same of a NIfTI-1 file, whose axes may run the other way.
fn nifti_corners(path: &Path) -> Vec<Point<Lps>> {
    let compressed = std::fs::read(path).unwrap();
    let mut header = [0_u8; 352];
    flate2::read::GzDecoder::new(compressed.as_slice()).read_exact(&mut header).unwrap();
    let float = |at: usize| f64::from(f32::from_le_bytes(header[at..at + 4].try_into().unwrap()));
    let dim = |n: usize| usize::from(u16::from_le_bytes(header[40 + 2 * n..42 + 2 * n].try_into().unwrap()));
    let size = [dim(1), dim(2), dim(3)];
    // These files place by q-form: a quaternion at byte 256, the offset after it, spacings from byte 80 and the
    // handedness at byte 76. NIfTI is RAS, so x and y change sign.
    let [b, c, d] = [256, 260, 264].map(float);
    let a = (1.0 - b * b - c * c - d * d).max(0.0).sqrt();
    let turn = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let step = [float(80), float(84), float(88) * if float(76) < 0.0 { -1.0 } else { 1.0 }];
    let ras = |p: Point<Ijk>, row: usize| {
        let sum: f64 = p.to_array().iter().zip(turn[row]).zip(step).map(|((p, t), s)| p * t * s).sum();
        sum + float(268 + 4 * row)
    };
    corners(|p| Point::new(-ras(p, 0), -ras(p, 1), ras(p, 2)), size)
}
