//! What all guides share: a shell on the bone, sleeves and slots, and the checks that it is one part.
//!
//! Everything is built in the guide's own coordinates, whose third direction is *up*: against the insertion. There the
//! bone's distance field gives the shell, a sweep from the top gives what the bone blocks on the way down (undercuts), and
//! sleeves and blocks are joined as fields. Bores, slots and the label are cut exactly, as meshes.

use std::sync::atomic::{AtomicBool, Ordering};

use glam::DVec3;
use meshing_segment::{Param, Params};
use meshing_space::{Aabb, Point, Vector};
use meshing_surface::{DistanceTo, Mesh, self_intersections};
use meshing_volume::{Part, Phrase, Progress};
use rayon::prelude::*;

use super::label::{self, Inscription};
use super::region::Local;
use crate::field::grid_around;
use crate::near::{crop, keeps_off};
use crate::parts::listed;
use crate::primitives::{Fit, cylinder, slot};
use crate::recipe::{Made, Plan, value};
use crate::tidy::printable;
use crate::{Field, Lettering, Op, Pose, SolidError, boolean_all, pieces};

pub(super) const fn param(
    id: &'static str,
    default: f64,
    min: f64,
    max: f64,
    en: &'static str,
    zh: &'static str,
) -> Param {
    Param { id, unit: Phrase::symbol("mm"), default: Some(default), min, max, doc: Phrase::new(en, zh) }
}

/// What the pieces that a plan asks for are kept as beside the parameters, where only making the part tells how many they are.
pub(super) const PLANNED: &str = "planned_parts";

/// The pieces that were planned, as kept.
pub(super) fn planned_parts(params: &Params) -> usize {
    value(params, PLANNED).round() as usize
}

/// Parameters of all that fits the bone as a shell.
pub(super) const SHELL: [Param; 5] = [
    param("clearance", 0.2, 0.0, 2.0, "Gap between bone and guide.", "骨与导板之间的间隙。"),
    param("thickness", 3.0, 1.0, 10.0, "Thickness of the shell.", "壳的厚度。"),
    param(
        "label_height",
        4.0,
        2.0,
        12.0,
        "Height of the engraved capitals; smaller where they do not fit.",
        "刻字的大写字母高度；放不下时缩小。",
    ),
    param("label_depth", 0.5, 0.2, 2.0, "Depth of the engraving.", "刻字深度。"),
    param(
        "spacing",
        0.4,
        0.1,
        2.0,
        "Grid of the shell; details smaller than this are lost.",
        "壳的网格间距；小于它的细节会丢失。",
    ),
];

/// Parameters of the guides with sleeves or slots.
pub(super) const COMMON: &[Param] = &[
    SHELL[0],
    SHELL[1],
    param("wall", 2.0, 0.8, 6.0, "Wall of a sleeve or a slot.", "套筒或槽的壁厚。"),
    param(
        "sleeve_height",
        10.0,
        2.0,
        60.0,
        "Height of a sleeve or a slot above the bone.",
        "套筒或槽高出骨面的高度。",
    ),
    param(
        "tool_clearance",
        0.25,
        0.0,
        2.0,
        "How much wider than the drill a bore is, in diameter.",
        "孔的直径比钻头大多少。",
    ),
    param("kerf", 1.0, 0.2, 5.0, "Thickness of the saw blade.", "锯片厚度。"),
    param("slot_tolerance", 0.1, 0.0, 1.0, "Gap on each side of the blade.", "锯片每侧的间隙。"),
    param(
        "strut",
        4.0,
        2.0,
        12.0,
        "Diameter of the struts to sleeves beside the region.",
        "连接区域外套筒的支杆直径。",
    ),
    SHELL[2],
    SHELL[3],
    SHELL[4],
];

/// Pieces up to this volume are crumbs of the region's rim and left out, mm³.
const CRUMB_MM3: f64 = 5.0;

/// Added to walls, since the grid rounds their edges and shows their outer side a little too small: mm, and a part of the
/// spacing.
const SPARE: [f64; 2] = [0.1, 0.2];

/// The radius of the ball that every place of the body has room for, as a part of the wall: a lip of 30° then ends about as
/// thick as a wall.
const THIN: f64 = 0.7;
/// How far beyond the ball's reach the body stays, in radii: right-angled edges (1.41) come out a little blunt.
const CORNER: f64 = 1.2;

/// How much nearer than the clearance the contact may come, mm, and how often it is moved away.
const SLACK_MM: f64 = 0.01;
const SEATINGS: usize = 4;
/// How often moves that fold the surface are taken back.
const UNFOLDINGS: usize = 4;

