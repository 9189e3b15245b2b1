//! Cuts by a plane, with kerf, joints and caps.

use meshing_surface::Mesh;
use meshing_volume::{Progress, Silent};

use crate::primitives::{Fit, cuboid, cylinder};
use crate::{Op, Pose, SolidError, boolean_all, difference, intersection, pieces, union};

/// The two sides of a cut, and what was laid into the joint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Halves {
    /// What lies towards the pose's axis, capped.
    pub above: Mesh,
    /// What lies away from it, capped.
    pub below: Mesh,
    /// Loose dowels, where they stand when assembled.
    pub dowels: Vec<Mesh>,
}

/// Cuts a solid in the plane through the pose's origin across its axis; `kerf_mm` (0 or more) is lost, half on each side.
/// A side may have no triangles.
///
/// # Errors
/// [`SolidError`]: no solid, or a kerf that is negative.
pub fn cut_by_plane(mesh: &Mesh, plane: &Pose, kerf_mm: f64) -> Result<Halves, SolidError> {
    if !(kerf_mm.is_finite() && kerf_mm >= 0.0) {
        return Err(SolidError::refused(
            format!("a kerf of {kerf_mm} mm cannot be cut"),
            format!("锯缝宽度不能是 {kerf_mm} mm"),
        ));
    }
    let bounds = mesh.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
    // About the middle of the solid, so that the half spaces need not be large.
    let middle = plane.own(bounds.center());
    let reach = 2.0 * bounds.size().length() + middle[2].abs() + kerf_mm + 1.0;
    let half = |side: f64| {
        let at = plane.moved([middle[0], middle[1], side * (kerf_mm / 2.0 + reach / 2.0)]);
        cuboid(&at, [reach; 3])
    };
    let above = intersection(mesh, &half(1.0)?)?;
    let below = intersection(mesh, &half(-1.0)?)?;
    Ok(Halves { above, below, dowels: Vec::new() })
}

/// What holds two halves together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Joint {
    /// A round pin on the lower half, a hole in the upper one.
    Pin {
        /// Diameter of the pin, mm.
        diameter_mm: f64,
        /// How far it stands out, mm.
        length_mm: f64,
    },
    /// A loose round dowel in holes of both halves.
    Dowel {
        /// Diameter of the dowel, mm.
        diameter_mm: f64,
        /// Its whole length, mm.
        length_mm: f64,
    },
    /// A flat tongue on the lower half along the plane's first direction, a groove in the upper one.
    Tongue {
        /// Along the first direction, mm.
        width_mm: f64,
        /// Along the second direction, mm.
        thickness_mm: f64,
        /// How far it stands out, mm.
        length_mm: f64,
    },
}

/// As [`cut_by_plane`], with joints at places in the plane (own coordinates of the pose, mm); holes are wider and deeper by
/// `clearance_mm` on every side.
///
/// # Errors
/// As [`cut_by_plane`]; a joint that does not lie within both halves, which is named.
pub fn split_with_joints(
    mesh: &Mesh,
    plane: &Pose,
    kerf_mm: f64,
    joints: &[([f64; 2], Joint)],
    clearance_mm: f64,
) -> Result<Halves, SolidError> {
    let mut halves = cut_by_plane(mesh, plane, kerf_mm)?;
    for (n, (at, joint)) in joints.iter().enumerate() {
        let place = plane.moved([at[0], at[1], 0.0]);
        let (male, female) = match *joint {
            Joint::Pin { diameter_mm, length_mm } | Joint::Dowel { diameter_mm, length_mm } => {
                let reach = if matches!(joint, Joint::Dowel { .. }) { length_mm / 2.0 } else { length_mm };
                let radius = diameter_mm / 2.0;
                (
                    cylinder(&place, radius, -reach, reach, Fit::Pin)?,
                    cylinder(
                        &place,
                        radius + clearance_mm,
                        -reach - clearance_mm,
                        reach + clearance_mm,
                        Fit::Bore,
                    )?,
                )
            }
            Joint::Tongue { width_mm, thickness_mm, length_mm } => {
                let grown = 2.0 * clearance_mm;
                (
                    cuboid(&place, [width_mm, thickness_mm, 2.0 * length_mm])?,
                    cuboid(&place, [width_mm + grown, thickness_mm + grown, 2.0 * length_mm + grown])?,
                )
            }
        };
        // The whole joint must lie within material, or it would stand out of the outer wall.
        let outside = crate::volume_mm3(&difference(&female, mesh)?);
        if outside > 1e-6 * crate::volume_mm3(&female) {
            return Err(SolidError::refused(
                format!("joint {} reaches {outside:.2} mm³ out of the solid", n + 1),
                format!("第 {} 个连接件有 {outside:.2} mm³ 伸出实体", n + 1),
            ));
        }
        halves.above = difference(&halves.above, &female)?;
        if matches!(joint, Joint::Dowel { .. }) {
            halves.below = difference(&halves.below, &female)?;
            halves.dowels.push(male);
        } else {
            // It reaches through the kerf and as far into its own half, so that it stays joined to it.
            halves.below = union(&halves.below, &male)?;
        }
    }
    Ok(halves)
}

/// Makes a solid hollow: a wall of `wall_mm` stays, and bores run from each drain's origin along its axis, inwards, as wide as
/// the drain says, mm. What no drain reaches stays full, unless there are none. Gives the solid and a plug for each drain,
/// thinner by `clearance_mm` all around.
///
/// # Errors
/// [`SolidError`]: no solid, a wall that is not positive or leaves nothing hollow, or a drain that misses the hollow.
pub fn hollow(
    mesh: &Mesh,
    wall_mm: f64,
    spacing_mm: f64,
    drains: &[(Pose, f64)],
    clearance_mm: f64,
    progress: &dyn Progress,
) -> Result<(Mesh, Vec<Mesh>), SolidError> {
    if wall_mm.is_nan() || wall_mm <= 0.0 {
        return Err(SolidError::refused(
            format!("a wall of {wall_mm} mm leaves no hollow solid"),
            format!("壁厚不能是 {wall_mm} mm"),
        ));
    }
    let cores = pieces(&crate::offset(mesh, -wall_mm, spacing_mm, progress)?);
    let mut reached = vec![drains.is_empty(); cores.len()];
    let (mut bores, mut plugs) = (Vec::new(), Vec::new());
    for (n, (drain, wide_mm)) in drains.iter().enumerate() {
        let depth = wall_mm * 2.0;
        let bore = cylinder(drain, wide_mm / 2.0, -wall_mm, depth, Fit::Bore)?;
        let mut met = false;
        for (core, reached) in cores.iter().zip(&mut reached) {
            let meets = !intersection(&core.mesh, &bore)?.triangles.is_empty();
            *reached |= meets;
            met |= meets;
        }
        if !met {
            return Err(SolidError::refused(
                format!("drain {} does not reach the hollow within {depth} mm", n + 1),
                format!("第 {} 个排液孔在 {depth} mm 内未到达空腔", n + 1),
            ));
        }
        bores.push(bore);
        plugs.push(cylinder(drain, wide_mm / 2.0 - clearance_mm, 0.0, wall_mm, Fit::Pin)?);
    }
    let mut core = Mesh::default();
    for (piece, _) in cores.iter().zip(&reached).filter(|(_, reached)| **reached) {
        core.append(&piece.mesh);
    }
    let made = difference(mesh, &core)?;
    Ok((boolean_all(Op::Difference, &made, &bores, &Silent)?, plugs))
}
