//! Closed 2-manifolds whatever the voxels are.

use meshing_space::Point;
use meshing_surface::{Mesh, isosurface, isosurface_in_shell, measure, simplify, surface_of_mask};
use meshing_volume::{Grid, LabelMap, Volume, VolumeMeta, Voxels};

use crate::volume_of;

fn noise(seed: u64, count: usize, levels: u64) -> Vec<i16> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % levels) as i16
        })
        .collect()
}

fn clean(mesh: &Mesh, what: &str) {
    let problems = mesh.check();
    assert!(problems.is_clean(), "{what}: {problems:?}");
    assert!(!mesh.triangles.is_empty() && measure(mesh).volume_mm3 > 0.0, "{what}");
}

#[test]
fn noise_of_any_kind_gives_a_closed_manifold() {
    for (seed, levels, iso) in
        [(1, 2, 1.0), (2, 2, 0.5), (3, 3, 1.0), (4, 5, 2.0), (5, 1000, 500.0), (6, 1000, 130.0)]
    {
        let grid = Grid::axis_aligned([21, 18, 37], Point::new(-400.0, 300.0, -900.0), [0.7, 0.7, 1.1])
            .expect("grid");
        let values = noise(seed, grid.len(), levels);
        let labels = noise(seed + 99, grid.len(), 2).iter().map(|&v| v as u8).collect();
        let mask = LabelMap::new(grid, labels).expect("mask");
        let volume = Volume::new(grid, Voxels::I16(values), VolumeMeta::default()).expect("volume");
        let mesh = isosurface(&volume, iso);
        clean(&mesh, "noise");
        clean(&isosurface_in_shell(&volume, &mask, 1, iso), "noise in a noisy mask");
        clean(&surface_of_mask(&mask, 1), "a noisy mask");
        let simple = simplify(&mesh, 0.3);
        clean(&simple.mesh, "simplified noise");
        assert!(simple.hausdorff_mm <= 0.3);
    }
}

#[test]
fn whatever_touches_the_border_is_capped() {
    let solid = volume_of([4, 5, 6], [1.0, 2.0, 0.5], |_| 7.0);
    let mesh = isosurface(&solid, 3.0);
    clean(&mesh, "a solid block");
    let bounds = mesh.bounds().expect("vertices").size();
    for (n, (centres, mm)) in [(3.0, 1.0), (8.0, 2.0), (2.5, 0.5)].into_iter().enumerate() {
        assert!((centres..=centres + 2.0 * mm).contains(&bounds.to_array()[n]), "{bounds:?}");
    }
    clean(&isosurface(&volume_of([1, 1, 1], [1.0; 3], |_| 1.0), 0.5), "one voxel");
    assert_eq!(isosurface(&volume_of([5, 5, 5], [1.0; 3], |_| 1.0), 2.0), Mesh::default());
    let half = volume_of([9, 9, 40], [1.0; 3], |p| if p[2] > 0.3 { 5.0 } else { f64::NAN });
    clean(&isosurface(&half, 1.0), "NaN counts as outside");
}

#[test]
fn the_mesh_does_not_depend_on_the_number_of_threads() {
    let volume =
        volume_of([30, 30, 70], [1.0; 3], |p| (p[0] * 0.4).sin() + (p[1] * 0.5).sin() + (p[2] * 0.3).sin());
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        pool.install(|| {
            let mesh = isosurface(&volume, 0.2);
            (simplify(&mesh, 0.1), measure(&mesh), mesh)
        })
    };
    assert_eq!(with(1), with(5));
}
