//! Parts that guides are made of. Closed meshes, LPS mm, counter-clockwise seen from outside.

use core::f64::consts::{PI, TAU};

use glam::DVec2;
use manifold_rust::cross_section::CrossSection;
use manifold_rust::linalg::Vec2;
use manifold_rust::manifold::Manifold;
use meshing_space::{Lps, Point};
use meshing_surface::Mesh;

use crate::boolean::engine;
use crate::{Pose, SolidError};

/// How far a round part may differ from the circle it stands for, mm.
pub const CHORD_MM: f64 = 0.02;

/// On which side of the true circle a round part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Around the circle: a bore, in which the full diameter must pass.
    Bore,
    /// Within the circle: a pin, which must not be thicker than stated.
    Pin,
}

/// Sides of the polygon for a circle, so that it differs by at most [`CHORD_MM`]; a multiple of four.
fn sides(radius_mm: f64) -> usize {
    // Sagitta of a polygon in the circle: r(1 - cos(π/n)); of one around it: r(1/cos(π/n) - 1), a little more.
    let angle = (1.0 / (1.0 + CHORD_MM / radius_mm)).acos();
    ((PI / angle).ceil().clamp(12.0, 4096.0) as usize).next_multiple_of(4)
}

/// The polygon of a circle.
fn circle(radius_mm: f64, fit: Fit) -> Vec<DVec2> {
    let n = sides(radius_mm);
    let radius = if fit == Fit::Bore { radius_mm / (PI / n as f64).cos() } else { radius_mm };
    (0..n).map(|k| DVec2::from_angle(TAU * k as f64 / n as f64) * radius).collect()
}

fn positive(what: &str, zh: &str, sizes: &[f64]) -> Result<(), SolidError> {
    if sizes.iter().all(|mm| mm.is_finite() && *mm > 0.0) {
        return Ok(());
    }
    Err(SolidError::refused(
        format!("the sizes of a {what} must be positive, not {sizes:?} mm"),
        format!("{zh}的尺寸必须为正，不能是 {sizes:?} mm"),
    ))
}

/// Rings of equally many vertices joined to a closed surface, from the lowest to the highest; the ends are flat and convex.
fn lofted(pose: &Pose, rings: &[(f64, Vec<DVec2>)]) -> Mesh {
    let n = rings[0].1.len();
    let mut mesh = Mesh::default();
    for (z, ring) in rings {
        mesh.positions.extend(ring.iter().map(|p| pose.lps([p.x, p.y, *z])));
    }
    let at = |ring: usize, k: usize| (ring * n + k % n) as u32;
    for ring in 0..rings.len() - 1 {
        for k in 0..n {
            let [a, b, c, d] = [at(ring, k), at(ring, k + 1), at(ring + 1, k + 1), at(ring + 1, k)];
            mesh.triangles.extend([[a, b, c], [a, c, d]]);
        }
    }
    let last = rings.len() - 1;
    for k in 1..n - 1 {
        mesh.triangles
            .extend([[at(0, 0), at(0, k + 1), at(0, k)], [at(last, 0), at(last, k), at(last, k + 1)]]);
    }
    mesh
}

/// A cylinder about the pose's axis from `from_mm` to `to_mm` along it.
///
/// # Errors
/// A radius or a length that is not positive.
pub fn cylinder(pose: &Pose, radius_mm: f64, from_mm: f64, to_mm: f64, fit: Fit) -> Result<Mesh, SolidError> {
    positive("cylinder", "圆柱", &[radius_mm, to_mm - from_mm])?;
    let ring = circle(radius_mm, fit);
    Ok(lofted(pose, &[(from_mm, ring.clone()), (to_mm, ring)]))
}

/// A cone with its ends cut: radius `from_radius_mm` at `from_mm`, `to_radius_mm` at `to_mm`.
///
/// # Errors
/// A radius or a length that is not positive.
pub fn cone(
    pose: &Pose,
    from_radius_mm: f64,
    to_radius_mm: f64,
    from_mm: f64,
    to_mm: f64,
) -> Result<Mesh, SolidError> {
    positive("cone", "圆锥", &[from_radius_mm, to_radius_mm, to_mm - from_mm])?;
    let n = sides(from_radius_mm.max(to_radius_mm));
    let ring = |radius: f64| (0..n).map(|k| DVec2::from_angle(TAU * k as f64 / n as f64) * radius).collect();
    Ok(lofted(pose, &[(from_mm, ring(from_radius_mm)), (to_mm, ring(to_radius_mm))]))
}

/// A box centred on the pose, with edges along its directions.
///
/// # Errors
/// An edge that is not positive.
pub fn cuboid(pose: &Pose, edges_mm: [f64; 3]) -> Result<Mesh, SolidError> {
    positive("box", "长方体", &edges_mm)?;
    let [x, y, z] = edges_mm.map(|mm| mm / 2.0);
    let ring = vec![DVec2::new(-x, -y), DVec2::new(x, -y), DVec2::new(x, y), DVec2::new(-x, y)];
    Ok(lofted(pose, &[(-z, ring.clone()), (z, ring)]))
}