/// A sleeve or the block around a slot, in own coordinates.
struct Boss {
    pose: Pose,
    shape: BossShape,
    low: f64,
    high: f64,
}

enum BossShape {
    Round { radius: f64 },
    Block { half: [f64; 2] },
}

impl Boss {
    fn distance(&self, at: DVec3) -> f64 {
        let [x, y, z] = self.pose.own(Point::from_dvec3(at));
        let along = (self.low - z).max(z - self.high);
        let across = match self.shape {
            BossShape::Round { radius } => x.hypot(y) - radius,
            BossShape::Block { half } => {
                let (qx, qy) = (x.abs() - half[0], y.abs() - half[1]);
                qx.max(0.0).hypot(qy.max(0.0)) + qx.max(qy).min(0.0)
            }
        };
        across.max(0.0).hypot(along.max(0.0)) + across.max(along).min(0.0)
    }

    /// Far ends of its axis and its widest reach.
    fn reach(&self) -> ([DVec3; 2], f64) {
        let end = |z: f64| self.pose.lps([0.0, 0.0, z]).as_dvec3();
        let wide = match self.shape {
            BossShape::Round { radius } => radius,
            BossShape::Block { half } => half[0].hypot(half[1]),
        };
        ([end(self.low), end(self.high)], wide)
    }
}

/// A strut between two points, in own coordinates.
fn strut(at: DVec3, [from, to]: [DVec3; 2], radius: f64) -> f64 {
    let (edge, d) = (to - from, at - from);
    let along = (d.dot(edge) / edge.length_squared().max(1e-12)).clamp(0.0, 1.0);
    (d - edge * along).length() - radius
}

/// What stands on the shell and what is cut out of it.
struct Fixtures {
    bosses: Vec<Boss>,
    cutters: Vec<Mesh>,
}

impl Fixtures {
    fn new(plan: &Plan, frame: &Pose, params: &Params) -> Result<Self, SolidError> {
        let of = |id| value(params, id);
        let (wall, height) = (of("wall") + SPARE[0] + SPARE[1] * of("spacing"), of("sleeve_height"));
        // Deep enough to pass the shell wherever the axis is steep; what enters the bone is cut away again.
        let below = -2.0 * (of("clearance") + of("thickness")) - 4.0;
        let (mut bosses, mut cutters) = (Vec::new(), Vec::new());
        for (n, drill) in plan.drills.iter().enumerate() {
            let pose = drill.pose()?.seen_from(frame);
            upright(&pose, "bore", "孔", n)?;
            if drill.diameter_mm.is_nan() || drill.diameter_mm <= 0.0 {
                let mm = drill.diameter_mm;
                return Err(SolidError::refused(
                    format!("bore {} needs a positive diameter, not {mm} mm", n + 1),
                    format!("第 {} 个孔的直径必须为正，不能是 {mm} mm", n + 1),
                ));
            }
            let bore = f64::midpoint(drill.diameter_mm, of("tool_clearance"));
            cutters.push(cylinder(&pose, bore, below - 20.0, height + 20.0, Fit::Bore)?);
            bosses.push(Boss {
                pose,
                shape: BossShape::Round { radius: bore + wall },
                low: below,
                high: height,
            });
        }
        for (n, cut) in plan.cuts.iter().enumerate() {
            let pose = cut.pose.seen_from(frame);
            upright(&pose, "cut", "切面", n)?;
            let (kerf, tolerance) = (of("kerf"), of("slot_tolerance"));
            cutters.push(slot(&pose, cut.length_mm, kerf, tolerance, below - 20.0, height + 20.0)?);
            let half = [cut.length_mm / 2.0 + wall, kerf / 2.0 + tolerance + wall];
            bosses.push(Boss { pose, shape: BossShape::Block { half }, low: below, high: height });
        }
        Ok(Self { bosses, cutters })
    }
}

/// Refuses an axis that the guide could not be lifted along at all.
fn upright(pose: &Pose, what: &str, zh: &str, n: usize) -> Result<(), SolidError> {
    let steep = pose.axis().z();
    if steep > 0.17 {
        return Ok(());
    }
    let angle = steep.clamp(-1.0, 1.0).acos().to_degrees();
    Err(SolidError::refused(
        format!("{what} {} runs {angle:.0}° off the insertion; turn the insertion", n + 1),
        format!("第 {} 个{zh}与就位方向相差 {angle:.0}°；请调整就位方向", n + 1),
    ))
}

