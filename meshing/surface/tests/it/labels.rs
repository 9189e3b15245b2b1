//! Surfaces of all labels at once.

use std::collections::HashSet;

use meshing_space::Point;
use meshing_surface::{Mesh, hausdorff, measure, surface_of_mask, surfaces_of_labels};
use meshing_volume::{Grid, LabelMap};

/// Labels 0 to `labels - 1` at random; the same everywhere in blocks of `block` voxels.
fn random(size: [usize; 3], labels: u64, block: usize, seed: u64) -> LabelMap {
    let grid = Grid::axis_aligned(size, Point::new(-40.0, 30.0, -90.0), [0.7, 0.8, 1.1]).expect("grid");
    let value = |n: usize| {
        let at = [n % size[0] / block, n / size[0] % size[1] / block, n / (size[0] * size[1]) / block];
        let mut state = at.iter().fold(seed, |s, &x| {
            (s ^ x as u64).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
        });
        state ^= state >> 31;
        (state.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % labels
    };
    LabelMap::new(grid, (0..grid.len()).map(|n| value(n) as u8).collect()).expect("labels")
}

fn triangles(mesh: &Mesh) -> impl Iterator<Item = [[u64; 3]; 3]> {
    mesh.triangles.iter().map(|t| {
        let mut corners = t.map(|v| mesh.positions[v as usize].to_array().map(f64::to_bits));
        // The winding is told from the place of the lowest corner.
        let lowest = (0..3).min_by_key(|&n| corners[n]).unwrap_or(0);
        corners.rotate_left(lowest);
        corners
    })
}

#[test]
fn random_labels_have_closed_surfaces_that_share_their_walls() {
    for (labels, block, seed) in
        [(2, 1, 1), (3, 1, 2), (5, 1, 3), (5, 1, 4), (9, 1, 5), (4, 3, 6), (200, 2, 7)]
    {
        let map = random([13, 11, 17], labels, block, seed);
        let all = surfaces_of_labels(&map);
        let surfaces = all.surfaces();
        assert!(surfaces.len() + 1 >= labels.min(100) as usize);
        let mut whole = 0.0;
        let (mut seen, mut listed) = (HashSet::new(), Vec::new());
        let mut outer = 0;
        for (label, mesh) in &surfaces {
            let problems = mesh.check();
            assert!(problems.is_clean(), "label {label} of {labels}, seed {seed}: {problems:?}");
            let volume = measure(mesh).volume_mm3;
            assert!(volume > 0.0, "label {label} of {labels}: {volume}");
            whole += volume;
            for triangle in triangles(mesh) {
                assert!(seen.insert(triangle), "each triangle is of one label in one winding");
                listed.push(triangle);
            }
        }
        // What is not shared is the surface of everything that is not background: closed, with the volume of the sum.
        let mut sum = 0.0;
        for &[a, b, c] in &listed {
            if seen.contains(&[a, c, b]) {
                continue;
            }
            outer += 1;
            let [a, b, c] = [a, b, c].map(|p| p.map(f64::from_bits));
            let minor = |m: usize, n: usize| b[m] * c[n] - b[n] * c[m];
            sum += (a[0] * minor(1, 2) + a[1] * minor(2, 0) + a[2] * minor(0, 1)) / 6.0;
        }
        assert!((sum - whole).abs() < 1e-6 * whole, "{sum} {whole}");
        assert_eq!(outer, all.walls.iter().filter(|w| w.inside == 0 || w.outside == 0).count());
        assert_eq!(seen.len(), 2 * all.walls.len() - outer);
    }
}

#[test]
fn labels_without_neighbours_lie_where_their_masks_lie() {
    let grid = Grid::axis_aligned([30, 24, 20], Point::origin(), [0.9, 0.9, 1.2]).expect("grid");
    let mut map = LabelMap::empty(&grid);
    for n in 0..grid.len() {
        let at = [n % 30, n / 30 % 24, n / 720].map(|x| x as f64);
        let from = |c: [f64; 3]| (0..3).map(|x| (at[x] - c[x]).powi(2)).sum::<f64>().sqrt();
        map.labels_mut()[n] =
            if from([8.0, 9.0, 9.0]) < 6.3 { 7 } else { u8::from(from([22.0, 12.0, 10.0]) < 5.2) * 90 };
    }
    let surfaces = surfaces_of_labels(&map).surfaces();
    assert_eq!(surfaces.iter().map(|s| s.0).collect::<Vec<_>>(), [7, 90]);
    for (label, mesh) in surfaces {
        let alone = surface_of_mask(&map, label);
        assert_eq!(
            (mesh.positions.len(), mesh.triangles.len()),
            (alone.positions.len(), alone.triangles.len())
        );
        assert!(hausdorff(&mesh, &alone).max_mm < 0.2);
        assert!((measure(&mesh).volume_mm3 / measure(&alone).volume_mm3 - 1.0).abs() < 2e-3);
    }
    assert!(surfaces_of_labels(&LabelMap::empty(&grid)).surfaces().is_empty());
}

#[test]
fn a_box_cut_into_eight_keeps_its_volume_and_its_straight_walls() {
    let grid = Grid::axis_aligned([20, 20, 20], Point::origin(), [1.0; 3]).expect("grid");
    let mut map = LabelMap::empty(&grid);
    for n in 0..grid.len() {
        let at = [n % 20, n / 20 % 20, n / 400];
        if at.iter().all(|x| (4..16).contains(x)) {
            let octant = at.iter().enumerate().map(|(axis, &x)| u8::from(x >= 10) << axis).sum::<u8>();
            map.labels_mut()[n] = octant + 1;
        }
    }
    let surfaces = surfaces_of_labels(&map).surfaces();
    assert_eq!(surfaces.len(), 8);
    for (label, mesh) in &surfaces {
        assert!(mesh.check().is_clean(), "{label}");
        let got = measure(mesh);
        // Three of the edges of each are at the outside, and rounded there.
        assert!((got.volume_mm3 - 209.0).abs() < 7.0, "{got:?}");
        let first = measure(&surfaces[0].1).volume_mm3;
        assert!((got.volume_mm3 - first).abs() < 1e-3 * first, "{got:?}");
        // The walls between the octants lie halfway between the voxels.
        for p in &mesh.positions {
            let p = p.to_array();
            if p.iter().all(|x| (6.0..13.0).contains(x)) {
                assert!(p.iter().any(|x| (x - 9.5).abs() < 1e-9), "{p:?}");
            }
        }
    }
}

#[test]
fn label_surfaces_do_not_depend_on_the_number_of_threads() {
    let map = random([33, 20, 41], 6, 2, 11);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        pool.install(|| surfaces_of_labels(&map))
    };
    assert_eq!(with(1), with(3));
}
