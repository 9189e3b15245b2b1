//! What the voxels add up to, on straight and oblique grids.

use meshing_phantom::{Phantom, Sampling};
use meshing_space::{Lps, Point, Transform, Vector};
use meshing_volume::{CancelFlag, Cancelled, Grid, Silent, Volume};

fn oblique() -> Transform<Lps, Lps> {
    Transform::rotation(Vector::new(0.3, 0.5, 0.8), 0.5).expect("an axis")
}

/// Volume of a part from partial-volume voxels: each voxel counts by how far its value is on the way to the part's.
fn grey_mm3(volume: &Volume, background: f64, hu: f64) -> f64 {
    let share: f64 = (0..volume.grid().len())
        .map(|at| (f64::from(volume.value_at(at)) - background) / (hu - background))
        .sum();
    share * volume.grid().voxel_mm3()
}

#[test]
fn partial_volume_adds_up_to_the_true_volume() {
    for (name, limit) in
        [("sphere", 0.001), ("tilted_box", 0.001), ("helix_vessel", 0.002), ("asymmetric_f", 0.002)]
    {
        let phantom = Phantom::named(name).expect("known");
        let (part, background) = (&phantom.truth().parts[0], phantom.truth().background_hu);
        // Faces that run along the axes of a grid fall between sub-samples all at once: a coarser limit there.
        for (grid, limit) in [
            (phantom.default_grid(), limit),
            (phantom.grid([0.7, 0.9, 1.6], oblique()), limit),
            (phantom.grid([1.3, 1.1, 0.9], Transform::identity()), 0.02),
        ] {
            let measured = grey_mm3(&phantom.volume(&grid), background, part.hu);
            let truth = part.volume_mm3.expect("closed form");
            assert!((measured / truth - 1.0).abs() < limit, "{name}: {measured} mm3, truth {truth} mm3");
        }
    }
}

#[test]
fn labels_count_to_the_true_volume_of_every_part_that_has_one() {
    for (name, spacing) in [("head", 1.2), ("torso", 1.6), ("sphere", 0.5)] {
        let phantom = Phantom::named(name).expect("known");
        let grid = phantom.grid([spacing; 3], oblique());
        let labels = phantom.labels(&grid);
        let mut compared = 0;
        for part in &phantom.truth().parts {
            let label = phantom.truth().label(&part.name).expect("labelled");
            let measured = labels.volume_mm3(label);
            assert!(measured > 0.0, "{name}: {} is nowhere", part.name);
            if let Some(truth) = part.volume_mm3 {
                compared += 1;
                assert!(
                    (measured / truth - 1.0).abs() < 0.01,
                    "{name} {}: {measured} mm3, truth {truth}",
                    part.name
                );
            }
        }
        assert!(compared > 0, "{name} states no volume");
    }
}

#[test]
fn a_part_lies_about_its_centre() {
    for name in Phantom::NAMES {
        let phantom = Phantom::named(name).expect("known");
        let grid = phantom.default_grid();
        let labels = phantom.labels(&grid);
        for part in &phantom.truth().parts {
            let Some(centre) = part.centre else { continue };
            let label = phantom.truth().label(&part.name).expect("labelled");
            let (mut sum, mut count) = (Vector::zero(), 0.0);
            for (at, _) in labels.labels().iter().enumerate().filter(|(_, l)| **l == label) {
                let [si, sj, _] = grid.size();
                let ijk = [at % si, at / si % sj, at / si / sj].map(|n| n as f64);
                sum += (grid.lps_from_ijk() * Point::from_array(ijk)) - centre;
                count += 1.0;
            }
            assert!(
                (sum * (1.0 / count)).length() < 0.3,
                "{name} {}: off by {:?}",
                part.name,
                sum * (1.0 / count)
            );
        }
    }
}

