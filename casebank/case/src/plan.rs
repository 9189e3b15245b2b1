//! What a surgeon plans: points, planes, curves, regions and trajectories in patient space.

use meshing_space::{Lps, Point, Vector};
use serde::{Deserialize, Serialize};

use crate::{Phi, VolumeId};

/// Most points of a curve or a region.
pub const PLAN_POINTS_MAX: usize = 10_000;

/// A plan object. Changing it makes everything stale that was made from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanEntry {
    /// Its name, unique among the plan objects of the case, for example `screw-L4-left`.
    pub name: String,
    /// The volume it was planned on, whose findings decide whether planning is allowed.
    pub volume: VolumeId,
    /// What and where.
    pub shape: PlanShape,
    /// What the person wrote beside it; may be empty.
    #[serde(default)]
    pub label: Phi<String>,
}

/// The kind of a plan object and where it lies, LPS mm. In JSON an object with `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanShape {
    /// A landmark.
    Point {
        /// Where.
        at_lps_mm: Point<Lps>,
    },
    /// A cut or a reference plane.
    Plane {
        /// A point of it.
        at_lps_mm: Point<Lps>,
        /// Its unit normal.
        normal_lps: Vector<Lps>,
    },
    /// A line through points, for example the course of a cut or the border of a region.
    Curve {
        /// The points in order; at least 2, of a closed one at least 3.
        points_lps_mm: Vec<Point<Lps>>,
        /// Whether the last point is joined with the first.
        closed: bool,
    },
    /// A painted region: everything within a distance of points.
    Region {
        /// Where the brush was; at least 1.
        points_lps_mm: Vec<Point<Lps>>,
        /// The radius of the brush, mm.
        radius_mm: f64,
    },
    /// The way of a screw, a drill or a wire into the bone.
    Trajectory {
        /// What goes along it.
        tool: TrajectoryTool,
        /// Where it enters.
        entry_lps_mm: Point<Lps>,
        /// Where its tip ends.
        target_lps_mm: Point<Lps>,
        /// Its diameter, mm.
        diameter_mm: f64,
    },
}

impl PlanShape {
    /// The stable word of the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Point { .. } => "point",
            Self::Plane { .. } => "plane",
            Self::Curve { .. } => "curve",
            Self::Region { .. } => "region",
            Self::Trajectory { .. } => "trajectory",
        }
    }

    /// The length of a trajectory or a curve, mm.
    #[must_use]
    pub fn length_mm(&self) -> Option<f64> {
        match self {
            Self::Trajectory { entry_lps_mm, target_lps_mm, .. } => {
                Some(entry_lps_mm.distance(*target_lps_mm))
            }
            Self::Curve { points_lps_mm, closed } => {
                let along: f64 = points_lps_mm.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
                let back = match points_lps_mm.as_slice() {
                    [first, .., last] if *closed => last.distance(*first),
                    _ => 0.0,
                };
                Some(along + back)
            }
            Self::Point { .. } | Self::Plane { .. } | Self::Region { .. } => None,
        }
    }
}

/// What goes along a trajectory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrajectoryTool {
    /// A screw that stays.
    Screw,
    /// A drill.
    Drill,
    /// A Kirschner wire.
    Wire,
}
