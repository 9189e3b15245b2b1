//! Voronoi openings through a plate, a brace or an implant.

use std::collections::HashSet;

use glam::DVec3;
use meshing_segment::{Param, Params};
use meshing_space::{Aabb, Point};
use meshing_surface::{DistanceTo, Mesh};
use meshing_volume::{Part, Phrase, Progress};

use super::contact::{PLANNED, param, planned_parts, require_parts};
use super::region::Local;
use crate::openings::{Pattern, voronoi_openings};
use crate::recipe::{Made, Plan, Recipe, value};
use crate::tidy::printable;
use crate::{Field, Lettering, Pose, SolidError, difference, pieces};

pub(super) const RECIPE: Recipe = Recipe {
    id: "perforated",
    version: 1,
    title: Phrase::new("Openings", "开孔"),
    doc: Phrase::new(
        "The body, a plate, a shell or an implant, with Voronoi openings through it where the plan's region covers it, seen along \
         the insertion. They keep their distance from the body's rims; struts between them are as wide as the share of open \
         area lets them be. Refused if the body falls apart.",
        "在规划区域所覆盖处（沿就位方向看），穿过板、壳或植入物开泰森多边形孔。孔与边缘保持距离；孔间的筋宽由开孔面积比例决定。如果分成几块则拒绝。",
    ),
    params: PARAMS,
    parts: planned_parts,
    run,
};

const PARAMS: &[Param] = &[
    Param {
        id: "open_share",
        unit: Phrase::symbol(""),
        default: Some(0.4),
        min: 0.05,
        max: 0.6,
        doc: Phrase::new("Share of the region that is open.", "区域内开孔的面积比例。"),
    },
    param("strut", 3.0, 1.0, 10.0, "Least width of the struts between openings.", "开孔之间的最小筋宽。"),
    param("band", 5.0, 0.5, 40.0, "Least distance of openings from rims.", "开孔到边缘的最小距离。"),
    param("depth", 8.0, 1.0, 40.0, "How far openings reach below the surface.", "开孔在表面以下的深度。"),
    Param {
        id: "seed",
        unit: Phrase::symbol(""),
        default: Some(1.0),
        min: 0.0,
        max: 1e6,
        doc: Phrase::new("Another number gives other openings.", "换一个数得到另一种开孔。"),
    },
    param("spacing", 0.5, 0.1, 2.0, "Grid of the openings.", "开孔的网格间距。"),
];

/// Least radius of an opening and of its corners, mm.
const OPENING_MM: f64 = 1.0;
/// Least cosine to the way that one looks for a surface that is seen (70°).
const SEEN: f64 = 0.34;

fn run(
    body: &Mesh,
    plan: &Plan,
    params: &Params,
    _lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let of = |id| value(params, id);
    let middle = body.bounds().ok_or(SolidError::Empty { what: "the mesh" })?.center();
    let frame = Pose::along(middle, plan.insertion * -1.0)?;
    let own = frame.own_mesh(body);
    let region = Local::new(&plan.region, &frame)?;
    let (seen, rims) = seen(&own, region.low.z);
    let (surface, rims) = (DistanceTo::new(&seen), DistanceTo::new(&rims));
    let (depth, band) = (of("depth"), of("band"));
    // Seen from above, so that openings run straight through.
    let keep = |at: Point<_>| {
        let above = DVec3::new(at.x(), at.y(), f64::INFINITY);
        region.distance(above).max(band - rims.distance_mm(at))
    };
    let pattern = Pattern {
        share: of("open_share"),
        strut_mm: of("strut"),
        least_mm: OPENING_MM.min(of("strut") / 2.0),
        seed: of("seed").round() as u64,
    };
    let openings = voronoi_openings(&seen, &pattern, keep, &Part::new(progress, 0.0, 0.4))?;
    let Some(bounds) = seen.bounds() else { return Err(unseen()) };
    let inside = |axis: usize| {
        let (low, high) = (bounds.min.to_array()[axis], bounds.max.to_array()[axis]);
        (low.max(region.low[axis]), high.min(region.high[axis]))
    };
    let ((x0, x1), (y0, y1)) = (inside(0), inside(1));
    let space = Aabb {
        min: Point::new(x0, y0, bounds.min.z() - depth),
        max: Point::new(x1, y1, bounds.max.z() + depth),
    };
    let near = 2.0 * of("spacing");
    let cutter = Field::of_function(space.expanded(near), of("spacing"), near, |at| {
        let reach = surface.distance_mm(at) - depth;
        if reach > near { reach } else { reach.max(openings.distance(at, keep(at))) }
    })?;
    progress.step(7, 10)?;
    let made = difference(&own, &cutter.surface(0.0)?)?;
    let planned = pieces(body).len();
    let mesh = printable(&frame.lps_mesh(&made));
    require_parts(&mesh, planned)?;
    Ok(Made { mesh, params: params.clone().with(PLANNED, planned as f64), label: None, crumbs_mm3: 0.0 })
}

/// The triangles that are seen from above and lie no lower than `low`, and those at their rims that are not.
fn seen(own: &Mesh, low: f64) -> (Mesh, Mesh) {
    let faces_up = |t: usize| {
        let [a, b, c] = own.corners(t).map(Point::as_dvec3);
        (b - a).cross(c - a).normalize_or_zero().z > SEEN && a.z.max(b.z).max(c.z) > low
    };
    let (up, other): (Vec<usize>, Vec<usize>) = (0..own.triangles.len()).partition(|&t| faces_up(t));
    let of = |all: &[usize]| {
        let triangles = all.iter().map(|&t| own.triangles[t]).collect();
        Mesh { positions: own.positions.clone(), triangles }.compacted()
    };
    let touched: HashSet<u32> = up.iter().flat_map(|&t| own.triangles[t]).collect();
    let beside: Vec<usize> =
        other.into_iter().filter(|&t| own.triangles[t].iter().any(|v| touched.contains(v))).collect();
    (of(&up), of(&beside))
}

fn unseen() -> SolidError {
    SolidError::refused("nothing of the body is seen along the insertion", "沿就位方向看不到该体的任何部分")
}
