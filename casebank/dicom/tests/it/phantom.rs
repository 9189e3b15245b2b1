//! Positions of known bodies in a real-world oblique series, in LPS millimetres.

use meshing_space::{Lps, Point};
use meshing_volume::Volume;
use tools_peers::data::archive;

use crate::support::read;

/// Centre of mass of the voxels above `level` within `radius_mm` of `near`, weighted by how far above they are.
fn centroid(volume: &Volume, near: Point<Lps>, radius_mm: f64, level: f64) -> Point<Lps> {
    let grid = volume.grid();
    let (mut sum, mut weight) = (meshing_space::Vector::<Lps>::zero(), 0.0);
    let [ni, nj, nk] = grid.size();
    for k in 0..nk {
        for j in 0..nj {
            for i in 0..ni {
                let p = grid.lps_from_ijk() * Point::new(i as f64, j as f64, k as f64);
                let above = f64::from(volume.value(i, j, k)) - level;
                if p.distance(near) <= radius_mm && above > 0.0 {
                    sum += (p - near) * above;
                    weight += above;
                }
            }
        }
    }
    assert!(weight > 0.0, "nothing above {level} near {near:?}");
    near + sum * (1.0 / weight)
}

#[test]
fn bodies_lie_where_the_truth_says() {
    let Some(dir) = archive("synth_phantom_a") else { return };
    let truth = find(&dir, "ground_truth.json");
    let truth: serde_json::Value = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
    let import = read(&dir);
    let volume = &import.volumes[0].volume;
    let point =
        |v: &serde_json::Value| Point::from_array(std::array::from_fn(|axis| v[axis].as_f64().unwrap()));
    let centres = &truth["centres_LPS_mm"];
    let check = |name: &str, at: Point<Lps>, radius_mm: f64, level: f64| {
        let found = centroid(volume, at, radius_mm, level);
        assert!(found.distance(at) < 0.3, "{name}: {found:?} instead of {at:?}");
    };
    check("large sphere", point(&centres["large sphere"]), 20.0, 350.0);
    check("small sphere", point(&centres["small sphere"]), 7.0, 200.0);
    let balls = centres["fiducials"].as_array().unwrap();
    assert_eq!(balls.len(), 6);
    for ball in balls {
        check("fiducial ball", point(ball), 5.0, 300.0);
    }
}

#[test]
fn origin_and_axes_agree_with_the_nifti_of_the_same_grid() {
    let Some(dir) = archive("synth_phantom_a") else { return };
    let compressed = std::fs::read(find(&dir, "labels.nii.gz")).unwrap();
    let mut header = [0_u8; 352];
    std::io::Read::read_exact(&mut flate2::read::GzDecoder::new(compressed.as_slice()), &mut header).unwrap();
    let float = |at: usize| f64::from(f32::from_le_bytes(header[at..at + 4].try_into().unwrap()));
    // The s-form rows of NIfTI-1 start at byte 280; NIfTI is RAS, so x and y change sign.
    let import = read(&dir);
    let grid = *import.volumes[0].volume.grid();
    for ijk in [[0.0, 0.0, 0.0], [159.0, 0.0, 0.0], [0.0, 159.0, 0.0], [0.0, 0.0, 99.0]] {
        let ras: Vec<f64> = (0..3)
            .map(|row| {
                float(280 + 16 * row + 12)
                    + (0..3).map(|c| float(280 + 16 * row + 4 * c) * ijk[c]).sum::<f64>()
            })
            .collect();
        let lps = grid.lps_from_ijk() * Point::from_array(ijk);
        assert!(
            lps.distance(Point::new(-ras[0], -ras[1], ras[2])) < 1e-3,
            "{ijk:?}: {lps:?}, NIfTI RAS {ras:?}"
        );
    }
}

fn find(dir: &std::path::Path, name: &str) -> std::path::PathBuf {
    let inner = dir.join("synth_phantom_a").join(name);
    if inner.is_file() { inner } else { dir.join(name) }
}
