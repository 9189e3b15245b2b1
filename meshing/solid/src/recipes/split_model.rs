//! A model in pieces that are joined after printing.

use glam::DVec3;
use meshing_segment::{Param, Params};
use meshing_space::{Point, Vector};
use meshing_surface::{DistanceTo, Mesh};
use meshing_volume::{Part, Phrase, Progress};
use rayon::prelude::*;

use super::contact::{PLANNED, param, planned_parts, require_parts};
use super::loose::Row;
use crate::rays::Rays;
use crate::recipe::{Made, Plan, Recipe, value};
use crate::tidy::printable;
use crate::{Joint, Lettering, Pose, SolidError, cut_by_plane, pieces, split_with_joints};

pub(super) const RECIPE: Recipe = Recipe {
    id: "split_model",
    version: 1,
    title: Phrase::new("Split model", "分割模型"),
    doc: Phrase::new(
        "The bone split in the planes across the third directions of the plan's cuts, each all the way through. Pins, dowels or \
          tongues join the pieces where there is room for them with a wall around. The pieces are laid apart along the \
          normals of the planes, and dowels beside them. Refused unless there are as many pieces as were planned.",
        "骨在垂直于规划切面第三方向的平面处分割，每个平面都切穿。在四周留有壁厚的位置，由销、圆销或凸舌连接各块。各块沿平面法向分开放置，圆销放在旁边。块数与计划不符则拒绝。",
    ),
    params: PARAMS,
    parts: planned_parts,
    run,
};

const PARAMS: &[Param] = &[
    Param {
        id: "joint",
        unit: Phrase::symbol(""),
        default: Some(1.0),
        min: 0.0,
        max: 3.0,
        doc: Phrase::new(
            "What joins two pieces: 0 nothing, 1 pins, 2 loose dowels, 3 tongues.",
            "两块的连接方式：0 无，1 销，2 活动圆销，3 凸舌。",
        ),
    },
    Param {
        id: "joints",
        unit: Phrase::symbol(""),
        default: Some(2.0),
        min: 1.0,
        max: 6.0,
        doc: Phrase::new("Most joints in a cut.", "每个切面最多的连接件数。"),
    },
    param(
        "diameter",
        5.0,
        1.5,
        30.0,
        "Diameter of pins and dowels, thickness of tongues.",
        "销和圆销的直径，凸舌的厚度。",
    ),
    param("length", 6.0, 1.0, 60.0, "How far a joint reaches into each piece.", "连接件伸入每块的长度。"),
    param("width", 12.0, 2.0, 100.0, "Width of tongues.", "凸舌的宽度。"),
    param("joint_clearance", 0.2, 0.0, 1.0, "Gap around a joint.", "连接件四周的间隙。"),
    param("joint_wall", 2.0, 0.4, 10.0, "Least material around a joint.", "连接件四周的最小材料厚度。"),
    param("kerf", 0.0, 0.0, 5.0, "What is lost in each cut.", "每个切面损失的厚度。"),
    param("apart", 12.0, 1.0, 200.0, "How far the pieces are laid apart.", "各块分开放置的距离。"),
    Param {
        id: "parts",
        unit: Phrase::symbol(""),
        default: Some(0.0),
        min: 0.0,
        max: 10_000.0,
        doc: Phrase::new(
            "Pieces that are planned, dowels included; 0 plans two for each piece that a plane cuts.",
            "计划的块数，包括圆销；0 表示每块被切面分成两块。",
        ),
    },
];

/// Steps of the grid on which places for joints are looked for, over the diagonal of the body.
const STEPS: f64 = 120.0;

