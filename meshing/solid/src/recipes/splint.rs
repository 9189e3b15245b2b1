//! A splint: a shell around a limb's skin in two halves, with openings for air.
//!
//! Everything is a value on one grid: the skin's distance gives the shell, the planes of the plan its ends and its split, and
//! openings are a signed distance of their own. A shell and what bounds it sideways are joined so that every rim is round.

use glam::DVec3;
use meshing_segment::{Param, Params};
use meshing_space::{Aabb, Lps, Point, Vector};
use meshing_surface::{DistanceTo, Mesh, simplify_with};
use meshing_volume::{Part, Phrase, Progress};

use super::contact::{param, require_parts, without_crumbs};
use super::label::{self, Inscription};
use super::region::Local;
use super::scan_end::continued;
use crate::field::grid_around;
use crate::near::crop;
use crate::openings::{Openings, Pattern, voronoi_openings};
use crate::parts::{encloses, outer_surfaces};
use crate::recipe::{Made, Plan, Recipe, Region, value};
use crate::seeds::Seeds;
use crate::tidy::printable;
use crate::{Field, Label, Lettering, Op, Pose, SolidError, boolean_all, cut_by_plane, pieces};

pub(super) const RECIPE: Recipe = Recipe {
    id: "splint",
    version: 2,
    title: Phrase::new("Splint", "支具"),
    doc: Phrase::new(
        "Two halves of a shell around the skin of the limb that the way between the plan's two cuts runs through, from one cut \
          to the other (planes across their third directions; the ends of a prism where no cuts are planned), or where the \
          scan ends before. They part in the plan's plane, or in the one through the middle across the insertion; there the \
          lower half laps over the upper one as a clasp. Between bands along all rims and around painted places, Voronoi openings take the share of the area \
          that is set. Rims are round, and the label is engraved where the insertion points at it. Refused unless there are \
          two pieces.",
        "规划的两个切面之间的连线所穿过的肢体，其皮肤外的两半壳，从一个切面到另一个切面（垂直于其第三方向的平面；没有规划切面时为长方体的两端），或到扫描结束处。两半沿规划的平面，或沿过中心且横过就位方向的平面分开；下半在此搭接上半成扣。边缘和涂画区域四周的保留带之间，泰森多边形开孔占设定的面积比例。边缘为圆角，标识刻在就位方向所指处。不是两块则拒绝。",
    ),
    params: PARAMS,
    parts: |_| PARTS,
    run,
};

const PARAMS: &[Param] = &[
    param("gap", 2.0, 0.0, 5.0, "Gap between skin and shell.", "皮肤与壳之间的间隙。"),
    param("shell", 3.5, 2.0, 6.0, "Thickness of the shell.", "壳的厚度。"),
    param(
        "rim",
        1.2,
        0.0,
        3.0,
        "Radius that rims are rounded to; at most half the shell.",
        "边缘的圆角半径；最大为壳厚的一半。",
    ),
    param(
        "overlap",
        6.0,
        0.0,
        20.0,
        "How far one half laps over the other; 0 only leaves the gap between them.",
        "一半搭接另一半的宽度；0 表示两半之间只留间隙。",
    ),
    param("lap_gap", 0.4, 0.1, 2.0, "Gap between the halves.", "两半之间的间隙。"),
    Param {
        id: "open_share",
        unit: Phrase::symbol(""),
        default: Some(0.4),
        min: 0.0,
        max: 0.5,
        doc: Phrase::new(
            "Share of the area between the bands that is open; 0 makes no openings.",
            "保留带之间开孔的面积比例；0 表示不开孔。",
        ),
    },
    param("strut", 3.0, 2.0, 10.0, "Least width of the struts between openings.", "开孔之间的最小筋宽。"),
    param("band", 5.0, 2.0, 40.0, "Least distance of openings from rims.", "开孔到边缘的最小距离。"),
    Param {
        id: "seed",
        unit: Phrase::symbol(""),
        default: Some(1.0),
        min: 0.0,
        max: 1e6,
        doc: Phrase::new("Another number gives other openings.", "换一个数得到另一种开孔。"),
    },
    param(
        "label_height",
        5.0,
        2.0,
        12.0,
        "Height of the engraved capitals; smaller where they do not fit.",
        "刻字的大写字母高度；放不下时缩小。",
    ),
    param("label_depth", 0.6, 0.2, 2.0, "Depth of the engraving.", "刻字深度。"),
    param(
        "spacing",
        0.7,
        0.2,
        2.0,
        "Grid of the shell; details smaller than this are lost.",
        "壳的网格间距；小于它的细节会丢失。",
    ),
];

