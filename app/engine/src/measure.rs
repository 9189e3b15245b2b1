//! What a mesh measures: size, axes, sections, how it bends, how far it lies from another.

use std::path::{Path, PathBuf};

use casebank_case::{Actor, CaseId};
use casebank_store::{AuditAction, Bank, Outcome};
use meshing_space::{Lps, Point, Vector};
use meshing_surface::{
    Hausdorff, Measures, Mesh, curvature, hausdorff_with, measure, ply, principal_axes, section,
    signed_distances, verify_written,
};
use meshing_volume::{Part, Progress, Told as _};
use serde::Serialize;

use crate::colour_map::ColourMap;
use crate::{Fault, FaultKind, guide, mesh, mesh_files};

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A mesh file, and the unit that it does not state.
    File(&'a Path, Option<&'a str>),
    /// The surface of a segment of a case.
    Segment(CaseId, &'a str),
    /// A solid of a case.
    Solid(CaseId, &'a str),
}

impl Subject<'_> {
    fn name(self) -> String {
        match self {
            Self::File(path, _) => path.display().to_string(),
            Self::Segment(_, name) | Self::Solid(_, name) => name.to_owned(),
        }
    }

    /// The mesh, if it is up to date.
    fn mesh(self, bank: &Bank, actor: &Actor) -> Result<Mesh, Fault> {
        match self {
            Self::File(path, unit) => mesh_files::read(path, unit),
            Self::Segment(case, name) => {
                let journal = bank.load(&case, actor)?;
                journal.case().may_export(name)?;
                let entry = journal.case().surface(name).ok_or_else(|| gone(name))?;
                mesh::load(bank, entry)
            }
            Self::Solid(case, name) => {
                let journal = bank.load(&case, actor)?;
                journal.case().may_measure_solid(name)?;
                guide::load(bank, journal.case().solid(name).ok_or_else(|| gone(name))?)
            }
        }
    }

    /// Asks whether a file of it may be written, and puts that into the audit log.
    fn ask_to_leave(self, bank: &Bank, actor: &Actor) -> Result<(), Fault> {
        let (case, asked) = match self {
            Self::File(..) => return Ok(()),
            Self::Segment(case, name) => (case, bank.load(&case, actor)?.case().may_export(name)),
            Self::Solid(case, name) => (case, bank.load(&case, actor)?.case().may_export_solid(name)),
        };
        let outcome = if asked.is_ok() { Outcome::Granted } else { Outcome::Refused };
        bank.audit(actor, AuditAction::Export, Some(case), outcome, Some("colour map"))?;
        Ok(asked?)
    }
}

/// What is asked for besides the size.
#[derive(Clone, Debug, Default)]
pub struct MeasureOrder<'a> {
    /// Planes to cut with: a point, LPS mm, and a normal of any length.
    pub sections: &'a [(Point<Lps>, Vector<Lps>)],
    /// Also how the surface bends.
    pub curvature: bool,
    /// What the distances are taken to.
    pub against: Option<Subject<'a>>,
    /// The figure at the ends of the colours; `None` takes what fits.
    pub range: Option<f64>,
    /// Write the mesh with distances (without `against`: mean curvature) as figures and colours: a .ply file.
    pub map: Option<&'a Path>,
}

/// What came of it; its JSON is the `measure` answer of the command line contract.
#[derive(Clone, Debug, Serialize)]
pub struct MeasureReport {
    /// The file, segment or solid.
    pub name: String,
    /// Size, LPS mm.
    #[serde(flatten)]
    pub size: Measures,
    /// Its principal axes, longest first; none unless it is closed.
    pub axes: Vec<Axis>,
    /// Each section asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<SectionReport>,
    /// How it bends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curvature: Option<CurvatureReport>,
    /// How far it lies from the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<DistanceReport>,
    /// The map, if one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<PathBuf>,
}

/// A principal axis.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Axis {
    /// Unit vector, LPS.
    pub direction_lps: [f64; 3],
    /// From the first to the last vertex along it.
    pub length_mm: f64,
    /// Moment of inertia about it at density 1.
    pub moment_mm5: f64,
}

/// What a plane cuts out.
#[derive(Clone, Debug, Serialize)]
pub struct SectionReport {
    /// A point of the plane, LPS mm.
    pub point_lps_mm: [f64; 3],
    /// Its unit normal, LPS.
    pub normal_lps: [f64; 3],
    /// Area of the material.
    pub area_mm2: f64,
    /// Length of all its rims.
    pub perimeter_mm: f64,
    /// The rims: counter-clockwise round material, clockwise round holes, seen from the tip of the normal.
    pub curves: Vec<Curve>,
}