/// The guide of a plan.
pub(super) fn guide(
    bone: &Mesh,
    plan: &Plan,
    params: &Params,
    lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let of = |id| value(params, id);
    let (clearance, thickness, spacing) = (of("clearance"), of("thickness"), of("spacing"));
    let depth = of("label_depth");
    if depth >= thickness && !plan.label.trim().is_empty() {
        return Err(SolidError::refused(
            format!("a label {depth} mm deep would be cut through a shell of {thickness} mm"),
            format!("标识深 {depth} mm，会刻穿 {thickness} mm 厚的壳"),
        ));
    }
    let middle = bone.bounds().ok_or(SolidError::Empty { what: "the mesh" })?.center();
    let frame = Pose::along(middle, plan.insertion * -1.0)?;
    let own = frame.own_mesh(bone);
    let region = Local::new(&plan.region, &frame)?;
    let fixtures = Fixtures::new(plan, &frame, params)?;
    let space = room(&own, &region, &fixtures, clearance + thickness + 2.0);
    let band = clearance + thickness + 2.5 * spacing;
    let grid = grid_around(space, spacing)?;
    let reach = band + 3.0 * spacing;
    // Rows of the grid run along the first direction and need all that they cross.
    let rows = Vector::new(1e6, 0.0, 0.0);
    let around = space.expanded(reach);
    let along = crop(&own, Aabb { min: around.min - rows, max: around.max + rows });
    let near = crop(&along, around);
    let field = Field::on_grid(&along, grid, band, &Part::new(progress, 0.0, 0.5))?;
    let blocked = swept_down(&field, clearance);
    let struts = struts(&field, &region, &fixtures, clearance + thickness / 2.0);
    let (shell_middle, half) = ((clearance + thickness / 2.0) as f32, (thickness / 2.0) as f32);
    // Farther out than this no node lies beside one within.
    let (radius, outside) = (of("strut") / 2.0, 2.0 * spacing);
    let over_region = |at: DVec3| region.distance_over(at, foot_z(&field, at));
    let touches = AtomicBool::new(false);
    let body = field.clone().mapped(|at, d| {
        let at = at.as_dvec3();
        let shell = f64::from((d - shell_middle).abs() - half);
        let mut least = if shell < outside { shell.max(over_region(at)) } else { shell };
        if least < 0.0 {
            touches.store(true, Ordering::Relaxed);
        }
        for boss in &fixtures.bosses {
            least = least.min(boss.distance(at));
        }
        for ends in &struts {
            least = least.min(strut(at, *ends, radius));
        }
        least as f32
    });
    let narrowest = of("strut").min(thickness);
    // What is left of the thinnest thing within must still show on the grid.
    let ball = (THIN * of("wall")).min(narrowest / 2.0 - 0.75 * spacing);
    let body = opened(body.difference(&blocked)?, ball, &Part::new(progress, 0.5, 0.6))?;
    let solid = body.clone();
    let body = body.surface(0.0)?;
    progress.step(6, 10)?;
    if body.triangles.is_empty() || !touches.into_inner() {
        return Err(off_bone());
    }
    let (mut body, crumbs_mm3) = without_crumbs(&body);
    let exact = DistanceTo::new(&near);
    let built = body.positions.clone();
    seat(&mut body, &exact, &field, clearance);
    unfold(&mut body, &built);
    let mut cutters = fixtures.cutters;
    let letters = label::cutter(
        &Inscription { words: &plan.label, lettering, height_mm: of("label_height"), depth_mm: depth },
        &field,
        clearance + thickness,
        |at| {
            let boss =
                fixtures.bosses.iter().map(|boss| -boss.distance(at)).fold(f64::NEG_INFINITY, f64::max);
            let strut = struts.iter().map(|s| radius - strut(at, *s, 0.0)).fold(f64::NEG_INFINITY, f64::max);
            over_region(at).max(boss).max(strut)
        },
        [region.low, region.high],
    )?;
    let label = letters.as_ref().map(|(label, _)| label.seen_outside(&frame)).transpose()?;
    cutters.extend(letters.map(|(_, mesh)| mesh));
    // Bone edges sharper than the grid shows may still stick out between two vertices, and splinters may lie within.
    let swallowed = near.positions.iter().any(|p| space.contains(*p) && solid.sample(*p) < 0.0);
    if swallowed || !keeps_off(&body, &near, &field) {
        cutters.push(own);
    }
    let made = boolean_all(Op::Difference, &body, &cutters, &Part::new(progress, 0.7, 1.0))?;
    let (made, more) = without_crumbs(&made);
    let mesh = printable(&frame.lps_mesh(&made));
    require_parts(&mesh, 1)?;
    Ok(Made { mesh, params: params.clone(), label, crumbs_mm3: crumbs_mm3 + more })
}