/// How far the skin is simplified, mm, measured: its field is then made several times faster.
const SKIN_MM: f64 = 0.05;
/// Its halves.
const PARTS: usize = 2;
/// Least radius of an opening and of its corners, mm.
const OPENING_MM: f64 = 1.0;
/// Least distance of openings, rims and the split from the label, mm.
const AROUND_LABEL_MM: f64 = 2.0;
/// Least cosine between a cut's normal and the way from one cut to the other (60°).
const ACROSS: f64 = 0.5;

/// The planes of a splint in own coordinates.
struct Planes {
    /// On each end, and outwards.
    ends: [(DVec3, DVec3); 2],
    /// In the middle of the split, and towards the upper half.
    split: (DVec3, DVec3),
}

impl Planes {
    /// The split through `middle`, unless a plane was planned.
    fn new(plan: &Plan, ends: [(DVec3, DVec3); 2], middle: DVec3, frame: &Pose) -> Result<Self, SolidError> {
        let way = (ends[1].0 - ends[0].0).normalize_or_zero();
        let split = if let Some(plane) = plan.plane {
            let plane = plane.seen_from(frame);
            let normal = plane.axis().as_dvec3();
            (plane.origin().as_dvec3(), if normal.z < 0.0 { -normal } else { normal })
        } else {
            (middle, DVec3::Z - way * way.z)
        };
        let along = split.1.try_normalize().filter(|normal| normal.dot(way).abs() < ACROSS);
        let Some(normal) = along.filter(|_| split.0.is_finite()) else {
            return Err(SolidError::refused(
                "the halves of a splint must part along the limb; turn the insertion or the plane",
                "支具必须沿肢体分成两半；请调整就位方向或平面",
            ));
        };
        Ok(Self { ends, split: (split.0, normal) })
    }

    /// The signed distance to the ends, negative between them, mm.
    fn end(&self, at: DVec3) -> f64 {
        let [a, b] = self.ends.map(|(on, normal)| (at - on).dot(normal));
        a.max(b)
    }

    /// How far a place lies on the upper half's side of the split, mm.
    fn side(&self, at: DVec3) -> f64 {
        (at - self.split.0).dot(self.split.1)
    }
}

/// A point on the plane of each end and its normal, outwards, from two cuts or a prism.
fn ends(plan: &Plan, frame: &Pose) -> Result<[(DVec3, DVec3); 2], SolidError> {
    let plane = |pose: &Pose| {
        let pose = pose.seen_from(frame);
        (pose.origin().as_dvec3(), pose.axis().as_dvec3())
    };
    let mut ends = match (&plan.cuts[..], &plan.region) {
        ([a, b], _) => [plane(&a.pose), plane(&b.pose)],
        ([], Region::Prism { pose, edges_mm }) if edges_mm[2].is_finite() && edges_mm[2] > 0.0 => {
            [-0.5, 0.5].map(|part| plane(&pose.moved([0.0, 0.0, part * edges_mm[2]])))
        }
        (cuts, _) => {
            return Err(SolidError::refused(
                format!("a splint needs two planned cuts, one at each end, not {}", cuts.len()),
                format!("支具需要两个规划的切面（两端各一个），不能是 {} 个", cuts.len()),
            ));
        }
    };
    let way = (ends[1].0 - ends[0].0).normalize_or_zero();
    for (side, (_, normal)) in [-way, way].into_iter().zip(&mut ends) {
        // A plane has no side of its own: what lies towards the other one is kept.
        let along = normal.dot(side);
        if along.is_nan() || along.abs() < ACROSS {
            return Err(SolidError::refused(
                "the two cuts of a splint must lie across the limb, apart from each other",
                "支具的两个切面必须横过肢体且彼此分开",
            ));
        }
        *normal *= along.signum();
    }
    Ok(ends)
}