/// A rim.
#[derive(Clone, Debug, Serialize)]
pub struct Curve {
    /// False where an open mesh ends.
    pub closed: bool,
    /// Its points in order, LPS mm.
    pub points_lps_mm: Vec<[f64; 3]>,
}

/// Parts of a hundred of the surface, by area, that lie below a figure.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Shares {
    /// 5 of 100.
    pub p5: f64,
    /// Half.
    pub median: f64,
    /// 95 of 100.
    pub p95: f64,
}

impl Shares {
    /// The larger end, whatever its sign: nine tenths of the surface lie within.
    fn size(&self) -> f64 {
        self.p5.abs().max(self.p95.abs())
    }
}

/// How a surface bends (mean curvature; positive where it bulges outward).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CurvatureReport {
    /// Mean curvature, 1/mm.
    pub mean_per_mm: Shares,
    /// Gaussian curvature, 1/mm²; negative in saddles.
    pub gaussian_per_mm2: Shares,
}

/// How far a surface lies from another.
#[derive(Clone, Debug, Serialize)]
pub struct DistanceReport {
    /// The other.
    pub against: String,
    /// Outside positive, inside negative: at the vertices, weighted by the area around.
    pub signed_mm: Shares,
    /// Mean of the distances, from both sides, without their sign.
    pub mean_mm: f64,
    /// The farthest of this from the other.
    pub from_this_mm: f64,
    /// The farthest of the other from this.
    pub from_other_mm: f64,
    /// The larger of both: the Hausdorff distance.
    pub hausdorff_mm: f64,
}

/// What is to be drawn beside the figures.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The figures.
    pub report: MeasureReport,
    /// What was measured.
    pub mesh: Mesh,
    /// The colours and the figure at each vertex, where distances or curvature were asked for.
    pub map: Option<(ColourMap, Vec<Option<f64>>)>,
}

/// Measures a mesh.
///
/// # Errors
/// A subject that is not there, cannot be read or is out of date; a plane without direction; a map that is no .ply, that has nothing to show
/// or may not leave the case; cancelled.
pub fn measured(
    bank: &Bank,
    actor: &Actor,
    subject: Subject<'_>,
    order: &MeasureOrder<'_>,
    progress: &dyn Progress,
) -> Result<Measured, Fault> {
    if let Some(file) = order.map {
        if mesh::ending(file) != "ply" {
            return Err(mesh::no_ending(&mesh::ending(file), ".ply", "请用 .ply。"));
        }
        if order.against.is_none() && !order.curvature {
            return Err(nothing_to_show());
        }
        subject.ask_to_leave(bank, actor)?;
    }
    let mesh = subject.mesh(bank, actor)?;
    progress.step(1, 10)?;
    let mut size = measure(&mesh);
    if !size.closed {
        // Told as null: there is no such figure.
        size.volume_mm3 = f64::NAN;
    }
    let mut report = MeasureReport {
        name: subject.name(),
        axes: axes(&mesh),
        size,
        sections: order.sections.iter().map(|cut| cut_by(&mesh, *cut)).collect::<Result<_, _>>()?,
        curvature: None,
        distance: None,
        map: None,
    };
    progress.step(2, 10)?;
    let weights = areas(&mesh);
    let mut map = None;
    if order.curvature {
        let found = curvature(&mesh);
        let mean: Vec<Option<f64>> = found.iter().map(|at| at.map(|at| at.mean_per_mm)).collect();
        let gaussian: Vec<Option<f64>> = found.iter().map(|at| at.map(|at| at.gaussian_per_mm2)).collect();
        if let (Some(mean_per_mm), Some(gaussian_per_mm2)) =
            (shares(&mean, &weights), shares(&gaussian, &weights))
        {
            report.curvature = Some(CurvatureReport { mean_per_mm, gaussian_per_mm2 });
            map = Some((ColourMap::fitted("mean curvature, 1/mm", mean_per_mm.size(), 0.001), mean));
        }
    }
    progress.step(3, 10)?;
    if let Some(other) = order.against {
        let to = other.mesh(bank, actor)?;
        let signed: Vec<Option<f64>> =
            signed_distances(&mesh, &to, &Part::new(progress, 0.3, 0.6))?.into_iter().map(Some).collect();
        let Hausdorff { max_mm, from_first_mm, from_second_mm, mean_mm } =
            hausdorff_with(&mesh, &to, &Part::new(progress, 0.6, 0.9))?;
        if let Some(signed_mm) = shares(&signed, &weights) {
            report.distance = Some(DistanceReport {
                against: other.name(),
                signed_mm,
                mean_mm,
                from_this_mm: from_first_mm,
                from_other_mm: from_second_mm,
                hausdorff_mm: max_mm,
            });
            map = Some((ColourMap::fitted("distance, mm", signed_mm.size(), 0.01), signed));
        }
    }
    progress.step(9, 10)?;
    let map = map.map(|(fitted, values): (ColourMap, _)| {
        (ColourMap { range: order.range.unwrap_or(fitted.range), ..fitted }, values)
    });
    if let (Some(file), Some((colours, values))) = (order.map, &map) {
        let bytes = ply::write_map(&mesh, &colours.mapped(values));
        verify_written(&bytes, &mesh).map_err(|error| mesh::unwritable(&error))?;
        mesh::write_whole(file, &bytes)?;
        report.map = Some(file.to_path_buf());
    }
    progress.step(10, 10)?;
    Ok(Measured { report, mesh, map })
}