/// The box that the guide is built in: the region and all fixtures, and the bone above them, which blocks the way.
fn room(own: &Mesh, region: &Local, fixtures: &Fixtures, margin: f64) -> Aabb<meshing_space::Lps> {
    let (mut low, mut high) = (region.low, region.high);
    for boss in &fixtures.bosses {
        let (ends, wide) = boss.reach();
        for end in ends {
            (low, high) = (low.min(end - wide), high.max(end + wide));
        }
    }
    // The grid ends a spacing or two further on; the shell must not reach it.
    (low, high) = (low - margin, high + margin);
    let over = own
        .positions
        .iter()
        .map(|p| p.as_dvec3())
        .filter(|p| p.x > low.x && p.x < high.x && p.y > low.y && p.y < high.y && p.z > high.z);
    high.z = over.map(|p| p.z + margin).fold(high.z, f64::max);
    Aabb { min: Point::from_dvec3(low), max: Point::from_dvec3(high) }
}

/// Where the bone, grown by the clearance, lies or has lain on the way down: the least value of all nodes above.
fn swept_down(field: &Field, clearance: f64) -> Field {
    let [si, sj, sk] = field.grid().size();
    let plane = si * sj;
    let mut values: Vec<f32> = field.values().iter().map(|d| d - clearance as f32).collect();
    for k in (0..sk - 1).rev() {
        let (lower, upper) = values[k * plane..(k + 2) * plane].split_at_mut(plane);
        for (low, up) in lower.iter_mut().zip(upper) {
            *low = low.min(*up);
        }
    }
    field.with_values(values)
}

/// What a ball of a radius can reach within a solid (its morphological opening), with edges left a little sharper: lips
/// that taper to nothing, as where the shell turns under the bone, end blunt instead.
fn opened(body: Field, radius_mm: f64, progress: &dyn Progress) -> Result<Field, SolidError> {
    let (grid, spacing) = (*body.grid(), body.grid().spacing_mm()[0]);
    if radius_mm < spacing {
        return Ok(body);
    }
    let surface = body.clone().surface(0.0)?;
    let corner = radius_mm * CORNER;
    let part = |from, to| Part::new(progress, from, to);
    let kernel = Field::on_grid(&surface, grid, radius_mm + 1.5 * spacing, &part(0.0, 0.5))?;
    let kernel = kernel.surface(-radius_mm)?;
    if kernel.triangles.is_empty() {
        return Ok(body);
    }
    let reached = Field::on_grid(&kernel, grid, corner + 1.5 * spacing, &part(0.5, 1.0))?;
    body.intersection(&reached.mapped(|_, d| d - corner as f32))
}

/// Moves the vertices of the contact to the clearance exactly: between nodes the field is straight, and so too large over
/// convex bone and too small in hollows. Wherever else a vertex, or the middle of a triangle or edge, comes nearer than the
/// clearance, its vertices move away from the bone.
fn seat(body: &mut Mesh, exact: &DistanceTo, field: &Field, clearance: f64) {
    let spacing = field.grid().spacing_mm()[0];
    let away = |p: Point<_>| {
        let step = spacing / 4.0;
        let along = |axis: Vector<_>| field.sample(p + axis * step) - field.sample(p - axis * step);
        let units = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let [x, y, z] = units.map(along);
        Vector::new(x, y, z).normalized()
    };
    let near: Vec<f64> = body.positions.par_iter().map(|p| field.sample(*p)).collect();
    body.positions.par_iter_mut().zip(&near).for_each(|(p, near)| {
        if (near - clearance).abs() > 0.02 * spacing {
            return;
        }
        if let Some(away) = away(*p) {
            *p += away * (clearance - exact.distance_mm(*p)).clamp(-spacing / 3.0, spacing / 3.0);
        }
    });
    // Places between vertices, each with the vertices that move it: edges and the middles of triangles.
    let mut places: Vec<[u32; 3]> = Vec::new();
    for &[a, b, c] in &body.triangles {
        if [a, b, c].iter().any(|&v| near[v as usize] < clearance + spacing / 2.0) {
            places.push([a, b, c]);
            places
                .extend([[a, b], [b, c], [c, a]].into_iter().filter(|[p, q]| p < q).map(|[p, q]| [p, q, q]));
        }
    }
    let missing = |body: &Mesh, place: [u32; 3]| {
        let [a, b, c] = place.map(|v| body.positions[v as usize]);
        let at = if b == c { a + (b - a) / 2.0 } else { a + ((b - a) + (c - a)) / 3.0 };
        clearance - SLACK_MM - exact.distance_mm(at)
    };
    let mut moved: Vec<bool> = vec![true; body.positions.len()];
    for _ in 0..SEATINGS {
        places.retain(|place| place.iter().any(|&v| moved[v as usize]));
        let short: Vec<f64> = places.par_iter().map(|place| missing(body, *place)).collect();
        let mut by = vec![0.0_f64; body.positions.len()];
        for (place, short) in places.iter().zip(&short) {
            for &v in place {
                by[v as usize] = by[v as usize].max(*short);
            }
        }
        moved = by.iter().map(|by| *by > 0.0).collect();
        body.positions.par_iter_mut().zip(&by).filter(|(_, by)| **by > 0.0).for_each(|(p, by)| {
            if let Some(away) = away(*p) {
                *p += away * by.min(spacing / 3.0);
            }
        });
    }
}