/// The limb that the way from one cut to the other runs through or nearest to, and not the one beside it, up to `beyond` mm
/// past the ends.
fn chosen(mesh: &Mesh, ends: &[(DVec3, DVec3); 2], beyond: f64) -> Result<Mesh, SolidError> {
    let mut found = mesh.clone();
    for (on, normal) in ends {
        let plane = Pose::along(Point::from_dvec3(*on + *normal * beyond), Vector::from_dvec3(*normal))?;
        found = cut_by_plane(&found, &plane, 0.0)?.below;
        if found.triangles.is_empty() {
            return Err(no_limb());
        }
    }
    let off = |mesh: &Mesh| -> f64 {
        let far = DistanceTo::new(mesh);
        let along = |n: u32| Point::from_dvec3(ends[0].0.lerp(ends[1].0, f64::from(n) / 8.0));
        (0..=8)
            .map(along)
            .map(|p| if encloses(mesh, p) { -far.distance_mm(p) } else { far.distance_mm(p) })
            .sum()
    };
    let limbs = pieces(&found).into_iter().map(|piece| (off(&piece.mesh), piece.mesh));
    limbs.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, mesh)| mesh).ok_or_else(no_limb)
}

/// The middle of the surface between the ends, by area, and the box around it.
fn between(mesh: &Mesh, ends: &[(DVec3, DVec3); 2]) -> Option<(DVec3, [DVec3; 2])> {
    let (mut sum, mut area) = (DVec3::ZERO, 0.0);
    let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for t in 0..mesh.triangles.len() {
        let mut polygon: Vec<DVec3> = mesh.corners(t).map(Point::as_dvec3).to_vec();
        // Sutherland & Hodgman 1974.
        for (on, normal) in ends {
            let over = |p: DVec3| (p - *on).dot(*normal);
            let mut kept = Vec::with_capacity(5);
            for (n, &p) in polygon.iter().enumerate() {
                let q = polygon[(n + 1) % polygon.len()];
                let (a, b) = (over(p), over(q));
                if a <= 0.0 {
                    kept.push(p);
                }
                if (a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0) {
                    kept.push(p.lerp(q, a / (a - b)));
                }
            }
            polygon = kept;
        }
        for n in 2..polygon.len() {
            let [a, b, c] = [polygon[0], polygon[n - 1], polygon[n]];
            let here = (b - a).cross(c - a).length() / 2.0;
            sum += (a + b + c) / 3.0 * here;
            area += here;
        }
        (low, high) = polygon.iter().fold((low, high), |(low, high), p| (low.min(*p), high.max(*p)));
    }
    (area > 0.0).then(|| (sum / area, [low, high]))
}

/// The sizes that the recipe was given, mm.
struct Sizes {
    gap: f64,
    shell: f64,
    rim: f64,
    overlap: f64,
    clearance: f64,
    band: f64,
}

/// What lies between two distances from the skin and within `beside` (a signed distance along it), with a round rim.
fn rounded(skin: f64, [inner, outer]: [f64; 2], beside: f64, rim: f64) -> f64 {
    let through = (skin - f64::midpoint(inner, outer)).abs() - (outer - inner) / 2.0;
    let (a, b) = (through + rim, beside + rim);
    a.max(0.0).hypot(b.max(0.0)) + a.max(b).min(0.0) - rim
}

impl Sizes {
    /// The value of one half at a place: negative in the material. `opening` is the signed distance to an opening. Each half
    /// has a field of its own, because a grid does not show gaps as narrow as the clearance.
    fn half(&self, upper: bool, planes: &Planes, at: DVec3, skin: f64, opening: f64) -> f64 {
        let (end, side) = (planes.end(at), planes.side(at));
        let outer = self.gap + self.shell;
        let apart = self.clearance / 2.0 + if upper { -side } else { side };
        let half = rounded(skin, [self.gap, outer], end.max(-opening).max(apart), self.rim);
        if upper || self.overlap <= 0.0 {
            return half;
        }
        // The lower half is twice as thick beside the split, and its outer layer laps over the upper half.
        let lap = [outer + self.clearance, outer + self.clearance + self.shell];
        let flap = rounded(skin, lap, end.max(side.abs() - self.overlap), self.rim);
        let foot = rounded(skin, [self.gap, lap[1]], end.max(apart).max(-self.overlap - side), self.rim);
        half.min(flap).min(foot)
    }

    /// Where openings must not lie: positive there, mm.
    fn keep(&self, planes: &Planes, at: DVec3) -> f64 {
        let split = self.overlap.max(self.clearance / 2.0) + self.band - planes.side(at).abs();
        (planes.end(at) + self.band).max(split)
    }
}

