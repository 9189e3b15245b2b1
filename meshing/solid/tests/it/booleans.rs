//! Booleans against volumes known in closed form, and a part of the fuzzing.

use meshing_solid::{Op, SolidError, boolean_all, difference, intersection, union};
use meshing_space::Point;
use meshing_surface::{Mesh, measure};
use meshing_volume::{CancelFlag, Silent, Told as _};

use crate::fuzz::{Outcome, ball, cuboid, joined, pair};

fn volume(mesh: &Mesh) -> f64 {
    measure(mesh).volume_mm3
}

#[test]
fn three_hundred_hard_pairs_give_closed_results_with_the_right_volumes() {
    let mut refused = 0;
    for seed in 0..300 {
        let outcome = pair(seed).unwrap_or_else(|why| panic!("pair {seed}: {why}"));
        refused += usize::from(outcome == Outcome::Refused);
    }
    assert!(refused < 60, "{refused}");
}

#[test]
fn boxes_that_share_faces_edges_or_nothing_have_textbook_volumes() {
    let a = cuboid([0.0; 3], [2.0; 3]);
    for (b, common) in [
        (cuboid([1.0; 3], [3.0; 3]), 1.0),
        (cuboid([2.0, 0.0, 0.0], [4.0, 2.0, 2.0]), 0.0),
        (cuboid([2.0, 2.0, 0.0], [4.0, 4.0, 2.0]), 0.0),
        (cuboid([2.0; 3], [4.0; 3]), 0.0),
        (cuboid([0.5; 3], [1.5; 3]), 1.0),
        (a.clone(), 8.0),
        (cuboid([9.0; 3], [10.0; 3]), 0.0),
    ] {
        let vb = volume(&b);
        let got =
            [union(&a, &b), intersection(&a, &b), difference(&a, &b)].map(|m| volume(&m.expect("solid")));
        for (got, expected) in got.into_iter().zip([8.0 + vb - common, common, 8.0 - common]) {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
    }
}

#[test]
fn a_small_tool_on_a_large_mesh_cuts_what_it_cuts_anywhere() {
    let large = ball(5, [100.0, -40.0, 700.0], |_| 20.0);
    assert!(large.triangles.len() > 20_000);
    let whole = volume(&large);
    // Through the skin, deep inside, outside, through and through.
    for (low, high) in [
        ([117.0, -42.0, 698.0], [125.0, -38.0, 702.0]),
        ([98.0, -42.0, 698.0], [102.0, -38.0, 702.0]),
        ([140.0, -42.0, 698.0], [144.0, -38.0, 702.0]),
        ([90.0, -41.0, 650.0], [92.0, -39.0, 750.0]),
        ([70.0, -41.0, 699.0], [130.0, -39.0, 700.0]),
    ] {
        let tool = cuboid(low, high);
        let (both, common) =
            (union(&large, &tool).expect("union"), intersection(&large, &tool).expect("common"));
        let (rest, core) =
            (difference(&large, &tool).expect("rest"), difference(&tool, &large).expect("core"));
        let (swapped, v) = (union(&tool, &large).expect("union"), volume(&common));
        for (got, expected) in [
            (volume(&both), whole + volume(&tool) - v),
            (volume(&swapped), whole + volume(&tool) - v),
            (volume(&rest), whole - v),
            (volume(&core), volume(&tool) - v),
        ] {
            assert!((got - expected).abs() < 1e-9 * whole, "{got} {expected} {low:?}");
        }
        // Away from the tool nothing moves.
        let same = large.positions.iter().filter(|p| rest.positions.contains(p)).count();
        assert!(same > large.positions.len() - 3_000, "{same}");
    }
}

#[test]
fn many_tools_in_turn_leave_what_none_of_them_takes() {
    let body = cuboid([0.0; 3], [40.0, 10.0, 10.0]);
    let tools: Vec<Mesh> = (0..4)
        .map(|n| cuboid([10.0 * f64::from(n) + 1.0, -1.0, 2.0], [10.0 * f64::from(n) + 3.0, 11.0, 8.0]))
        .collect();
    let made = boolean_all(Op::Difference, &body, &tools, &Silent).expect("bores");
    assert!((volume(&made) - (4000.0 - 4.0 * 120.0)).abs() < 1e-9);
    let flag = CancelFlag::default();
    flag.cancel();
    assert!(matches!(boolean_all(Op::Difference, &body, &tools, &flag), Err(SolidError::Cancelled(_))));
}

#[test]
fn what_is_no_solid_is_refused_in_words() {
    let good = cuboid([0.0; 3], [2.0; 3]);
    let mut open = good.clone();
    open.triangles.pop();
    let mut nan = good.clone();
    nan.positions[0] = Point::new(f64::NAN, 0.0, 0.0);
    let mut inverted = good.clone();
    for triangle in &mut inverted.triangles {
        triangle.swap(0, 1);
    }
    for (bad, word) in [
        (Mesh::default(), "no triangles"),
        (open, "3 open edges"),
        (nan, "invalid"),
        (inverted, "inside out"),
    ] {
        let error = union(&bad, &good).expect_err("refused");
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.chinese().starts_with("第一个实体"), "{}", error.chinese());
        let error = difference(&good, &bad).expect_err("refused");
        assert!(error.to_string().starts_with("the second solid"), "{error}");
    }
}

#[test]
fn a_mesh_that_crosses_itself_counts_once_where_it_overlaps() {
    let twice = joined(&cuboid([0.0; 3], [2.0; 3]), &cuboid([1.0; 3], [3.0; 3]));
    let resolved = meshing_solid::resolve(&twice).expect("solid");
    assert!((volume(&resolved) - 15.0).abs() < 1e-9);
    let cut = difference(&twice, &cuboid([1.0; 3], [2.0; 3])).expect("cut");
    assert!((volume(&cut) - 14.0).abs() < 1e-9);
}