/// The room that a saw blade takes: `length_mm` along the first direction, `kerf_mm` and the tolerance on both sides along
/// the second, from `from_mm` to `to_mm` along the axis.
///
/// # Errors
/// A size that is not positive.
pub fn slot(
    pose: &Pose,
    length_mm: f64,
    kerf_mm: f64,
    tolerance_mm: f64,
    from_mm: f64,
    to_mm: f64,
) -> Result<Mesh, SolidError> {
    let middle = pose.moved([0.0, 0.0, f64::midpoint(from_mm, to_mm)]);
    cuboid(&middle, [length_mm, kerf_mm + 2.0 * tolerance_mm, to_mm - from_mm])
}

/// A cylinder with round ends between two points (a ball where they are the same).
///
/// # Errors
/// A radius that is not positive, or points that are not finite.
pub fn capsule(from: Point<Lps>, to: Point<Lps>, radius_mm: f64) -> Result<Mesh, SolidError> {
    positive("capsule", "胶囊体", &[radius_mm])?;
    let length = from.distance(to);
    let axis = if length > 0.0 { to - from } else { meshing_space::Vector::new(0.0, 0.0, 1.0) };
    let pose = Pose::along(from, axis)?;
    let n = sides(radius_mm);
    let quarter = n / 4;
    let ring = |angle: f64| -> Vec<DVec2> {
        (0..n).map(|k| DVec2::from_angle(TAU * k as f64 / n as f64) * (radius_mm * angle.cos())).collect()
    };
    // The caps end in small flat discs of the next ring's size, which keeps every ring alike.
    let angle = |step: usize| PI / 2.0 * (step as f64 - 0.5) / quarter as f64;
    let mut rings = Vec::new();
    for step in (1..=quarter).rev() {
        rings.push((-radius_mm * angle(step).sin(), ring(angle(step))));
    }
    for step in 1..=quarter {
        rings.push((length + radius_mm * angle(step).sin(), ring(angle(step))));
    }
    Ok(lofted(&pose, &rings))
}

/// An outline in the plane of a pose's first two directions, mm: closed rings, counter-clockwise outside, clockwise holes.
pub type Outline = Vec<Vec<[f64; 2]>>;

pub(crate) fn section(outline: &Outline) -> CrossSection {
    CrossSection::new(
        outline.iter().map(|ring| ring.iter().map(|p| Vec2::new(p[0], p[1])).collect()).collect(),
    )
}

/// A prism over an outline, from `from_mm` to `to_mm` along the axis.
///
/// # Errors
/// An outline without area, or a height that is not positive.
pub fn extruded(pose: &Pose, outline: &Outline, from_mm: f64, to_mm: f64) -> Result<Mesh, SolidError> {
    positive("prism", "棱柱", &[to_mm - from_mm])?;
    if !outline.iter().flatten().flatten().all(|x| x.is_finite()) {
        return Err(no_area());
    }
    extruded_section(pose, &section(outline), from_mm, to_mm)
}

pub(crate) fn extruded_section(
    pose: &Pose,
    section: &CrossSection,
    from_mm: f64,
    to_mm: f64,
) -> Result<Mesh, SolidError> {
    if section.is_empty() {
        return Err(no_area());
    }
    let solid = Manifold::extrude(&section.to_polygons(), to_mm - from_mm, 0, 0.0, Vec2::new(1.0, 1.0));
    let (positions, triangles) = engine::export(&solid);
    let placed = |p: glam::DVec3| pose.lps([p.x, p.y, p.z + from_mm]);
    Ok(Mesh { positions: positions.into_iter().map(placed).collect(), triangles })
}

/// As [`extruded`], with the upper and lower edges rounded by `radius_mm` in steps that keep to [`CHORD_MM`]-like chords.
///
/// # Errors
/// As [`extruded`], or a radius that leaves nothing of the outline or the height.
pub fn extruded_rounded(
    pose: &Pose,
    outline: &Outline,
    from_mm: f64,
    to_mm: f64,
    radius_mm: f64,
) -> Result<Mesh, SolidError> {
    positive("rounded prism", "圆角棱柱", &[radius_mm, to_mm - from_mm - 2.0 * radius_mm])?;
    let whole = section(outline);
    let steps = (sides(radius_mm) / 4).clamp(3, 8);
    let mut made: Option<Mesh> = None;
    // Nested prisms: the narrower ones reach higher.
    for step in 0..=steps {
        let angle = PI / 2.0 * step as f64 / steps as f64;
        let (inset, rise) = (radius_mm * (1.0 - angle.cos()), radius_mm * (1.0 - angle.sin()));
        let layer = if inset > 0.0 { whole.offset(-inset) } else { whole.clone() };
        let layer = extruded_section(pose, &layer, from_mm + rise, to_mm - rise)?;
        made = Some(match made {
            Some(made) => crate::union(&made, &layer)?,
            None => layer,
        });
    }
    made.ok_or_else(no_area)
}

fn no_area() -> SolidError {
    SolidError::refused("the outline encloses no area", "轮廓没有面积")
}
