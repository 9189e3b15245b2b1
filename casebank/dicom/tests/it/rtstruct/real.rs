//! Structure sets of real patients against the masks of another program.

use std::io::Read as _;
use std::path::Path;

use casebank_dicom::objects::rtstruct::read;
use casebank_dicom::objects::seg::Onto;
use meshing_space::Point;
use meshing_volume::Grid;
use tools_peers::data::archive;

use super::LIMIT;
use crate::support;

/// LPS positions of the voxels of a NIfTI mask that are not 0.
fn nifti(path: &Path) -> Vec<Point<meshing_space::Lps>> {
    let mut raw = Vec::new();
    flate2::read::GzDecoder::new(std::fs::read(path).unwrap().as_slice()).read_to_end(&mut raw).unwrap();
    let float = |at: usize| f64::from(f32::from_le_bytes(raw[at..at + 4].try_into().unwrap()));
    let short = |at: usize| usize::from(u16::from_le_bytes(raw[at..at + 2].try_into().unwrap()));
    let (ni, nj) = (short(42), short(44));
    let bytes = short(72) / 8;
    // Placed by q-form; NIfTI is RAS, so x and y change sign.
    let [b, c, d] = [256, 260, 264].map(float);
    let a = (1.0 - b * b - c * c - d * d).max(0.0).sqrt();
    let turn = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let step = [float(80), float(84), float(88) * if float(76) < 0.0 { -1.0 } else { 1.0 }];
    let inside = |v: &[u8]| v.iter().any(|&byte| byte != 0);
    let values = raw[352..].chunks_exact(bytes).enumerate().filter(|(_, v)| inside(v));
    values
        .map(|(n, _)| {
            let ijk = [n % ni, n / ni % nj, n / (ni * nj)].map(|v| v as f64);
            let ras = |row: usize| {
                (0..3).map(|axis| turn[row][axis] * ijk[axis] * step[axis]).sum::<f64>()
                    + float(268 + 4 * row)
            };
            Point::new(-ras(0), -ras(1), ras(2))
        })
        .collect()
}

fn index(grid: &Grid, at: Point<meshing_space::Lps>) -> Option<usize> {
    let ijk = (grid.ijk_from_lps() * at).to_array().map(f64::round);
    let inside = ijk.iter().zip(grid.size()).all(|(&v, n)| v >= 0.0 && v < n as f64);
    let [i, j, k] = ijk.map(|v| v as usize);
    inside.then(|| grid.index(i, j, k))
}

#[test]
fn contours_of_tumours_give_the_masks_of_the_study() {
    let Some(dir) = archive("sts_ct_mr_pet_rtstruct") else { return };
    for (patient, modality, ml) in [
        ("STS_001", "CT", 365.3),
        ("STS_001", "MR_T1", 365.3),
        ("STS_001", "PET", 366.1),
        ("STS_028", "CT", 206.1),
        ("STS_028", "MR_T1", 206.1),
        ("STS_028", "PET", 205.5),
    ] {
        let inner = dir.join(patient);
        let folder = inner.join("dicom").join(modality);
        let import = support::read(&folder);
        let volume = &import.volumes[0];
        let onto = Onto { grid: volume.volume.grid(), frame_of_reference: &volume.entry.frame_of_reference };
        let file = std::fs::read(folder.join("mask/RS.dcm")).unwrap();
        let out = read(&file, &onto, LIMIT).unwrap();
        let theirs = nifti(&inner.join("nifti").join(format!("{modality}_mask.nii.gz")));
        let ours = out.maps[0].labels();
        let both = theirs.iter().filter(|&&at| index(onto.grid, at).is_some_and(|n| ours[n] != 0)).count();
        let volume_ml = out.segments[0].voxels as f64 * onto.grid.voxel_mm3() / 1000.0;
        let same = (both, out.segments[0].voxels);
        assert_eq!(same, (theirs.len(), theirs.len()), "{patient} {modality}: voxel for voxel");
        assert_eq!(out.findings, [], "{patient} {modality}");
        assert!((volume_ml - ml).abs() < 0.05, "{patient} {modality}: {volume_ml} mL");
    }
}
