//! Fewer triangles: as many as asked for, as near as can be had, never worse than a manifold.

use meshing_surface::{
    Mesh, hausdorff, isosurface, measure, self_intersections, simplify, simplify_to, simplify_to_with,
    simplify_with,
};
use meshing_volume::{CancelFlag, Cancelled, Silent};

use crate::volume_of;

/// Three balls and a tube.
fn body() -> Mesh {
    isosurface(
        &volume_of([50, 48, 46], [0.8, 0.8, 1.0], |p| {
            let ball = |c: [f64; 3], r: f64| r - (0..3).map(|n| (p[n] - c[n]).powi(2)).sum::<f64>().sqrt();
            let tube = 2.5 - p[0].hypot(p[1] - 3.0);
            ball([5.0, 1.0, 2.0], 9.0).max(ball([-9.0, 4.0, -3.0], 7.0)).max(tube)
        }),
        0.0,
    )
}

#[test]
fn a_tenth_of_the_triangles_lies_near_and_is_clean() {
    let mesh = body();
    let goal = mesh.triangles.len() / 10;
    let simple = simplify_to(&mesh, goal);
    assert!((goal - 1..=goal).contains(&simple.mesh.triangles.len()), "{}", simple.mesh.triangles.len());
    assert!(simple.mesh.check().is_clean(), "{:?}", simple.mesh.check());
    let apart = hausdorff(&mesh, &simple.mesh);
    assert!(apart.mean_mm < 0.03 && apart.max_mm < 0.6, "{apart:?}");
    // The stated distance is the one that an independent measurement finds, within the density of the samples.
    assert!(
        (simple.hausdorff_mm - apart.max_mm).abs() < 0.1 * apart.max_mm,
        "{} {apart:?}",
        simple.hausdorff_mm
    );
    let (before, after) = (measure(&mesh), measure(&simple.mesh));
    assert!((after.volume_mm3 / before.volume_mm3 - 1.0).abs() < 1e-2 && after.parts == before.parts);
    assert_eq!(simplify_to(&mesh, goal), simple);
}

#[test]
fn a_mesh_shrinks_to_what_its_shape_needs_and_no_further() {
    let mesh = body();
    let least = simplify_to(&mesh, 0).mesh;
    assert!(least.check().is_clean() && least.triangles.len() < 200, "{:?}", least.check());
    assert_eq!(measure(&least).parts, measure(&mesh).parts);
    let all = simplify_to(&mesh, mesh.triangles.len());
    assert_eq!((all.mesh, all.hausdorff_mm), (mesh, 0.0));
}

#[test]
fn rims_and_faults_stay_as_they_are() {
    let mut mesh = body();
    mesh.triangles.drain(100..120);
    mesh.triangles.push(mesh.triangles[900]);
    let before = mesh.check();
    let simple = simplify_to(&mesh, mesh.triangles.len() / 5).mesh;
    assert!(simple.triangles.len() <= mesh.triangles.len() / 5);
    let after = simple.check();
    assert_eq!(
        (after.open_edges, after.non_manifold_edges, after.duplicate_triangles),
        (before.open_edges, before.non_manifold_edges, before.duplicate_triangles)
    );
    mesh.triangles[0] = [0, 1, u32::MAX];
    assert_eq!(simplify_to(&mesh, 10).mesh, mesh);
}

#[test]
fn a_simplification_can_be_cancelled() {
    let flag = CancelFlag::default();
    flag.cancel();
    assert_eq!(simplify_with(&body(), 0.1, &flag), Err(Cancelled));
    assert_eq!(simplify_to_with(&body(), 1000, &flag), Err(Cancelled));
}

#[test]
fn what_is_stated_is_what_the_whole_measurement_finds() {
    let mesh = body();
    for limit in [0.02, 0.1, 0.5] {
        let simple = simplify_with(&mesh, limit, &Silent).expect("not cancelled");
        let apart = hausdorff(&mesh, &simple.mesh).max_mm;
        assert!(simple.mesh.triangles.len() < mesh.triangles.len(), "{limit}");
        assert!(
            simple.hausdorff_mm <= limit && (simple.hausdorff_mm - apart).abs() < 1e-6,
            "{limit}: {apart} {simple:?}"
        );
    }
}

#[test]
fn a_surface_through_noise_is_simplified_within_the_limit_too() {
    // Specks and thin necks: faces across them lie off although their corners do not.
    let noise = |[x, y, z]: [f64; 3]| {
        let bits = (x * 91.0 + y * 1013.0 + z * 7919.0).to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (bits >> 40) as f64 / f64::from(1 << 24)
    };
    let volume = volume_of([24, 22, 20], [0.8, 0.8, 1.0], noise);
    let mesh = isosurface(&volume, 0.7);
    let made = simplify(&mesh, 0.2);
    assert!(made.mesh.triangles.len() * 10 < mesh.triangles.len() * 9, "{}", made.mesh.triangles.len());
    assert!(made.mesh.check().is_clean() && made.hausdorff_mm <= 0.2);
    assert!((hausdorff(&mesh, &made.mesh).max_mm - made.hausdorff_mm).abs() < 1e-9);
}

#[test]
fn thin_sheets_do_not_come_to_cross() {
    // Two wavy walls, half a voxel thick and apart.
    let walls = |[x, y, z]: [f64; 3]| {
        let across = z + 1.5 * (x * 0.35).sin() * (y * 0.3).cos();
        let inside = |at: f64| 0.32 - (across - at).abs();
        let rim = 11.0 - x.abs().max(y.abs());
        inside(0.0).max(inside(1.1)).min(rim)
    };
    let mesh = isosurface(&volume_of([48, 48, 32], [0.5; 3], walls), 0.0);
    assert!(self_intersections(&mesh).is_empty() && mesh.check().is_clean());
    let made = simplify(&mesh, 0.3);
    assert!(made.mesh.triangles.len() * 2 < mesh.triangles.len(), "{}", made.mesh.triangles.len());
    assert!(self_intersections(&made.mesh).is_empty() && made.hausdorff_mm <= 0.3);
}