fn axes(mesh: &Mesh) -> Vec<Axis> {
    let Some(found) = principal_axes(mesh) else { return Vec::new() };
    let along = |axis: Vector<Lps>| {
        let places = mesh.positions.iter().map(|p| (*p - found.centroid_lps_mm).dot(axis));
        let [low, high] = places.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], x| [l.min(x), h.max(x)]);
        high - low
    };
    let axis = |(direction, moment_mm5): (Vector<Lps>, f64)| Axis {
        direction_lps: direction.to_array(),
        length_mm: along(direction),
        moment_mm5,
    };
    found.axes.into_iter().zip(found.moments_mm5).map(axis).collect()
}

fn cut_by(mesh: &Mesh, (point, normal): (Point<Lps>, Vector<Lps>)) -> Result<SectionReport, Fault> {
    let found = section(mesh, point, normal).map_err(|error| {
        Fault::new(
            FaultKind::Usage,
            ("The section cannot be made.", "无法生成截面。"),
            (format!("{error}."), format!("{}。", error.chinese())),
            (
                "Give a point and a normal: --section X,Y,Z:NX,NY,NZ.",
                "请给出点和法向：--section X,Y,Z:NX,NY,NZ。",
            ),
        )
    })?;
    Ok(SectionReport {
        point_lps_mm: point.to_array(),
        normal_lps: normal.normalized().unwrap_or(normal).to_array(),
        area_mm2: found.area_mm2,
        perimeter_mm: found.perimeter_mm,
        curves: found
            .curves
            .into_iter()
            .map(|curve| Curve {
                closed: curve.closed,
                points_lps_mm: curve.points.into_iter().map(Point::to_array).collect(),
            })
            .collect(),
    })
}

/// A third of the area of the triangles around each vertex, mm².
fn areas(mesh: &Mesh) -> Vec<f64> {
    let mut areas = vec![0.0; mesh.positions.len()];
    for (t, triangle) in mesh.triangles.iter().enumerate() {
        let [a, b, c] = mesh.corners(t);
        let third = (b - a).cross(c - a).length() / 6.0;
        for v in triangle {
            areas[*v as usize] += third;
        }
    }
    areas
}

/// The figures below which parts of the weight lie; none without a figure.
fn shares(values: &[Option<f64>], weights: &[f64]) -> Option<Shares> {
    let mut known: Vec<(f64, f64)> = values
        .iter()
        .zip(weights)
        .filter_map(|(value, weight)| Some(((*value)?, *weight)))
        .filter(|(value, _)| value.is_finite())
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = known.iter().map(|(_, weight)| weight).sum();
    let below = |share: f64| {
        let mut sum = 0.0;
        let found = known.iter().find(|(_, weight)| {
            sum += weight;
            sum >= share * total
        });
        found.or(known.last()).map(|(value, _)| *value)
    };
    Some(Shares { p5: below(0.05)?, median: below(0.5)?, p95: below(0.95)? })
}

fn nothing_to_show() -> Fault {
    Fault::new(
        FaultKind::Usage,
        ("The map has nothing to show.", "图中没有可显示的内容。"),
        ("Nothing was written.", "没有写出任何内容。"),
        ("Ask for distances (--against) or --curvature.", "请要求距离（--against）或曲率（--curvature）。"),
    )
}

fn gone(name: &str) -> Fault {
    Fault::told(
        FaultKind::Internal,
        (format!("{name:?} was removed meanwhile."), format!("{name:?} 在此期间被移除。")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_area() {
        let values = [Some(1.0), None, Some(3.0), Some(2.0), Some(f64::INFINITY)];
        let found = shares(&values, &[0.9, 5.0, 0.04, 0.06, 9.0]).expect("figures");
        assert_eq!((found.p5, found.median, found.p95), (1.0, 1.0, 2.0));
        assert!(shares(&[None], &[1.0]).is_none());
    }
}