fn run(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    _lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let of = |id| value(params, id);
    let planes = planes(plan)?;
    let kind = match of("joint").round() as usize {
        0 => None,
        1 => Some(Joint::Pin { diameter_mm: of("diameter"), length_mm: of("length") }),
        2 => Some(Joint::Dowel { diameter_mm: of("diameter"), length_mm: 2.0 * of("length") }),
        _ => Some(Joint::Tongue {
            width_mm: of("width"),
            thickness_mm: of("diameter"),
            length_mm: of("length"),
        }),
    };
    let mut all: Vec<(Mesh, Vector<_>)> =
        pieces(bone).into_iter().map(|piece| (piece.mesh, Vector::new(0.0, 0.0, 0.0))).collect();
    let (mut planned, mut dowels) = (all.len(), 0);
    for (n, plane) in planes.iter().enumerate() {
        let until = |n: usize| n as f32 / planes.len() as f32;
        let part = Part::new(progress, until(n), until(n + 1));
        let (mut next, mut cut) = (Vec::new(), false);
        let count = all.len();
        for (done, (mesh, moved)) in all.into_iter().enumerate() {
            part.step(done, count)?;
            let halves = cut_by_plane(&mesh, plane, of("kerf"))?;
            if halves.above.triangles.is_empty() || halves.below.triangles.is_empty() {
                next.push((mesh, moved));
                continue;
            }
            cut = true;
            planned += 1;
            let halves = match kind {
                None => halves,
                Some(joint) => {
                    let others = planes.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, other)| *other);
                    let places = places(&mesh, plane, &others.collect::<Vec<_>>(), joint, params);
                    if places.is_empty() {
                        return Err(no_room(n));
                    }
                    let joints: Vec<([f64; 2], Joint)> = places.into_iter().map(|at| (at, joint)).collect();
                    split_with_joints(&mesh, plane, of("kerf"), &joints, of("joint_clearance"))?
                }
            };
            dowels += halves.dowels.len();
            next.push((halves.below, moved));
            next.push((halves.above, moved + plane.axis() * of("apart")));
        }
        if !cut {
            return Err(SolidError::refused(
                format!("cut {} does not pass through the model", n + 1),
                format!("第 {} 个切面没有穿过模型", n + 1),
            ));
        }
        all = next;
    }
    let mut mesh = Mesh::default();
    for (mut piece, moved) in all {
        for p in &mut piece.positions {
            *p += moved;
        }
        mesh.append(&piece);
    }
    let mut row = Row::beside(&mesh)?;
    for _ in 0..dowels {
        row.cylinder(&mut mesh, of("diameter") / 2.0, 2.0 * of("length"))?;
    }
    let mesh = printable(&mesh);
    let planned = if of("parts") >= 1.0 { of("parts") } else { (planned + dowels) as f64 };
    let params = params.clone().with(PLANNED, planned);
    require_parts(&mesh, planned_parts(&params))?;
    Ok(Made { mesh, params, label: None, crumbs_mm3: 0.0 })
}

/// The planes of the cuts, all towards the side of the first one, so that pieces laid apart stay apart.
fn planes(plan: &Plan) -> Result<Vec<Pose>, SolidError> {
    let Some(first) = plan.cuts.first() else {
        return Err(SolidError::refused("a split model needs planned cuts", "分割模型需要规划的切面"));
    };
    let turned = |pose: &Pose| {
        if pose.axis().dot(first.pose.axis()) >= 0.0 {
            return Ok(*pose);
        }
        Pose::with_side(pose.origin(), pose.axis() * -1.0, pose.axes()[0])
    };
    plan.cuts.iter().map(|cut| turned(&cut.pose)).collect()
}