/// Counts where straight lines cross the boundary (Cauchy–Crofton: a surface of area A in a bundle of parallel lines
/// d apart is crossed A/(2 d²) times on the average over all directions).
#[test]
fn the_skull_has_the_stated_area() {
    let phantom = Phantom::head();
    let truth = phantom.truth().part("skull").and_then(|p| p.area_mm2).expect("closed form");
    let (directions, apart, step) = (40, 4.0, 1.0);
    let mut estimates = 0.0;
    for n in 0..directions {
        // Directions spread evenly over the sphere (a Fibonacci lattice).
        let z = 1.0 - (2.0 * f64::from(n) + 1.0) / f64::from(directions);
        let turn = f64::from(n) * 2.399_963_229_728_653;
        let side = (1.0 - z * z).sqrt();
        let along = Vector::<Lps>::new(side * turn.cos(), side * turn.sin(), z);
        let helper = if z.abs() < 0.9 { Vector::new(0.0, 0.0, 1.0) } else { Vector::new(1.0, 0.0, 0.0) };
        let across = along.cross(helper).normalized().expect("not parallel");
        let up = along.cross(across);
        let half = 100.0;
        let count = (2.0 * half / apart) as i32;
        let mut crossings = 0_u32;
        for a in 0..count {
            for b in 0..count {
                let offset = |c: i32| f64::from(c) * apart - half + apart / 2.0;
                let start = Point::origin() + across * offset(a) + up * offset(b) - along * half;
                let mut inside = false;
                for s in 0..(2.0 * half / step) as i32 {
                    let now = phantom.value(start + along * (f64::from(s) * step)) == 900.0;
                    crossings += u32::from(now != inside);
                    inside = now;
                }
            }
        }
        estimates += f64::from(crossings) * 2.0 * apart * apart;
    }
    let measured = estimates / f64::from(directions);
    assert!((measured / truth - 1.0).abs() < 0.01, "{measured} mm2, truth {truth} mm2");
}

#[test]
fn any_number_of_threads_gives_the_same_voxels() {
    let phantom = Phantom::torso();
    let grid = phantom.grid([5.0, 4.0, 6.0], oblique());
    let sampling = Sampling { noise_hu: 12.0, seed: 3, ..Sampling::default() };
    let make = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        pool.install(|| phantom.volume_with(&grid, &sampling, &Silent).expect("not cancelled"))
    };
    let one = make(1);
    assert_eq!(one, make(3));
    assert_ne!(one, phantom.volume(&grid), "noise was asked for");
}

#[test]
fn culling_changes_no_voxel() {
    // The culled sampling against the scene's own point values: they may differ only where a boundary is near.
    for name in Phantom::NAMES {
        let phantom = Phantom::named(name).expect("known");
        let grid = phantom.grid([4.3, 3.7, 5.1], oblique());
        let volume = phantom.volume_with(&grid, &Sampling { per_axis: 1, ..Sampling::default() }, &Silent);
        let volume = volume.expect("not cancelled");
        let [si, sj, sk] = grid.size();
        for k in 0..sk {
            for j in 0..sj {
                for i in 0..si {
                    let ijk = Point::from_array([i, j, k].map(|n| n as f64));
                    let exact = phantom.value(grid.lps_from_ijk() * ijk);
                    assert_eq!(f64::from(volume.value(i, j, k)), exact, "{name} voxel {i} {j} {k}");
                }
            }
        }
    }
}

#[test]
fn noise_has_the_asked_deviation() {
    let phantom = Phantom::sphere();
    let grid = phantom.default_grid();
    let clean = phantom.volume(&grid);
    let sampling = Sampling { noise_hu: 20.0, seed: 9, ..Sampling::default() };
    let noisy = phantom.volume_with(&grid, &sampling, &Silent).expect("not cancelled");
    let squares: f64 =
        (0..grid.len()).map(|at| f64::from(noisy.value_at(at) - clean.value_at(at)).powi(2)).sum();
    let deviation = (squares / grid.len() as f64).sqrt();
    assert!((deviation - 20.0).abs() < 0.3, "{deviation} HU");
}

#[test]
fn a_cancelled_phantom_stops() {
    let flag = CancelFlag::default();
    flag.cancel();
    let phantom = Phantom::sphere();
    assert_eq!(phantom.volume_with(&phantom.default_grid(), &Sampling::default(), &flag), Err(Cancelled));
}

#[test]
fn the_torso_is_a_realistic_scan_by_default() {
    let grid: Grid = Phantom::torso().default_grid();
    assert_eq!((grid.size(), grid.spacing_mm()), ([256, 192, 192], [1.5; 3]));
    let volume = Phantom::torso().volume(&grid);
    assert_eq!(volume.range(), (-1000.0, 800.0));
    assert_eq!((volume.meta().modality.as_str(), volume.meta().unit.as_str()), ("CT", "HU"));
}