/// Takes moves of vertices back, by halves, where they made triangles cross.
fn unfold(body: &mut Mesh, built: &[Point<meshing_space::Lps>]) {
    for round in 0..UNFOLDINGS {
        let pairs = self_intersections(body);
        if pairs.is_empty() {
            return;
        }
        let hit = pairs.into_iter().flat_map(|(s, t)| [s, t]);
        let mut back: Vec<u32> = hit.flat_map(|t| body.triangles[t as usize]).collect();
        back.sort_unstable();
        back.dedup();
        let part = if round + 1 < UNFOLDINGS { 0.5 } else { 1.0 };
        for v in back {
            let p = &mut body.positions[v as usize];
            *p += (built[v as usize] - *p) * part;
        }
    }
}

/// The height of the place on the bone that is nearest to a place near it.
fn foot_z(field: &Field, at: DVec3) -> f64 {
    let step = field.grid().spacing_mm()[0];
    let sample = |z: f64| field.sample(Point::from_dvec3(at + DVec3::Z * z));
    let slope = (sample(step) - sample(-step)) / (2.0 * step);
    at.z - sample(0.0) * slope.clamp(-1.0, 1.0)
}

/// A strut for each boss that stands beside the region: from its middle to the nearest place over the bone in the region.
fn struts(field: &Field, region: &Local, fixtures: &Fixtures, over: f64) -> Vec<[DVec3; 2]> {
    let beside: Vec<DVec3> = fixtures
        .bosses
        .iter()
        .filter(|boss| region.distance(boss.pose.origin().as_dvec3()) > -boss.reach().1 / 2.0)
        .map(|boss| boss.pose.lps([0.0, 0.0, boss.high / 2.0]).as_dvec3())
        .collect();
    if beside.is_empty() {
        return Vec::new();
    }
    let anchors = label::tops(field, over, |at| region.distance(at) < -1.0);
    beside
        .into_iter()
        .filter_map(|from| {
            let near = |a: &&DVec3, b: &&DVec3| a.distance_squared(from).total_cmp(&b.distance_squared(from));
            anchors.iter().min_by(near).map(|to| [from, *to])
        })
        .collect()
}

/// The pieces that count as one mesh again, and the volume of the others.
pub(super) fn without_crumbs(mesh: &Mesh) -> (Mesh, f64) {
    let (kept, crumbs): (Vec<_>, Vec<_>) =
        pieces(mesh).into_iter().partition(|piece| piece.volume_mm3 > CRUMB_MM3);
    let mut all = Mesh::default();
    for piece in kept {
        all.append(&piece.mesh);
    }
    (all, crumbs.iter().fold(0.0, |sum, piece| sum + piece.volume_mm3))
}

/// Refuses a part that is not made of the planned number of pieces, and says where the pieces are.
///
/// # Errors
/// Another number of pieces.
pub fn require_parts(mesh: &Mesh, planned: usize) -> Result<(), SolidError> {
    let found = pieces(mesh);
    if found.len() == planned {
        return Ok(());
    }
    if found.is_empty() {
        return Err(SolidError::refused("nothing is left of the part", "零件没有剩余"));
    }
    let (count, list) = (found.len(), listed(&found));
    Err(SolidError::refused(
        format!("the part falls into {count} pieces, not {planned}: {list}"),
        format!("零件分成了 {count} 块，应为 {planned} 块：{list}"),
    ))
}

fn off_bone() -> SolidError {
    SolidError::refused("the region of the guide does not touch the bone", "导板的贴合区域不在骨面上")
}