/// Where joints have room in a cut, own coordinates of the plane, mm: the first where the body is thickest, or for several the
/// places farthest from each other.
fn places(body: &Mesh, plane: &Pose, others: &[Pose], joint: Joint, params: &Params) -> Vec<[f64; 2]> {
    let of = |id| value(params, id);
    let (radius, reach) = (of("diameter") / 2.0, of("length") + of("joint_clearance"));
    let wide = if let Joint::Tongue { width_mm, thickness_mm, .. } = joint {
        ((width_mm - thickness_mm) / 2.0).max(0.0)
    } else {
        0.0
    };
    // A tongue has corners.
    let round = if matches!(joint, Joint::Tongue { .. }) { radius * 1.42 } else { radius };
    let room = round + of("joint_clearance") + of("joint_wall");
    let Some(bounds) = body.bounds() else { return Vec::new() };
    let middle = plane.own(bounds.center());
    let across = bounds.size().length();
    let step = (across / STEPS).max(0.25);
    let (exact, rays) = (DistanceTo::new(body), Rays::new(body));
    let ticks = |from: f64, to: f64, by: f64| {
        let count = ((to - from) / by).ceil().max(0.0) as usize;
        (0..=count).map(move |n| if count == 0 { from } else { from + (to - from) * n as f64 / count as f64 })
    };
    let fits = |[x, y]: [f64; 2]| {
        let mut least = f64::INFINITY;
        for across in ticks(-wide, wide, radius) {
            for along in ticks(-reach, reach, radius) {
                let at = plane.lps([x + across, y, along]);
                let beside = others.iter().map(|other| other.own(at)[2].abs()).fold(f64::INFINITY, f64::min);
                least = least.min(exact.distance_mm(at)).min(beside);
                if least < room {
                    return None;
                }
            }
        }
        inside(&rays, plane.lps([x, y, 0.0])).then_some(least)
    };
    let count = (across / step).ceil() as i32;
    let grid: Vec<[f64; 2]> = (-count..=count)
        .flat_map(|i| (-count..=count).map(move |j| [f64::from(i), f64::from(j)]))
        .map(|[i, j]| [middle[0] + i * step / 2.0, middle[1] + j * step / 2.0])
        .collect();
    let found: Vec<([f64; 2], f64)> =
        grid.into_par_iter().filter_map(|at| fits(at).map(|depth| (at, depth))).collect();
    let apart = 2.0 * (round + wide + of("joint_clearance")) + of("joint_wall");
    chosen(&found, of("joints").round() as usize, apart)
}

/// One place where there is most room, or up to `most` that lie farthest from each other and at least `apart` mm.
fn chosen(found: &[([f64; 2], f64)], most: usize, apart: f64) -> Vec<[f64; 2]> {
    let Some(deepest) = found.iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { return Vec::new() };
    let far = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let farthest = |from: &[[f64; 2]]| {
        let least = |at: [f64; 2]| from.iter().map(|other| far(at, *other)).fold(f64::INFINITY, f64::min);
        found.iter().map(|(at, _)| (*at, least(*at))).max_by(|a, b| a.1.total_cmp(&b.1))
    };
    let start = farthest(&[deepest.0]).filter(|(_, away)| most > 1 && *away >= apart / 2.0);
    let mut all = vec![start.map_or(deepest.0, |(at, _)| at)];
    while all.len() < most {
        match farthest(&all) {
            Some((at, away)) if away >= apart => all.push(at),
            _ => break,
        }
    }
    if all.len() == 1 { vec![deepest.0] } else { all }
}

/// Two directions that the edges of made things do not run along.
const LOOKS: [DVec3; 2] = [DVec3::new(0.618, 0.3027, 0.7257), DVec3::new(-0.4397, 0.8713, -0.2179)];

/// Whether a place lies within the body: two rays leave it an odd number of times.
fn inside(rays: &Rays, at: Point<meshing_space::Lps>) -> bool {
    LOOKS.into_iter().all(|look| {
        let mut hits = 0_usize;
        rays.each(at.as_dvec3(), look, |hit| hits += usize::from(hit.at > 0.0));
        hits % 2 == 1
    })
}

fn no_room(n: usize) -> SolidError {
    SolidError::refused(
        format!("there is no room for a joint in cut {}; make joints smaller, or plan none", n + 1),
        format!("第 {} 个切面没有连接件的位置；请减小连接件，或不使用连接件", n + 1),
    )
}