fn run(
    limb: &Mesh,
    plan: &Plan,
    params: &Params,
    lettering: Lettering<'_>,
    progress: &dyn Progress,
) -> Result<Made, SolidError> {
    let of = |id| value(params, id);
    let (spacing, shell) = (of("spacing"), of("shell"));
    let sizes = Sizes {
        gap: of("gap"),
        shell,
        rim: of("rim").min(shell / 2.0),
        overlap: of("overlap"),
        clearance: of("lap_gap"),
        band: of("band"),
    };
    let (depth, outer) = (of("label_depth"), sizes.gap + shell);
    if shell < 3.0 * spacing || (depth > shell / 2.0 && !plan.label.trim().is_empty()) {
        return Err(SolidError::refused(
            format!(
                "a shell of {shell} mm is too thin for a grid of {spacing} mm or a label {depth} mm deep"
            ),
            format!("{shell} mm 厚的壳对 {spacing} mm 的网格或 {depth} mm 深的标识太薄"),
        ));
    }
    let middle = limb.bounds().ok_or(SolidError::Empty { what: "the mesh" })?.center();
    let frame = Pose::along(middle, plan.insertion * -1.0)?;
    // Marrow and other voids within have no skin.
    let own = frame.own_mesh(&outer_surfaces(limb));
    let mut ends = ends(plan, &frame)?;
    let own = chosen(&own, &ends, outer + sizes.clearance + shell + 2.0 * spacing)?;
    let own = simplify_with(&own, SKIN_MM, &Part::new(progress, 0.05, 0.15))?.mesh;
    let own = continued(&own, &mut ends, 2.0 * (outer + sizes.clearance + shell));
    let Some((middle, [low, high])) = between(&own, &ends) else { return Err(no_limb()) };
    let planes = Planes::new(plan, ends, middle, &frame)?;
    let (field, space) = skin(&own, [low, high], &sizes, spacing, &Part::new(progress, 0.15, 0.4))?;
    let label = label::cutter(
        &Inscription { words: &plan.label, lettering, height_mm: of("label_height"), depth_mm: depth },
        &field,
        outer,
        |at| (planes.end(at) + AROUND_LABEL_MM).max(sizes.overlap + AROUND_LABEL_MM - planes.side(at)),
        [space.min, space.max].map(Point::as_dvec3),
    )?;
    let kept = Kept::new(plan, &frame, label.as_ref().map(|(label, _)| *label))?;
    // What is kept closed is seen on the middle of the shell, so that openings end across it.
    let keep =
        |at: DVec3| sizes.keep(&planes, at).max(kept.distance(foot(&field, at, sizes.gap + shell / 2.0)));
    let share = of("open_share");
    let openings = if share > 0.0 {
        let pattern = Pattern {
            share,
            strut_mm: of("strut"),
            least_mm: OPENING_MM.min(of("strut") / 2.0),
            seed: of("seed").round() as u64,
        };
        let surface = field.clone().surface(sizes.gap + shell / 2.0)?;
        let part = Part::new(progress, 0.4, 0.6);
        Some(voronoi_openings(&surface, &pattern, |at| keep(at.as_dvec3()), &part)?)
    } else {
        None
    };
    let thick = outer + sizes.clearance + shell;
    let half = |upper: bool| {
        field.clone().mapped(|at, skin| {
            let (skin, place) = (f64::from(skin), at.as_dvec3());
            // Farther away the sign is all that counts.
            if !(sizes.gap - 2.0 * spacing..thick + 2.0 * spacing).contains(&skin) {
                return (2.0 * spacing) as f32;
            }
            let closed = |openings: &Openings| openings.distance(at, keep(place));
            let opening = openings.as_ref().map_or(f64::INFINITY, closed);
            sizes.half(upper, &planes, place, skin, opening) as f32
        })
    };
    let (upper, more) = without_crumbs(&half(true).surface(0.0)?);
    progress.step(7, 10)?;
    let (lower, crumbs_mm3) = without_crumbs(&half(false).surface(0.0)?);
    progress.step(8, 10)?;
    for half in [&upper, &lower] {
        require_parts(&frame.lps_mesh(half), 1)?;
    }
    let seen = label.as_ref().map(|(label, _)| label.seen_outside(&frame)).transpose()?;
    let cutters: Vec<Mesh> = label.map(|(_, mesh)| mesh).into_iter().collect();
    let mut made = boolean_all(Op::Difference, &upper, &cutters, &Part::new(progress, 0.8, 0.9))?;
    made.append(&lower);
    let mesh = printable(&frame.lps_mesh(&made));
    require_parts(&mesh, PARTS)?;
    Ok(Made { mesh, params: params.clone(), label: seen, crumbs_mm3: crumbs_mm3 + more })
}

/// The place at a distance from the skin that lies nearest to a place in the shell.
fn foot(field: &Field, at: DVec3, over: f64) -> DVec3 {
    let step = field.grid().spacing_mm()[0];
    let sample = |by: DVec3| field.sample(Point::from_dvec3(at + by * step));
    let away = [DVec3::X, DVec3::Y, DVec3::Z].map(|axis| sample(axis) - sample(-axis));
    at - DVec3::from_array(away).normalize_or_zero() * (sample(DVec3::ZERO) - over)
}

/// The skin's distances about what lies between the ends, and the box that they are known in.
fn skin(
    own: &Mesh,
    [low, high]: [DVec3; 2],
    sizes: &Sizes,
    spacing: f64,
    progress: &dyn Progress,
) -> Result<(Field, Aabb<Lps>), SolidError> {
    let thick = sizes.gap + 2.0 * sizes.shell + sizes.clearance;
    let margin = thick + 2.0;
    let space = Aabb { min: Point::from_dvec3(low - margin), max: Point::from_dvec3(high + margin) };
    let band = thick + 3.0 * spacing;
    let grid = grid_around(space, spacing)?;
    let around = space.expanded(band + 3.0 * spacing);
    // Rows of the grid run along the first direction and need all that they cross.
    let rows = Vector::new(1e6, 0.0, 0.0);
    let along = crop(own, Aabb { min: around.min - rows, max: around.max + rows });
    Ok((Field::on_grid(&along, grid, band, progress)?, space))
}

/// Where the plan and the label leave no openings, in own coordinates.
struct Kept {
    painted: Option<(Seeds, f64)>,
    curve: Option<Local>,
    label: Option<Label>,
}

/// How far from what is kept closed distances count, mm.
const AROUND_KEPT_MM: f64 = 5.0;

impl Kept {
    fn new(plan: &Plan, frame: &Pose, label: Option<Label>) -> Result<Self, SolidError> {
        let mut kept = Self { painted: None, curve: None, label };
        match &plan.region {
            Region::Painted { points, .. } if points.is_empty() => {}
            Region::Painted { points, radius_mm } => {
                // It knows which regions make no sense.
                Local::new(&plan.region, frame)?;
                let own: Vec<DVec3> = points.iter().map(|p| DVec3::from_array(frame.own(*p))).collect();
                let low = own.iter().copied().fold(DVec3::INFINITY, DVec3::min);
                let high = own.iter().copied().fold(DVec3::NEG_INFINITY, DVec3::max);
                let mut seeds = Seeds::new(low, high, (radius_mm + AROUND_KEPT_MM) / 2.0);
                // Long strokes lie closer than counts.
                let close = (radius_mm / 20.0).max(0.2).powi(2);
                for at in own {
                    let mut apart = true;
                    seeds.near(at, |_, far| apart &= far > close);
                    if apart {
                        seeds.add(at);
                    }
                }
                kept.painted = Some((seeds, *radius_mm));
            }
            Region::Curve { .. } => kept.curve = Some(Local::new(&plan.region, frame)?),
            Region::Prism { .. } => {}
        }
        Ok(kept)
    }

    /// Positive where no opening may lie, mm; well below 0 away from all that is kept closed.
    fn distance(&self, at: DVec3) -> f64 {
        let painted = self.painted.as_ref().and_then(|(seeds, radius)| {
            seeds.nearest(at).map(|n| radius - seeds.places()[n as usize].distance(at))
        });
        let curve = self.curve.as_ref().map_or(f64::NEG_INFINITY, |curve| -curve.distance(at));
        let label = self.label.map_or(f64::NEG_INFINITY, |label| {
            let [x, y, z] = label.pose.own(Point::from_dvec3(at));
            let over = DVec3::new(x.abs() - label.half_mm[0], y.abs() - label.half_mm[1], 0.0);
            // Only on the side that bears it.
            let beside = over.max(DVec3::ZERO).length() + over.x.max(over.y).min(0.0);
            AROUND_LABEL_MM - beside.max(-z - 4.0 * label.half_mm[0])
        });
        painted.unwrap_or(f64::NEG_INFINITY).max(curve).max(label)
    }
}

fn no_limb() -> SolidError {
    SolidError::refused("nothing of the limb lies between the two cuts", "两个切面之间没有肢体")
}
